/**
 * Synthesises many clusters in one app, in a separate process: `synth.js <kafka-tls|plain> <clusters>`. Plain is cdk8s with the same objects
 * written by hand.
 */
import { spawnSync } from 'node:child_process';
import { ApiObject, App, Chart, Testing, Yaml } from 'cdk8s';
import { parse } from 'yaml';
import { KafkaCluster, KafkaTls, Tls, TlsIssuer } from '#constructs/index';

export interface Synth {
  /** Milliseconds of the processor for a cluster, in the middle of a few runs. */
  readonly ms: number;
  /** What a cluster keeps on the heap, in kilobytes. */
  readonly heapKb: number;
}

type Way = 'kafka-tls' | 'plain';
type Make = (chart: Chart, i: number) => unknown;

const RUNS = 5;
/** Without them small sizes would be charged with what V8 compiles. */
const WARM_UPS = 4;

/** Returns what a cluster costs in an app of so many. */
export function measureSynth(way: Way, clusters: number): Synth {
  const { stdout, status, stderr } = spawnSync(process.execPath, ['--expose-gc', __filename, way, String(clusters)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`synth of ${clusters}: ${stderr}`);
  return JSON.parse(stdout);
}

const ours: Make = (chart, i) =>
  new KafkaTls(chart, `k${i}`, {
    cluster: KafkaCluster.existing(`kafka-${i}`),
    tls: Tls.on({ issuer: TlsIssuer.clusterIssuer('corp-ca') }),
  });

/** The documents of a bundle as separate ApiObjects, and the same text made of them. */
function plain(): Make {
  const bundle: Readonly<Record<string, string>> = Testing.synth(filled(1, ours))[0].data;
  const documents = Object.values(bundle).map((text): unknown => parse(text));
  return (chart, i) => {
    for (const [n, document] of documents.entries()) {
      const name = `o${i}-${n}`;
      const object = new ApiObject(chart, name, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, document });
      Yaml.stringify(object.toJson());
    }
  };
}

function filled(count: number, make: Make): Chart {
  const chart = new Chart(new App(), 'bench', { namespace: 'demo' });
  for (let i = 0; i < count; i++) make(chart, i);
  return chart;
}

/** The collector runs between, so that a run does not pay for the one before. */
function measured(make: Make, clusters: number): Synth {
  for (let i = 0; i < WARM_UPS; i++) Testing.synth(filled(100, make));
  const runs = Array.from({ length: RUNS }, () => {
    globalThis.gc?.();
    const [heap, start] = [process.memoryUsage().heapUsed, process.cpuUsage()];
    const chart = filled(clusters, make);
    const manifests = Testing.synth(chart);
    const { user, system } = process.cpuUsage(start);
    globalThis.gc?.();
    const kept = process.memoryUsage().heapUsed - heap;
    // Both are still looked at here, so that the collector had to keep them.
    if (manifests.length < clusters || chart.node.children.length < clusters) throw new Error('synth: objects are missing');
    return { ms: (user + system) / 1000 / clusters, heapKb: kept / 1000 / clusters };
  });
  return runs.sort((a, b) => a.ms - b.ms)[Math.floor(RUNS / 2)] as Synth;
}

if (require.main === module) {
  const [, , way, clusters] = process.argv;
  process.stdout.write(JSON.stringify(measured(way === 'plain' ? plain() : ours, Number(clusters))));
}
