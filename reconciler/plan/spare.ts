/** What Kafka can still lose before it stops serving, and what listeners serve, in the form that events report. Pure. */
import type { KafkaFacts, PodFacts, Reading } from '../model/observation';
import type { ShownListener, Spare } from '../model/run-events';
import { caughtUpVoters } from './gates/kafka-health';

/** Returns what Kafka can lose; undefined when it did not report its health. */
export function spareOf(facts: Reading<KafkaFacts>): Spare | undefined {
  if ('unknown' in facts) return undefined;
  const { quorum, topics } = facts.value;
  const caughtUp = caughtUpVoters(quorum).length;
  const majority = Math.floor(quorum.voters.length / 2) + 1;
  const partitions = topics.flatMap(({ name, minInsyncReplicas, partitions }) =>
    partitions.map(({ partition, replicas, isr }) => ({ partition: `${name}-${partition}`, replicas, isr, minimum: minInsyncReplicas })),
  );
  // A partition with no more replicas than its minimum has nothing to spare in health, either.
  const judged = partitions.flatMap(({ partition, replicas, isr, minimum }) =>
    minimum === undefined || replicas.length <= minimum ? [] : [{ partition, isr, minimum, spare: isr.length - minimum }],
  );
  const least = judged.reduce<(typeof judged)[number] | undefined>((a, b) => (a !== undefined && a.spare <= b.spare ? a : b), undefined);
  return {
    quorum: {
      ...(quorum.leaderId === undefined ? {} : { leaderId: quorum.leaderId }),
      voters: quorum.voters.length,
      caughtUp,
      spare: caughtUp - majority,
    },
    ...(least === undefined ? {} : { isr: least }),
    underReplicated: partitions.filter((p) => p.isr.length < p.replicas.length).length,
  };
}

/** Returns what the listeners of pods serve. */
export function listenersOf(pods: readonly PodFacts[]): readonly ShownListener[] {
  return pods.flatMap(({ name: pod, served }) =>
    served.map(({ listener, protocol, because, leaf }): ShownListener => {
      if (leaf === undefined) return { pod, listener, protocol, ...(because === undefined ? {} : { because }) };
      const { fingerprint, subject, issuer, notBefore, notAfter } = leaf;
      return { pod, listener, protocol, certificate: { fingerprint, subject, issuer, notBefore, notAfter } };
    }),
  );
}
