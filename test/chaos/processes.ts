/**
 * Real processes, killed one after the other: the first at its second write (the first is its Lease), each later one at a write more than the
 * one before it, by SIGKILL before the write, by SIGTERM during it, or by SIGKILL after it and before its answer; until one of them finds
 * that all is done. Then the cluster is as after an undisturbed run.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

import path from 'node:path';

import type { ExecutorName } from '../../constructs/model/desired';
import { createDialer } from '../../reconciler/cluster/dial';
import { createSandbox, pooledKeys } from '../../reconciler/sandbox';
import type { ApiRequest, ApiResponse } from '../../reconciler/sandbox/api/api';
import { type ApiServer, serveApi } from '../../reconciler/sandbox/api/http';
import { configMapOfBundle } from '../support/bundle-text';
import { bundleFor, type Desire } from '../support/desires';
import { endState } from '../support/end-state';
import { clusterIn } from '../support/transports';
import { kafkaManifest, modelFacts, NAMESPACE, type Place, World } from '../support/world';
import type { ChildOptions } from './child';
import { scaledClock } from './scaled-clock';

/** How much faster time passes: a Lease runs out in two seconds, and a busy machine is not taken for a dead one. */
const FACTOR = 15;
const STORAGE = { resources: { requests: { storage: '1Gi' } } };

/** How a run is killed, in turn. */
const WAYS = ['SIGKILL before a write', 'SIGTERM during a write', 'SIGKILL after a write'] as const;
type Way = (typeof WAYS)[number];

export type Killed = Readonly<Record<Way, number>>;

/** Gets from one desired state to another in runs that are all killed but the last, each a write later than the one before it. */
export async function playKilled(executor: ExecutorName, first: Desire, second: Desire): Promise<Killed> {
  const wanted = await onStage(executor, first, second, (stage) => stage.playOut());
  return onStage(executor, first, second, async (stage) => {
    const killed = tally();
    for (let run = 0; ; run++) {
      const way = WAYS[run % WAYS.length] as Way;
      if (!(await stage.playUntil(run + 2, way))) break;
      killed[way]++;
    }
    assert.deepEqual(await stage.end(), wanted, 'as after an undisturbed run');
    return killed;
  });
}

/** The same with one kill at a time, at every write there is, each from the beginning, and one run that finishes the job. */
export async function playKilledOnce(executor: ExecutorName, first: Desire, second: Desire): Promise<Killed> {
  const wanted = await onStage(executor, first, second, (stage) => stage.playOut());
  const killed = tally();
  for (let write = 1; ; write++) {
    const way = WAYS[write % WAYS.length] as Way;
    const wasKilled = await onStage(executor, first, second, async (stage) => {
      const isKilled = await stage.playUntil(write, way);
      assert.deepEqual(await stage.playOut(), wanted, `killed at write ${write}, ${way}`);
      return isKilled;
    });
    if (!wasKilled) return killed;
    killed[way]++;
  }
}

function tally(): Record<Way, number> {
  return Object.fromEntries(WAYS.map((way) => [way, 0])) as Record<Way, number>;
}

async function onStage<T>(executor: ExecutorName, first: Desire, second: Desire, play: (stage: Stage) => Promise<T>): Promise<T> {
  const stage = await Stage.open(executor, first, second);
  return play(stage).finally(() => stage.close());
}

class Stage {
  private child: ChildProcess | undefined;
  private writes = 0;
  /** Kills the run at its write of this number. */
  private killAt = Number.POSITIVE_INFINITY;
  private way: Way = WAYS[0];
  private wasKilled = false;
  private output = '';

  private constructor(
    private readonly startMs: number,
    private readonly place: ReturnType<typeof placeFor>,
    private readonly world: World,
    private server: ApiServer | undefined,
  ) {}

  static async open(executor: ExecutorName, first: Desire, second: Desire): Promise<Stage> {
    const startMs = Date.now();
    const place = placeFor(startMs, executor);
    const world = await new World({}, () => place).start(kafkaManifest({ topology: undefined, replicas: 3, storage: STORAGE }));
    const stage = new Stage(startMs, place, world, undefined);
    await world.settle();
    await world.apply(bundleFor(first, executor, place.clock.now()));
    await world.settle();
    await place.clock.sleep(60_000);
    await world.cluster.create(configMapOfBundle(bundleFor(second, executor, place.clock.now())));
    stage.server = await serveApi({ handle: (request) => stage.handle(request) });
    return stage;
  }

  async close(): Promise<void> {
    this.child?.kill('SIGKILL');
    await this.server?.close();
    await this.world.stop();
  }

  /** One run that nobody disturbs. */
  async playOut(): Promise<unknown> {
    assert.equal(await this.run(), 0, this.output);
    return this.end();
  }

  async end(): Promise<unknown> {
    await this.world.settle();
    return endState(this.world);
  }

  /** Starts a run and kills it at this write of its own; returns false when it ended well before. */
  async playUntil(write: number, way: Way): Promise<boolean> {
    this.way = way;
    this.killAt = write;
    const exitCode = await this.run();
    this.killAt = Number.POSITIVE_INFINITY;
    if (!this.wasKilled) assert.equal(exitCode, 0, this.output);
    return this.wasKilled;
  }

  private async run(): Promise<number | null> {
    const { url = '', token = '', certificateAuthority = '' } = this.server ?? {};
    this.writes = 0;
    this.wasKilled = false;
    this.output = '';
    const argv = ['apply', '--config-map', `${NAMESPACE}/kafka-tls-orders`];
    const options: ChildOptions = { url, token, certificateAuthority, startMs: this.startMs, factor: FACTOR, namespace: NAMESPACE, argv };
    const child = spawn(process.execPath, [path.join(__dirname, 'child.js'), JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    const [exitCode] = await once(child, 'close');
    return exitCode;
  }

  /** What the children ask comes through here. */
  private async handle(request: ApiRequest): Promise<ApiResponse> {
    const isWrite = request.method !== 'GET';
    if (!isWrite || ++this.writes !== this.killAt) return this.place.sandbox.api.handle(request);
    this.wasKilled = true;
    if (this.way === 'SIGKILL before a write') {
      await this.kill('SIGKILL');
      throw new Error('whoever asked is gone');
    }
    if (this.way === 'SIGTERM during a write') this.child?.kill('SIGTERM');
    const response = await this.place.sandbox.api.handle(request);
    if (this.way === 'SIGKILL after a write') await this.kill('SIGKILL');
    return response;
  }

  private async kill(signal: NodeJS.Signals): Promise<void> {
    const gone = this.child === undefined ? undefined : once(this.child, 'exit');
    this.child?.kill(signal);
    await gone;
  }
}

function placeFor(startMs: number, executor: ExecutorName) {
  const clock = scaledClock(startMs, FACTOR);
  const sandbox = createSandbox({ clock, opsManager: executor === 'ops-request', keys: pooledKeys(), api: { namespaces: [NAMESPACE] } });
  return {
    sandbox,
    namespace: NAMESPACE,
    clock,
    cluster: clusterIn(sandbox.api, clock),
    dialer: createDialer(clock),
    facts: modelFacts(sandbox),
    start: () => sandbox.start(),
    stop: () => sandbox.stop(),
    run: (promise) => promise,
    pass: (ms) => clock.sleep(ms),
  } satisfies Place & { sandbox: unknown };
}
