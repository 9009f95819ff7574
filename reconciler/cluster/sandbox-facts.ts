/** Kafka's facts from the sandbox, whose brokers do not speak Kafka: its model of them answers over HTTP on this machine. */
import { get } from 'node:http';
import type { KubeObject } from '../../constructs/model/kube-object';
import type { KafkaFacts, Reading } from '../plan/observation';
import type { Address } from './address';

/** Returns what the model says of a Kafka. */
export function askSandbox({ host, port }: Address, { metadata }: KubeObject, signal: AbortSignal): Promise<Reading<KafkaFacts>> {
  return new Promise((resolve, reject) => {
    const request = get({ host, port, path: `/${metadata.namespace ?? ''}/${metadata.name}`, agent: false, signal }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        if (response.statusCode !== 200) return resolve({ unknown: 'the sandbox knows nothing of this Kafka' });
        try {
          resolve({ value: factsIn(Buffer.concat(chunks).toString('utf8')) });
        } catch (error) {
          reject(error);
        }
      });
    });
    request.once('error', reject);
  });
}

/** JSON has no undefined: what is not known is left out. */
function factsIn(text: string): KafkaFacts {
  const { quorum, topics } = JSON.parse(text) as Partial<KafkaFacts>;
  if (!Array.isArray(quorum?.voters) || !Array.isArray(topics)) throw new Error('the sandbox does not answer with facts');
  return { quorum, topics };
}
