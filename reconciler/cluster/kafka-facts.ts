/** Kafka's own facts, as far as they can be had: not yet from real brokers. */
import type { KafkaFactsSource } from '../ports';

/** Returns a source that knows nothing, so that gates rest on pod readiness alone, and that says why. */
export function noKafkaFacts(because: string): KafkaFactsSource {
  return { read: async () => ({ unknown: because }) };
}
