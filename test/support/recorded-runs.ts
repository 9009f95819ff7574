/** Runs of `kafka-tls apply` in memory, and the lines of JSON that they print: what reports and traces are made from. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Tls, TlsIssuer } from '#constructs/index';
import { InterruptedError } from '#reconciler/errors';
import type { RunEvent } from '#reconciler/model/run-events';
import type { Clock, Cluster } from '#reconciler/ports';
import { bundleFile } from './bundle-text';
import { kafkaTlsIn, type Ran } from './command-line';
import { KAFKA, on, onByRestart } from './desired-states';
import { COMBINED, type KafkaOptions, startPlaintext, startSecured, type World } from './world';

export interface RecordedRun {
  readonly ran: Ran;
  readonly events: readonly RunEvent[];
  /** The printed lines. */
  readonly ndjson: string;
  readonly files: ReadonlyMap<string, string>;
}

interface Recorded {
  /** Arranges the world just before the run. */
  readonly arrange?: (world: World) => void | Promise<void>;
  /** Ctrl-C as soon as an event of this name is printed. */
  readonly interruptAt?: RunEvent['event'];
  readonly flags?: (folder: string) => readonly string[];
}

/** Runs `apply` on a world and returns what it printed; `read` gets a folder with the files that the flags name. */
export async function recorded(
  world: World,
  tls: Tls,
  { arrange, interruptAt, flags = () => [] }: Recorded = {},
  read: (folder: string) => ReadonlyMap<string, string> = () => new Map(),
): Promise<RecordedRun> {
  const folder = mkdtempSync(path.join(tmpdir(), 'recorded-'));
  const interrupt = new AbortController();
  let ndjson = '';
  try {
    const bundle = bundleFile(path.join(folder, 'bundle.yaml'), world.desired(tls));
    await arrange?.(world);
    const stdout = (text: string) => {
      ndjson += text;
      if (interruptAt !== undefined && text.includes(`"event":"${interruptAt}"`)) {
        interrupt.abort(new InterruptedError('SIGINT', { hint: 'Go on with: kafka-tls apply' }));
      }
    };
    const io = { stdout, signal: interrupt.signal };
    const environment = { ...world.environment, product: slow(world.environment.product ?? world.cluster, world.clock) };
    const ran = await kafkaTlsIn(environment, ['apply', '-f', bundle, '--output', 'json', ...flags(folder)], { io });
    const events = ndjson
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as RunEvent);
    return { ran, events, ndjson, files: read(folder) };
  } finally {
    await world.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Pods of the sandbox restart at once. With an API server that takes this long for a list, a restart has a length. */
const LIST_MS = 1_300;

function slow(cluster: Cluster, clock: Clock): Cluster {
  const late = async <T>(answer: () => Promise<T>): Promise<T> => {
    await clock.sleep(LIST_MS);
    return answer();
  };
  return {
    ...cluster,
    list: (kind, selection) => late(() => cluster.list(kind, selection)),
    evict: (pod, uid) => late(() => cluster.evict(pod, uid)),
  };
}

/** Starts the world of a run. */
type Start = () => Promise<World>;

const ROTATED_AT = '2026-11-24T09:00:00Z';
const secured =
  (options: KafkaOptions = {}): Start =>
  () =>
    startSecured('native', on(), options);
const plaintext =
  (options: KafkaOptions = {}): Start =>
  () =>
    startPlaintext('native', options);

/** A broker is behind for two minutes, so that the gates of others stay shut. */
async function withBrokerBehind(world: World): Promise<void> {
  await world.annotate({ 'sandbox.kafka-tls/behind': `${KAFKA}-broker-2` });
  void world.clock.sleep(150_000).then(() => world.annotate({ 'sandbox.kafka-tls/behind': '' }));
}

interface Case {
  readonly start: Start;
  readonly tls: Tls;
  readonly recorded?: Recorded;
  readonly exitCode: number;
}

/** One run of each kind that a reader of reports meets. */
export const RECORDED = {
  rotation: {
    start: secured(),
    tls: onByRestart({ issuedAfter: ROTATED_AT }),
    recorded: { arrange: withBrokerBehind },
    exitCode: 0,
  },
  reload: { start: secured(), tls: on({ issuedAfter: ROTATED_AT }), exitCode: 0 },
  'cut-over': { start: plaintext(), tls: on(), exitCode: 0 },
  refused: { start: plaintext(), tls: Tls.on({ issuer: TlsIssuer.selfSignedCa() }), exitCode: 2 },
  failed: {
    start: plaintext(),
    tls: on(),
    recorded: { arrange: (world) => world.annotate({ 'sandbox.kafka-tls/never-ready': `${KAFKA}-controller-1` }) },
    exitCode: 1,
  },
  interrupted: {
    start: secured(),
    tls: onByRestart({ issuedAfter: ROTATED_AT }),
    recorded: { interruptAt: 'evicted' },
    exitCode: 130,
  },
  nothing: { start: secured({ kafka: COMBINED }), tls: on(), exitCode: 0 },
} satisfies Readonly<Record<string, Case>>;
export type RecordedName = keyof typeof RECORDED;

const runs = new Map<string, Promise<RecordedRun>>();

/** Returns the run of this name; each is made once in a process. */
export function recordedRun(name: RecordedName): Promise<RecordedRun> {
  const { start, tls, recorded: how, exitCode }: Case = RECORDED[name];
  const run = async () => {
    const made = await recorded(await start(), tls, how);
    assert.equal(made.ran.exitCode, exitCode, made.ran.stderr);
    return made;
  };
  const known = runs.get(name) ?? run();
  runs.set(name, known);
  return known;
}
