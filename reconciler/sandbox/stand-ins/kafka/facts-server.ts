/** The facts of all Kafkas over HTTP on this machine, as JSON: `GET /<namespace>/<kafka>`. No Kafka client could ask the brokers here. */
import { createServer } from 'node:http';
import { type Listener, listen } from './listener';
import type { KafkaFacts } from './processes';

/** Serves the facts that the function returns. */
export function openFacts(factsOf: (namespace: string, kafka: string) => KafkaFacts | undefined): Promise<Listener> {
  const server = createServer((request, response) => {
    const [namespace = '', kafka = ''] = (request.url ?? '').slice(1).split('/');
    const facts = factsOf(namespace, kafka);
    response.writeHead(facts === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(facts));
  });
  return listen(server);
}
