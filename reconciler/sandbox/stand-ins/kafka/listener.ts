/**
 * Servers of a running broker on this machine. A listener speaks TLS or plaintext and answers one request, ApiVersions, by which a client
 * finds out whom it is connected to. Any other request ends the connection. What Kafka's administrators ask is answered over HTTP.
 */
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { createServer as createTlsServer } from 'node:tls';
import type { Administration } from './administration';
import type { KafkaFacts } from './processes';

export interface Listener {
  /** `127.0.0.1:<port>`. */
  readonly address: string;
  close(): void;
}

/** A listener whose certificate can be replaced while it runs. */
export interface KafkaListener extends Listener {
  serve(tls: Material): void;
}

interface Material {
  readonly chain: readonly string[];
  readonly key: string;
}

const API_VERSIONS = 18;
const UNSUPPORTED_VERSION = 35;
/** Kafka's limit of a request. The first bytes of a TLS handshake, read as a length, are above it. */
const MAX_REQUEST_BYTES = 104_857_600;

/** Opens a listener; with a chain and key it speaks TLS. */
export async function openListener(tls: Material | undefined): Promise<KafkaListener> {
  if (tls === undefined) return { ...(await listen(createServer(answer))), serve: () => {} };
  const server = createTlsServer(optionsOf(tls), answer);
  const listener = await listen(server.on('tlsClientError', () => {}));
  return { ...listener, serve: (next) => server.setSecureContext(optionsOf(next)) };
}

function optionsOf({ chain, key }: Material) {
  return { cert: chain.join(''), key };
}

/** What the model of Kafka answers to its clients and administrators. */
export interface ModelAnswers extends Administration {
  facts(namespace: string, kafka: string): KafkaFacts | undefined;
}

/**
 * Serves the model of all Kafkas as JSON. No Kafka client could ask the brokers here.
 *
 *     GET  /<namespace>/<kafka>                           facts
 *     GET  /<namespace>/<kafka>/<pod>                     settings of a node
 *     POST /<namespace>/<kafka>/<pod>/validate            whether the node would accept the settings in the body
 *     POST /<namespace>/<kafka>/<pod>/reload              makes the node load its key stores again
 */
export function openModel(answers: ModelAnswers): Promise<Listener> {
  const server = createHttpServer((request, response) => {
    void text(request).then((body) => {
      const answer = answerTo(`${request.method}`, `${request.url}`, body, answers);
      response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer));
    });
  });
  return listen(server);
}

function answerTo(method: string, url: string, body: string, answers: ModelAnswers): unknown {
  const [namespace = '', kafka = '', pod, question] = url.slice(1).split('/');
  if (method === 'GET') return pod === undefined ? answers.facts(namespace, kafka) : answers.settings(namespace, pod);
  if (pod !== undefined && question === 'validate') return answers.validate(namespace, pod, JSON.parse(body));
  return pod !== undefined && question === 'reload' ? answers.reload(namespace, pod) : undefined;
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
