/**
 * Handshakes with real listeners.
 *
 * 1. Connect with TLS, accept any certificate and take the presented chain. The chain is judged here (`certificates.ts`) against the CA
 *    certificates and the name that the caller expects. Whether the listener would accept a client certificate is not checked.
 * 2. If the TLS handshake fails, send Kafka's ApiVersions request, which a broker answers before any login. An answer means plaintext;
 *    without an answer the protocol is unknown.
 *
 * Every call opens new connections; nothing is cached.
 */

import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import type { Clock, Dialer } from '../ports';
import { type Address, type AddressOf, dnsAddress, NotForwarded, withForwarding } from './address';
import { withDeadline } from './deadline';
import { isUnreachable, networkReason } from './network-error';

export interface DialerOptions {
  /** @default 5000 for each of the two connections */
  readonly timeoutMs?: number;
  readonly addressOf?: AddressOf;
}

/** Returns a dialer over sockets. */
export function createDialer(clock: Clock, { timeoutMs = 5_000, addressOf = dnsAddress }: DialerOptions = {}): Dialer {
  return {
    async handshake({ pod, listener, servername }, signal) {
      let where = '';
      const connected = <T>(use: (address: Address, signal: AbortSignal) => Promise<T>) =>
        withDeadline({ clock, ms: timeoutMs, signal, onExpiry: () => new Error(`no answer within ${timeoutMs / 1000} s`) }, async (s) => {
          const address = await addressOf(pod, listener, servername, s);
          where = address.forwarding?.name ?? `${address.host}:${address.port}`;
          return withForwarding(address, () => use(address, s));
        });
      try {
        return { protocol: 'tls', chain: await connected((address, s) => presentedChain(address, servername, s)) };
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof NotForwarded) return { protocol: 'unknown', because: error.message };
        const { code, message } = error as NodeJS.ErrnoException;
        // There is no address to try plaintext at.
        if (where === '') return { protocol: 'unknown', because: `${pod.metadata.name}: ${message}` };
        if (isUnreachable({ code })) return { protocol: 'unknown', because: `${where}: ${networkReason({ code: code ?? '', message })}` };
        const isPlaintext = await connected(answersInPlaintext).catch(() => false);
        signal?.throwIfAborted();
        return isPlaintext
          ? { protocol: 'plaintext' }
          : { protocol: 'unknown', because: `${where}: TLS handshake failed: ${code ?? message}` };
      }
    },
  };
}

/** Returns the chain that the listener presents, leaf first, in PEM. */
async function presentedChain({ host, port, forwarding }: Address, servername: string, signal: AbortSignal): Promise<readonly string[]> {
  const name = net.isIP(servername) === 0 ? { servername } : {};
  // The chain is judged afterwards; verification here would only end the connection before the chain is known.
  const socket = tls.connect({ host, port, ...name, rejectUnauthorized: false });
  forwarding?.admit(socket);
  // A socket can emit more than one error; an unhandled one would end the process.
  socket.on('error', () => undefined);
  try {
    await once(socket, 'secureConnect', { signal });
    return chainOf(socket);
  } catch (error) {
    // A server that requires a client certificate may close the connection after it has presented its own.
    const chain = chainOf(socket);
    if (chain.length > 0) return chain;
    throw error;
  } finally {
    socket.destroy();
  }
}

function chainOf(socket: tls.TLSSocket): readonly string[] {
  const chain = new Set<string>();
  // A root is its own issuer.
  for (let next = socket.getPeerX509Certificate(); next !== undefined && !chain.has(next.toString()); next = next.issuerCertificate) {
    chain.add(next.toString());
  }
  return [...chain];
}

const CORRELATION_ID = 0x6b746c73;

/** ApiVersions, version 0: size, API key 18, version, correlation id, no client id. */
const API_VERSIONS_REQUEST = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0x6b, 0x74, 0x6c, 0x73, 0xff, 0xff]);

/** Tells whether the listener answers a Kafka request: a size, then the correlation id of the request. */
async function answersInPlaintext({ host, port, forwarding }: Address, signal: AbortSignal): Promise<boolean> {
  const socket = net.connect({ host, port, signal });
  forwarding?.admit(socket);
  socket.write(API_VERSIONS_REQUEST);
  let answer = Buffer.alloc(0);
  for await (const chunk of socket) {
    answer = Buffer.concat([answer, chunk]);
    if (answer.length >= 8) return answer.readUInt32BE(4) === CORRELATION_ID;
  }
  return false;
}
