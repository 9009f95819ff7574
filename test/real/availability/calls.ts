/** Records what the reconciler asks of the cluster, of listeners and of brokers, and when. */
import type { Cluster, Dialer, KafkaFactsSource } from '#reconciler/ports';
import { now } from '../load/now';
import type { Span } from '../load/spans';

export const CALL_KINDS = ['read', 'handshake', 'facts', 'write', 'eviction'] as const;
export type CallKind = (typeof CALL_KINDS)[number];

/** A call from its beginning to its end, or its failure. */
export interface Call extends Span {
  readonly kind: CallKind;
  /** For example `get Pod orders-broker-0`. */
  readonly name: string;
}

export class Calls {
  readonly seen: Call[] = [];

  async record<T>(kind: CallKind, name: string, call: () => Promise<T>): Promise<T> {
    const from = now();
    try {
      return await call();
    } finally {
      this.seen.push({ kind, name, from, to: now() });
    }
  }

  cluster(cluster: Cluster): Cluster {
    const named = (verb: string, { kind, name }: { readonly kind: string; readonly name?: string | undefined }) =>
      `${verb} ${kind} ${name ?? ''}`.trim();
    return {
      ...cluster,
      get: (subject) => this.record('read', named('get', subject), () => cluster.get(subject)),
      list: (kind, selection) => this.record('read', named('list', { kind: kind.plural }), () => cluster.list(kind, selection)),
      patch: (subject, ...rest) => this.record('write', named('patch', subject), () => cluster.patch(subject, ...rest)),
      replace: (object, options) =>
        this.record('write', named('replace', { kind: object.kind, name: object.metadata.name }), () => cluster.replace(object, options)),
      evict: (pod, uid) => this.record('eviction', named('evict', pod), () => cluster.evict(pod, uid)),
    };
  }

  dialer(dialer: Dialer): Dialer {
    return {
      handshake: (target, signal) =>
        this.record('handshake', `${target.pod.metadata.name} ${target.listener}`, () => dialer.handshake(target, signal)),
    };
  }

  facts(source: KafkaFactsSource): KafkaFactsSource {
    return { read: (kafka, ...rest) => this.record('facts', 'ask Kafka', () => source.read(kafka, ...rest)) };
  }
}
