/**
 * Port-forwards to pods, as the API server and a kubelet do them over a WebSocket: `ports` names one port; channel 0 is its data, channel 1
 * the kubelet's error; the first message of each channel is the port. The connection ends when either end does.
 *
 * Annotations of a pod hold the addresses of its listeners on this machine. A port without one has no listener.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { KubeObject } from '#model/kube-object';
import { PORTS } from '#model/kubedb';
import type { ApiResponse } from './api';

export interface PortForwards {
  /** Answers a request to become a WebSocket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends all connections. */
  close(): void;
}

/** A kubelet speaks this version; one connection forwards one port. */
const PROTOCOL = 'v4.channel.k8s.io';
const DATA = 0;
const ERROR = 1;

/** Returns a handler of port-forwards; `ask` answers 101 and the pod to who may forward its ports. */
export function portForwards(ask: (path: string, headers: IncomingHttpHeaders) => Promise<ApiResponse>): PortForwards {
  const server = new WebSocketServer({ noServer: true, handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false) });
  return {
    upgrade(request, socket, head) {
      socket.on('error', () => socket.destroy());
      const path = request.url ?? '/';
      void ask(path, request.headers).then(({ status, body }) => {
        const port = Number(new URL(path, 'https://sandbox').searchParams.get('ports'));
        if (status !== 101) return refuse(socket, status, String(body));
        if (!Number.isInteger(port) || port < 1) return refuse(socket, 400, 'query parameter "port" is required');
        return server.handleUpgrade(request, socket, head, (webSocket) => forward(JSON.parse(String(body)), port, webSocket));
      });
    },
    close: () => {
      for (const webSocket of server.clients) webSocket.terminate();
      server.close();
    },
  };
}

function refuse(socket: Duplex, status: number, body: string): void {
  const head = [`HTTP/1.1 ${status} Refused`, 'content-type: application/json', `content-length: ${Buffer.byteLength(body)}`];
  socket.end(`${head.join('\r\n')}\r\nconnection: close\r\n\r\n${body}`);
}

function forward({ metadata }: KubeObject, port: number, webSocket: WebSocket): void {
  const send = (channel: number, content: Buffer) => webSocket.send(Buffer.concat([Buffer.of(channel), content]));
  const portBytes = Buffer.alloc(2);
  portBytes.writeUInt16LE(port);
  for (const channel of [DATA, ERROR]) send(channel, portBytes);
  const refuseConnection = () => {
    const pod = `pod ${metadata.namespace}/${metadata.name}, uid ${metadata.uid}`;
    send(ERROR, Buffer.from(`error forwarding port ${port} to ${pod}: failed to connect to localhost:${port}: connection refused`));
    webSocket.close();
  };
  const address = addressOf(metadata.annotations ?? {}, port);
  if (address === undefined) {
    refuseConnection();
    return;
  }
  const listener = connect(address);
  let isConnected = false;
  listener.once('connect', () => {
    isConnected = true;
  });
  listener.on('data', (chunk) => send(DATA, chunk)).on('error', () => void (isConnected || refuseConnection()));
  listener.once('close', () => webSocket.close());
  webSocket.on('message', (message: Buffer) => void (message[0] === DATA && listener.write(message.subarray(1))));
  webSocket.on('error', () => undefined).once('close', () => listener.destroy());
}

function addressOf(
  annotations: Readonly<Record<string, string>>,
  port: number,
): { readonly host: string; readonly port: number } | undefined {
  const [name = ''] = Object.entries(PORTS).find(([, number]) => number === port) ?? [];
  const [, host, at] = /^(.+):(\d+)$/.exec(annotations[`sandbox.kafka-tls/${name.toLowerCase()}`] ?? '') ?? [];
  return host === undefined ? undefined : { host, port: Number(at) };
}
