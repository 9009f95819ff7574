/**
 * The subresource `portforward` of a pod as a WebSocket, in the protocol that kubelets speak: `v4.channel.k8s.io`.
 *
 *     each message    a byte with the channel, then content: 0 is data in both directions, 1 is an error of the kubelet
 *     the first one   of each channel holds the number of the port only, and is skipped
 *
 * The protocol cannot close one direction: whatever ends first ends the connection.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { WebSocket } from 'ws';
import type { UpgradeRequest } from '../http';
import { networkReason } from '../network-error';

const PROTOCOL = 'v4.channel.k8s.io';
const DATA = 0;
const LONGEST_PROBLEM = 300;

/** The API server answered without a WebSocket. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    /** The server's message. */
    message: string,
  ) {
    super(message);
  }
}

/** Opens a WebSocket. Rejects with a Refused, an error of Node, or the signal's reason. */
export async function openWebSocket({ url, options }: UpgradeRequest, signal?: AbortSignal): Promise<WebSocket> {
  signal?.throwIfAborted();
  const address = new URL(url);
  address.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(address, [PROTOCOL], { ...(options as object), perMessageDeflate: false });
  const end = () => socket.terminate();
  signal?.addEventListener('abort', end);
  try {
    return await new Promise<WebSocket>((resolve, reject) => {
      socket.on('open', () => {
        // Nothing is read before the other end is there to get it.
        socket.pause();
        resolve(socket);
      });
      // Without a listener an error would end the process; every error is followed by `close`.
      socket.on('error', reject);
      socket.on('unexpected-response', (_, response) => {
        refusalOf(response).then(reject, reject);
      });
    });
  } catch (error) {
    socket.terminate();
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', end);
  }
}

/** Joins a WebSocket and a socket until either ends. Calls `onProblem` with an error of the kubelet before the socket ends. */
export function join(webSocket: WebSocket, peer: Socket, onProblem: (problem: string) => void): void {
  const begun = new Set<number>();
  webSocket.on('message', (message: Buffer) => {
    const channel = message[0] ?? DATA;
    const isFirst = !begun.has(channel);
    begun.add(channel);
    if (isFirst) return;
    const content = message.subarray(1);
    if (channel !== DATA) onProblem(problemIn(content.toString('utf8')));
    else if (!peer.write(content)) {
      webSocket.pause();
      peer.once('drain', () => webSocket.resume());
    }
  });
  webSocket.once('close', () => peer.end());
  peer.on('data', (chunk) => {
    peer.pause();
    webSocket.send(Buffer.concat([Buffer.of(DATA), chunk]), () => peer.resume());
  });
  peer.once('close', () => webSocket.terminate());
  if (webSocket.readyState === WebSocket.OPEN) webSocket.resume();
  else peer.end();
}

async function refusalOf(response: IncomingMessage): Promise<Refused> {
  const { statusCode = 0, statusMessage = '' } = response;
  const body = await text(response).catch(() => '');
  return new Refused(statusCode, messageIn(body) ?? statusMessage);
}

/** Returns the message of a `Status`. */
function messageIn(body: string): string | undefined {
  try {
    return String((JSON.parse(body) as { readonly message?: string }).message ?? '') || undefined;
  } catch {
    return undefined;
  }
}

/** The container runtime wraps the reason of the network into its own words. */
function problemIn(text: string): string {
  if (/connection refused/i.test(text)) return networkReason({ code: 'ECONNREFUSED', message: '' });
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, LONGEST_PROBLEM);
}
