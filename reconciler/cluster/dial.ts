/**
 * Handshakes with real listeners.
 *
 * 1. Connect with TLS, without trusting anything, and take whatever chain is presented: it is judged here (`certificates.ts`), against the
 *    CA certificates and the name that the caller expects. The server's certificate is all that is asked about; whether it would have
 *    accepted a client is not.
 * 2. A listener that does not speak TLS is asked in Kafka's own protocol which API versions it knows, the one request that is answered
 *    before any login. An answer means plaintext; none means that nothing is known.
 *
 * Every call looks anew; nothing is remembered. Where a pod is reached: `address.ts`.
 */
import net from 'node:net';
import tls from 'node:tls';
import { judgeChain } from '../certificates';
import type { Clock, Dialer, DialTarget, Handshake } from '../ports';
import { type Address, listenerAddress } from './address';
import { withDeadline } from './deadline';

const DEFAULT_TIMEOUT_MS = 5_000;

/** Returns a dialer over sockets. Each of the two questions may take `timeoutMs`. */
export function createDialer(clock: Clock, { timeoutMs = DEFAULT_TIMEOUT_MS }: { readonly timeoutMs?: number } = {}): Dialer {
  return {
    async handshake(target, signal) {
      const address = listenerAddress(target.pod, target.listener, target.servername);
      const within = <T>(ask: (signal: AbortSignal) => Promise<T>) =>
        withDeadline({ clock, ms: timeoutMs, signal, onExpiry: () => new Error(`no answer within ${timeoutMs / 1000} s`) }, ask);
      try {
        return judgeServed(await within((s) => presentedChain(address, target.servername, s)), target, clock.now());
      } catch (error) {
        signal?.throwIfAborted();
        const where = `${address.host}:${address.port}`;
        if (isUnreachable(error)) return { protocol: 'unknown', because: `${where}: ${wordsFor(error)}` };
        const isPlaintext = await within((s) => answersInPlaintext(address, s)).catch(() => false);
        signal?.throwIfAborted();
        return isPlaintext
          ? { protocol: 'plaintext' }
          : { protocol: 'unknown', because: `${where}: TLS handshake failed: ${wordsFor(error)}` };
      }
    },
  };
}

/** Returns what a presented chain comes to, leaf first, in PEM; the one judgement of all dialers. */
export function judgeServed(chain: readonly string[], target: Pick<DialTarget, 'servername' | 'trust'>, now: Date): Handshake {
  const judged = judgeChain(chain, target.servername, target.trust, now);
  if ('unreadable' in judged) return { protocol: 'unknown', because: `its certificate cannot be read: ${judged.unreadable}` };
  return {
    protocol: 'tls',
    leaf: judged.leaf,
    isSigned: judged.isSigned,
    ...(judged.untrusted === undefined ? {} : { untrusted: judged.untrusted }),
    ...(judged.expiredAt === undefined ? {} : { expiredAt: judged.expiredAt }),
  };
}

/** Returns the chain that is presented, leaf first, in PEM. */
function presentedChain({ host, port }: Address, servername: string, signal: AbortSignal): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    // Trust is judged afterwards, with reasons; here it would only end the conversation.
    const socket = tls.connect({ host, port, rejectUnauthorized: false, ...(net.isIP(servername) === 0 ? { servername } : {}) });
    const finish = (end: () => void) => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      end();
    };
    const onAbort = () => finish(() => reject(signal.reason));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('secureConnect', () => {
      const chain = chainOf(socket);
      finish(() => resolve(chain));
    });
    // After an error more may follow; without a listener they would end the process.
    socket.on('error', (error) => {
      // A server that insists on a client's certificate may hang up after it has shown its own.
      const chain = chainOf(socket);
      finish(() => (chain.length > 0 ? resolve(chain) : reject(error)));
    });
    socket.once('close', () => finish(() => reject(new Error('the connection was closed'))));
    if (signal.aborted) onAbort();
  });
}

function chainOf(socket: tls.TLSSocket): readonly string[] {
  const chain: string[] = [];
  const seen = new Set<string>();
  let next: tls.DetailedPeerCertificate | undefined = socket.getPeerCertificate(true) ?? undefined;
  while (next?.raw !== undefined && !seen.has(next.fingerprint256)) {
    seen.add(next.fingerprint256);
    chain.push(`-----BEGIN CERTIFICATE-----\n${next.raw.toString('base64')}\n-----END CERTIFICATE-----\n`);
    next = next.issuerCertificate;
  }
  return chain;
}

const CORRELATION_ID = 0x6b746c73;

/** Asks for the API versions, version 0: size, key 18, version, correlation id, no client id. */
const API_VERSIONS_REQUEST = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0x6b, 0x74, 0x6c, 0x73, 0xff, 0xff]);

/** Tells whether the listener answers a Kafka request: a size, then the correlation id that was sent. */
function answersInPlaintext({ host, port }: Address, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port });
    let answer = Buffer.alloc(0);
    const finish = (isPlaintext: boolean) => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(isPlaintext);
    };
    const onAbort = () => {
      socket.destroy();
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', () => socket.write(API_VERSIONS_REQUEST));
    socket.on('data', (chunk) => {
      answer = Buffer.concat([answer, chunk]);
      if (answer.length >= 8) finish(answer.readUInt32BE(4) === CORRELATION_ID);
    });
    socket.on('error', () => finish(false));
    socket.once('close', () => finish(false));
    if (signal.aborted) onAbort();
  });
}

const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'its name is not known here',
  EAI_AGAIN: 'its name cannot be looked up',
  EHOSTUNREACH: 'no route to it',
  ENETUNREACH: 'no network',
  ETIMEDOUT: 'no answer in time',
};

/** Tells whether nobody was reached at all. */
export function isUnreachable(error: unknown): boolean {
  return UNREACHABLE[(error as NodeJS.ErrnoException).code ?? ''] !== undefined;
}

/** Returns what came of a connection, in a few words; codes and messages of Node hold no secrets. */
export function wordsFor(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return UNREACHABLE[code ?? ''] ?? code ?? message;
}
