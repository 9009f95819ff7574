/** The facts of Kafkas over HTTP on this machine, `GET /<namespace>/<kafka>` as JSON: brokers here speak no Kafka that could be asked. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Listener } from './listener';
import type { KafkaFacts } from './processes';

/** Serves what `facts` returns. It does not keep the process alive. */
export async function openFacts(facts: (namespace: string, kafka: string) => KafkaFacts | undefined): Promise<Listener> {
  const server = createServer((request, response) => {
    const [namespace = '', kafka = ''] = (request.url ?? '').slice(1).split('/');
    const found = facts(namespace, kafka);
    response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(found));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  server.unref();
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
