/** Apps for tests of constructs, and what they come to. */

import { App, Chart, Size, Testing } from 'cdk8s';
import { parse } from 'yaml';
import { KafkaCluster, KafkaTls, type KafkaTlsProps, Tls, TlsIssuer } from '#constructs/index';
import type { KubeObject } from '#model/kube-object';
import { untyped } from '#test/support/untyped';

export const IMAGE = `registry.example/kafka-tls@sha256:${'0f3c'.repeat(16)}`;
export const JOB = { image: IMAGE };

export const DEDICATED = KafkaCluster.dedicated({
  name: 'orders',
  version: '4.2.0',
  controllers: { replicas: 3, storage: Size.gibibytes(2) },
  brokers: { replicas: 3, storage: Size.gibibytes(100), storageClassName: 'fast' },
});
export const COMBINED = KafkaCluster.combined({ name: 'orders', version: '4.2.0', replicas: 3, storage: Size.gibibytes(10) });
export const EXISTING = KafkaCluster.existing('orders');
export const SELF_SIGNED = Tls.on({ issuer: TlsIssuer.selfSignedCa() });

/** Returns a chart of a new app. */
export function newChart(namespace: string | undefined = 'demo'): Chart {
  return new Chart(new App(), 'test', namespace === undefined ? {} : { namespace });
}

/** Returns a KafkaTls in a chart, of an existing Kafka and with a self-signed CA unless props say otherwise. */
export function kafkaTls(chart: Chart = newChart(), props: Partial<KafkaTlsProps> = {}): KafkaTls {
  return new KafkaTls(chart, 'orders', { cluster: EXISTING, tls: SELF_SIGNED, ...props });
}

/** Returns what a chart synthesises to. */
export function synth(chart: Chart): readonly KubeObject[] {
  return Testing.synth(chart);
}

/** Returns the one object of a kind that a chart synthesises to. */
export function only(chart: Chart, kind: string): ReturnType<typeof untyped> {
  const found = synth(chart).filter((o) => o.kind === kind);
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} objects of kind ${kind}, wanted one`);
  return untyped(found[0]);
}

/** Returns the documents of the bundle of a chart, by key. */
export function documents(chart: Chart): Readonly<Record<string, KubeObject>> {
  const data: Readonly<Record<string, string>> = only(chart, 'ConfigMap').data;
  return Object.fromEntries(Object.entries(data).map(([key, text]) => [key, parse(text)]));
}

/** Returns the one document of the bundle whose key matches. */
export function document(chart: Chart, key: RegExp): KubeObject {
  const found = Object.entries(documents(chart)).filter(([k]) => key.test(k));
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} documents match ${key}, wanted one`);
  return found[0][1];
}

/** Returns the lines of the error that synth ends with; none when it does not. */
export function refusals(chart: Chart): readonly string[] {
  try {
    Testing.synth(chart);
    return [];
  } catch (error) {
    const [, ...lines] = String((error as Error).message).split('\n  ');
    return lines;
  }
}

/** Returns what is printed as a warning meanwhile. */
export function warningsOf(work: () => unknown): readonly string[] {
  const original = console.warn;
  const printed: string[] = [];
  console.warn = (text: string) => void printed.push(text);
  try {
    work();
  } finally {
    console.warn = original;
  }
  return printed;
}
