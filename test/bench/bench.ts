/**
 * Figures, measured in one run and printed as they are: nothing here passes or fails. Machines are noisy, so what can be is given as a ratio
 * of two things measured side by side.
 *
 *     hand-over     from "pod i is ready and verified" to "pod i+1 was evicted": what the reconciler itself costs between two pods
 *     start-up      the command and a synth, each against a bare `node -e 0`
 *     cut-over      the outage of each mode on the sandbox in memory, by its model of the brokers, and what the plan has said of it
 *     synth         many clusters with KafkaTls, against plain cdk8s ApiObjects with the same content
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { ApiObject, App, Chart, Duration, Testing, Yaml } from 'cdk8s';
import { parse } from 'yaml';
import { Acknowledgement, Executor, KafkaCluster, KafkaTls, Tls, TlsIssuer } from '../../constructs';
import { bundleFromConfigMap } from '../../reconciler/bundle/documents';
import { createOutside } from '../../reconciler/cli/outside';
import type { ProgressEvent } from '../../reconciler/ports';
import { reconcile } from '../../reconciler/reconcile';
import { measure } from '../support/outage';

const COMMAND = 'lib/bin/kafka-tls.js';
const RUNS = 7;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function figures(values: readonly number[]): string {
  return `median ${median(values).toFixed(1)} ms (min ${Math.min(...values).toFixed(1)}, max ${Math.max(...values).toFixed(1)}, n ${values.length})`;
}

function line(name: string, text: string): void {
  process.stdout.write(`${name.padEnd(12)}${text}\n`);
}

async function handOver(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-bench-'));
  const kubeconfig = path.join(folder, 'kubeconfig');
  const sandbox = spawn(
    process.execPath,
    [COMMAND, 'sandbox', '--no-ops-manager', '--kubeconfig', kubeconfig, '--file', 'examples/kafka.yaml'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  try {
    for await (const text of createInterface({ input: sandbox.stdout })) if (text.startsWith('The sandbox listens')) break;
    const outside = createOutside({});
    const connection = await outside.connect({ kubeconfig });
    const props = { cluster: KafkaCluster.existing('orders'), executor: Executor.native(), deadlines: { claim: Duration.seconds(1) } };
    const bundle = bundleOf(props.cluster, props.executor, undefined);
    const seen: (ProgressEvent & { at: number })[] = [];
    const context = {
      ...connection,
      clock: outside.clock,
      signal: AbortSignal.timeout(300_000),
      report: (event: ProgressEvent) => seen.push({ ...event, at: performance.now() }),
    };
    await reconcile(async () => bundle, context);
    const added = seen.length;
    const rotation = bundleOf(props.cluster, props.executor, new Date().toISOString());
    await reconcile(async () => rotation, context);
    connection.close();
    line('hand-over', figures([...gaps(seen.slice(0, added)), ...gaps(seen.slice(added))]));
    line('', "KubeDB's documented runs show 5 s between two pods");
  } finally {
    sandbox.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** From a pod's `ready` (its successor is Ready and serves what it should) to the next pod's `evicted`. */
function gaps(events: readonly (ProgressEvent & { at: number })[]): readonly number[] {
  const pods = events.filter((e) => e.subject.kind === 'Pod' && (e.event === 'ready' || e.event === 'evicted'));
  return pods.flatMap((e, i) => (e.event === 'evicted' && pods[i - 1]?.event === 'ready' ? [e.at - (pods[i - 1]?.at ?? 0)] : []));
}

function bundleOf(cluster: KafkaCluster, executor: Executor, issuedAfter: string | undefined) {
  const chart = new Chart(new App(), 'bench', { namespace: 'demo' });
  const tls = Tls.on({
    issuer: TlsIssuer.selfSignedCa(),
    acknowledge: [Acknowledgement.clientsMoveToTls()],
    ...(issuedAfter === undefined ? {} : { issuedAfter }),
  });
  new KafkaTls(chart, 'orders', { cluster, executor, tls, deadlines: { claim: Duration.seconds(1) } });
  return bundleFromConfigMap(Testing.synth(chart)[0]);
}

/** On a clock that jumps: the same on every machine. */
async function cutOver(): Promise<void> {
  for (const mode of ['rolling', 'stop'] as const) {
    const { outageMs, estimate } = await measure('add TLS', { executor: 'native', topology: '3 controllers, 3 brokers', mode });
    const said = `estimated ${(estimate.outageMs ?? 0) / 1000} s (${estimate.because})`;
    line(mode === 'rolling' ? 'cut-over' : '', `${mode.padEnd(9)}outage ${(outageMs / 1000).toFixed(0)} s, ${said}`);
  }
}

function startUp(): void {
  const measure = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const start = performance.now();
    const { status } = spawnSync(process.execPath, args, { stdio: 'ignore', env: { ...process.env, ...env } });
    if (status !== 0) throw new Error(`${args.join(' ')} ended with exit code ${status}`);
    return performance.now() - start;
  };
  const folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-bench-'));
  const rows = Array.from({ length: RUNS }, () => ({
    bare: measure(['-e', '0']),
    version: measure([COMMAND, '--version']),
    synth: measure(['lib/examples/quickstart/app.js'], { CDK8S_OUTDIR: folder }),
  }));
  rmSync(folder, { recursive: true, force: true });
  line(
    'start-up',
    `kafka-tls --version: ${median(rows.map((r) => r.version / r.bare)).toFixed(2)} x node -e 0; synth of the quickstart: ${median(rows.map((r) => r.synth / r.bare)).toFixed(2)} x`,
  );
}

function synth(): void {
  const clusters = 100;
  const ours = (chart: Chart, i: number) =>
    new KafkaTls(chart, `k${i}`, {
      cluster: KafkaCluster.existing(`kafka-${i}`),
      tls: Tls.on({ issuer: TlsIssuer.clusterIssuer('corp-ca') }),
    });
  // By hand: the documents of a bundle as ApiObjects of their own, and the same text made of them.
  const bundle: Readonly<Record<string, string>> = Testing.synth(filled(1, ours))[0].data;
  const documents = Object.values(bundle).map((text): unknown => parse(text));
  const plain = (chart: Chart, i: number) => {
    for (const [n, document] of documents.entries()) {
      const object = new ApiObject(chart, `o${i}-${n}`, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: `o${i}-${n}` },
        document,
      });
      Yaml.stringify(object.toJson());
    }
  };
  const time = (make: (chart: Chart, i: number) => unknown) => {
    const start = performance.now();
    Testing.synth(filled(clusters, make));
    return performance.now() - start;
  };
  time(ours);
  const ratios = Array.from({ length: RUNS }, () => time(ours) / time(plain));
  line('synth', `${clusters} clusters: ${median(ratios).toFixed(2)} x plain cdk8s objects of the same content`);
}

function filled(count: number, make: (chart: Chart, i: number) => unknown): Chart {
  const chart = new Chart(new App(), 'bench', { namespace: 'demo' });
  for (let i = 0; i < count; i++) make(chart, i);
  return chart;
}

async function main(): Promise<void> {
  await handOver();
  await cutOver();
  startUp();
  synth();
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
