/**
 * Figures, measured in one run and printed as they are: nothing here passes or fails. Machines are noisy, so what can be is given as a ratio
 * of two things measured side by side.
 *
 *     hand-over     from "pod i is ready and verified" to "pod i+1 was evicted": what the reconciler itself costs between two pods
 *     size          the command, one file
 *     start-up      the command and a synth, each against a bare `node -e 0`
 *     memory        what an `apply` holds while it waits, against a Node that waits
 *     cut-over      the outage of each mode on the sandbox in memory, by its model of the brokers, and what the plan has said of it
 *     synth         many clusters with KafkaTls, against plain cdk8s ApiObjects with the same content, and whether it grows linearly
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App, Chart, Duration, Testing } from 'cdk8s';
import { Acknowledgement, Executor, KafkaCluster, KafkaTls, Tls, TlsIssuer } from '../../constructs';
import { bundleFromConfigMap } from '../../reconciler/bundle/documents';
import { createOutside } from '../../reconciler/cli/outside';
import type { ProgressEvent } from '../../reconciler/ports';
import { reconcile } from '../../reconciler/reconcile';
import { measure } from '../support/outage';
import { besideSandbox, COMMAND } from './running-sandbox';
import { measureSynth } from './synth';
import { residentWhileWaiting } from './waiting';

const EXAMPLE = 'examples/quickstart/expected.yaml';
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
  await besideSandbox(['examples/kafka.yaml'], async (kubeconfig) => {
    const outside = createOutside({ env: {}, stderr: () => undefined });
    const connection = await outside.connect({ kubeconfig });
    const props = { cluster: KafkaCluster.existing('orders'), executor: Executor.native(), deadlines: { claim: Duration.seconds(1) } };
    const bundle = bundleOf(props.cluster, props.executor, undefined);
    const seen: (ProgressEvent & { at: number })[] = [];
    const context = {
      ...connection,
      clock: outside.clock,
      signal: AbortSignal.timeout(3_600_000),
      report: (event: ProgressEvent) => seen.push({ ...event, at: performance.now() }),
    };
    await reconcile(async () => bundle, context);
    const added = seen.length;
    const rotation = bundleOf(props.cluster, props.executor, new Date().toISOString());
    await reconcile(async () => rotation, context);
    connection.close();
    line('hand-over', figures([...gaps(seen.slice(0, added)), ...gaps(seen.slice(added))]));
    line('', "KubeDB's documented runs show 5 s between two pods");
  });
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

function size(): void {
  line('size', `${COMMAND}: ${(statSync(COMMAND).size / 1e6).toFixed(2)} MB`);
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
    help: measure([COMMAND, '--help']),
    plan: measure([COMMAND, 'plan', '-f', EXAMPLE, '--base', EXAMPLE]),
    synth: measure(['lib/examples/quickstart/app.js'], { CDK8S_OUTDIR: folder }),
  }));
  rmSync(folder, { recursive: true, force: true });
  const ratio = (what: 'version' | 'help' | 'plan' | 'synth') => `${median(rows.map((r) => r[what] / r.bare)).toFixed(2)} x`;
  line('start-up', `against node -e 0: --version ${ratio('version')}, --help ${ratio('help')}, plan of two bundles ${ratio('plan')}`);
  line('', `synth of the quickstart ${ratio('synth')}`);
}

function synth(): void {
  const sizes = [25, 50, 100, 200];
  const rows = sizes.map((clusters) => ({ clusters, ours: measureSynth('kafka-tls', clusters), plain: measureSynth('plain', clusters) }));
  for (const [i, { clusters, ours, plain }] of rows.entries()) {
    const times = `${ours.ms.toFixed(2)} ms a cluster, ${(ours.ms / plain.ms).toFixed(2)} x plain cdk8s`;
    const kept = `${ours.heapKb.toFixed(0)} kB kept a cluster, ${(ours.heapKb / plain.heapKb).toFixed(2)} x`;
    line(i === 0 ? 'synth' : '', `${String(clusters).padStart(3)} clusters: ${times}; ${kept}`);
  }
  const at = (clusters: number) => rows.find((row) => row.clusters === clusters)?.ours ?? { ms: Number.NaN, heapKb: Number.NaN };
  const [few, many] = [at(50), at(200)];
  line(
    '',
    `a cluster of 200 against one of 50: ${(many.ms / few.ms).toFixed(2)} x the time, ${(many.heapKb / few.heapKb).toFixed(2)} x the memory`,
  );
}

async function waiting(): Promise<void> {
  const { bareMb, plainMb, imageMb } = await residentWhileWaiting();
  const figure = (mb: number) => `${mb.toFixed(0)} MB (${(mb / bareMb).toFixed(2)} x)`;
  line('memory', `apply that waits: ${figure(imageMb)} as the image starts it, ${figure(plainMb)} as node alone does`);
  line('', `node that waits: ${bareMb.toFixed(0)} MB`);
}

async function main(): Promise<void> {
  await handOver();
  await cutOver();
  size();
  startUp();
  await waiting();
  synth();
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
