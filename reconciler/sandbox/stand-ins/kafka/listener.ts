/**
 * Servers of a running broker on this machine. A listener speaks TLS or plaintext and answers one request, ApiVersions, by which a client
 * finds out whom it is connected to. Any other request ends the connection.
 */
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { KafkaFacts } from './processes';

export interface Listener {
  /** `127.0.0.1:<port>`. */
  readonly address: string;
  close(): void;
}

const API_VERSIONS = 18;
const UNSUPPORTED_VERSION = 35;
/** Kafka's limit of a request. The first bytes of a TLS handshake, read as a length, are above it. */
const MAX_REQUEST_BYTES = 104_857_600;

/** Opens a listener; with a chain and key it speaks TLS. */
export function openListener(tls: { readonly chain: readonly string[]; readonly key: string } | undefined): Promise<Listener> {
  const server = tls === undefined ? createServer(answer) : createTlsServer({ cert: tls.chain.join(''), key: tls.key }, answer);
  return listen(server.on('tlsClientError', () => {}));
}

/** Serves the facts of all Kafkas as JSON, `GET /<namespace>/<kafka>`. No Kafka client could ask the brokers here. */
export function openFacts(factsOf: (namespace: string, kafka: string) => KafkaFacts | undefined): Promise<Listener> {
  const server = createHttpServer((request, response) => {
    const [namespace = '', kafka = ''] = (request.url ?? '').slice(1).split('/');
    const facts = factsOf(namespace, kafka);
    response.writeHead(facts === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(facts));
  });
  return listen(server);
}

/** Lets a server listen on a free port of this machine. The server does not keep the process alive. */
async function listen(server: Server): Promise<Listener> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.unref());
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  server.unref();
  const address = server.address();
  return {
    address: `127.0.0.1:${typeof address === 'object' ? address?.port : undefined}`,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function answer(socket: Socket): void {
  let received = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 4) {
      const size = received.readInt32BE(0);
      if (size < 8 || size > MAX_REQUEST_BYTES) return void socket.destroy();
      if (received.length < 4 + size) return;
      const request = received.subarray(4, 4 + size);
      received = received.subarray(4 + size);
      if (request.readInt16BE(0) !== API_VERSIONS) return void socket.destroy();
      socket.write(apiVersions(request.readInt16BE(2), request.readInt32BE(4)));
    }
  });
}

/** Returns a response of version 0. Brokers also answer an unknown version with it. */
function apiVersions(version: number, correlationId: number): Buffer {
  const response = Buffer.alloc(20);
  response.writeInt32BE(response.length - 4, 0);
  response.writeInt32BE(correlationId, 4);
  response.writeInt16BE(version === 0 ? 0 : UNSUPPORTED_VERSION, 8);
  response.writeInt32BE(1, 10);
  response.writeInt16BE(API_VERSIONS, 14);
  // The lowest and the highest version are 0, as the rest of the buffer.
  return response;
}
