/**
 * Samples which certificate each listener serves, by TLS handshakes of node:tls. Nothing is verified, and nothing is shared with the
 * reconciler, whose proof of a served certificate is among the things that are judged.
 *
 *     const sampler = HandshakeSampler.start(() => listeners, { intervalMs: 1_000 });
 *     ...
 *     const handshakes = await sampler.stop();
 */
import { BlockList, isIPv6 } from 'node:net';
import { connect } from 'node:tls';
import { now } from './now';

export interface ListenerAddress {
  /** For example `orders-broker-0/BROKER`. */
  readonly listener: string;
  /** Numeric; on this machine. */
  readonly host: string;
  readonly port: number;
  readonly servername?: string;
}

export interface ServedCertificate {
  readonly serial: string;
  /** SHA-256, as OpenSSL prints it. */
  readonly fingerprint: string;
  readonly issuer: string;
  /** ISO 8601. */
  readonly notAfter: string;
}

export interface Handshake {
  readonly listener: string;
  readonly at: number;
  readonly tookMs: number;
  /** Undefined if the handshake failed. */
  readonly certificate?: ServedCertificate;
  /** Code of the error, such as ECONNREFUSED. */
  readonly failure?: string;
}

export interface SamplerOptions {
  /** From the start of one round to the start of the next one. @default 1000 */
  readonly intervalMs?: number;
  /** Handshakes at a time. @default 4 */
  readonly concurrency?: number;
  /** Of one handshake. @default 2000 */
  readonly timeoutMs?: number;
}

export class HandshakeSampler {
  private readonly handshakes: Handshake[] = [];
  private readonly running: Promise<void>;
  private isStopped = false;
  private wake: () => void = () => undefined;

  private constructor(
    private readonly listeners: () => readonly ListenerAddress[],
    private readonly options: Required<SamplerOptions>,
  ) {
    this.running = this.sample();
  }

  /** Asks for the listeners before each round, because pods come and go. */
  static start(listeners: () => readonly ListenerAddress[], options: SamplerOptions = {}): HandshakeSampler {
    return new HandshakeSampler(listeners, { intervalMs: 1_000, concurrency: 4, timeoutMs: 2_000, ...options });
  }

  /** Those so far. */
  get seen(): readonly Handshake[] {
    return this.handshakes;
  }

  async stop(): Promise<readonly Handshake[]> {
    this.isStopped = true;
    this.wake();
    await this.running;
    return this.handshakes;
  }

  private async sample(): Promise<void> {
    while (!this.isStopped) {
      const started = now();
      const waiting = [...this.listeners()];
      const worker = async () => {
        for (let next = waiting.shift(); next !== undefined && !this.isStopped; next = waiting.shift()) {
          this.handshakes.push(await handshake(next, this.options.timeoutMs));
        }
      };
      await Promise.all(Array.from({ length: this.options.concurrency }, worker));
      await this.pause(started + this.options.intervalMs - now());
    }
  }

  private pause(ms: number): Promise<void> {
    if (this.isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, ms));
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Makes one handshake and closes the connection. */
export async function handshake(address: ListenerAddress, timeoutMs: number): Promise<Handshake> {
  const { listener, host, port, servername } = address;
  refuseOtherMachines(host);
  const at = now();
  const socket = connect({ host, port, rejectUnauthorized: false, ...(servername === undefined ? {} : { servername }) });
  const outcome = await new Promise<Pick<Handshake, 'certificate' | 'failure'>>((resolve) => {
    const limit = setTimeout(() => resolve({ failure: 'timeout' }), timeoutMs);
    socket.once('close', () => clearTimeout(limit));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve({ failure: error.code ?? error.message }));
    socket.once('secureConnect', () => {
      const found = socket.getPeerX509Certificate();
      if (found === undefined) return resolve({ failure: 'no certificate' });
      const { serialNumber: serial, fingerprint256: fingerprint, issuer, validTo } = found;
      resolve({ certificate: { serial, fingerprint, issuer: issuer.replaceAll('\n', ', '), notAfter: new Date(validTo).toISOString() } });
    });
  });
  socket.on('error', () => undefined);
  socket.destroy();
  return { listener, at, tookMs: now() - at, ...outcome };
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

function refuseOtherMachines(host: string): void {
  if (!loopback.check(host, isIPv6(host) ? 'ipv6' : 'ipv4')) throw new Error(`${host} is no loopback address: no handshake is made`);
}
