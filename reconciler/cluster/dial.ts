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
import type { KubeObject } from '#model/kube-object';
import { type ListenerName, PORTS } from '#model/kubedb';
import type { Clock, Dialer } from '../ports';
import { withDeadline } from './deadline';
import { isUnreachable, networkReason } from './network-error';

/** Where the listeners of a pod are reached. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Returns where a listener of a pod is reached; `fqdn` is the DNS name of the pod. */
export type AddressOf = (pod: KubeObject, listener: ListenerName, fqdn: string) => Address;

/** The address in a cluster: the DNS name of the pod and KubeDB's port of the listener. */
export const dnsAddress: AddressOf = (_, listener, fqdn) => ({ host: fqdn, port: PORTS[listener] });

export interface DialerOptions {
  /** @default 5000 for each of the two connections */
  readonly timeoutMs?: number;
  readonly addressOf?: AddressOf;
}

/** Returns a dialer over sockets. */
export function createDialer(clock: Clock, { timeoutMs = 5_000, addressOf = dnsAddress }: DialerOptions = {}): Dialer {
  return {
    async handshake(target, signal) {
      const address = addressOf(target.pod, target.listener, target.servername);
      const within = <T>(work: (signal: AbortSignal) => Promise<T>) =>
        withDeadline({ clock, ms: timeoutMs, signal, onExpiry: () => new Error(`no answer within ${timeoutMs / 1000} s`) }, work);
      try {
        return { protocol: 'tls', chain: await within((s) => presentedChain(address, target.servername, s)) };
      } catch (error) {
        signal?.throwIfAborted();
        const where = `${address.host}:${address.port}`;
        const { code, message } = error as NodeJS.ErrnoException;
        if (isUnreachable({ code })) return { protocol: 'unknown', because: `${where}: ${networkReason({ code: code ?? '', message })}` };
        const isPlaintext = await within((s) => answersInPlaintext(address, s)).catch(() => false);
        signal?.throwIfAborted();
        return isPlaintext
          ? { protocol: 'plaintext' }
          : { protocol: 'unknown', because: `${where}: TLS handshake failed: ${code ?? message}` };
      }
    },
  };
}

/** Returns the chain that the listener presents, leaf first, in PEM. */
async function presentedChain(address: Address, servername: string, signal: AbortSignal): Promise<readonly string[]> {
  const name = net.isIP(servername) === 0 ? { servername } : {};
  // The chain is judged afterwards; verification here would only end the connection before the chain is known.
  const socket = tls.connect({ ...address, ...name, rejectUnauthorized: false });
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
async function answersInPlaintext(address: Address, signal: AbortSignal): Promise<boolean> {
  const socket = net.connect({ ...address, signal });
  socket.write(API_VERSIONS_REQUEST);
  let answer = Buffer.alloc(0);
  for await (const chunk of socket) {
    answer = Buffer.concat([answer, chunk]);
    if (answer.length >= 8) return answer.readUInt32BE(4) === CORRELATION_ID;
  }
  return false;
}
