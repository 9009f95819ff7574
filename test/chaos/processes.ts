/**
 * Real processes, killed one after the other: by SIGKILL before a write, by SIGTERM during it, or by SIGKILL after it and before its
 * answer; until one of them finds that all is done. Then the cluster is as after an undisturbed run, no pod was restarted twice, and never
 * were two requests unfinished. Which API they speak to, the sandbox's or a real one, is the setting's business.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { DEFAULT_DEADLINES, type Deadlines, type ExecutorName } from '#model/desired';
import { KINDS } from '#model/kube-object';
import { bundleName } from '#model/names';
import type { ApiRequest, ApiResponse } from '#reconciler/sandbox/api/api';
import { type ApiServer, serveApi } from '#reconciler/sandbox/api/http';
import { acknowledging } from '../support/acknowledging';
import { configMapOfBundle } from '../support/bundle-text';
import { bundleFor, type Desire } from '../support/desires';
import { endState } from '../support/end-state';
import { KAFKA, kafkaManifest, type World } from '../support/world';
import type { ChildOptions } from './child';
import type { Pace } from './scaled-clock';
import { Witness } from './witness';

/** Where processes are killed. Not started yet. */
export interface Setting {
  readonly executor: ExecutorName;
  readonly world: World;
  /** How time passes for them. */
  readonly pace: Pace;
  /** Carries out what they ask. */
  handle(request: ApiRequest): Promise<ApiResponse>;
}

/** What is there before, and what is wanted. */
export interface Operation {
  readonly first: Desire;
  readonly second: Desire;
}

/** Tells whether a run is killed at this write of its own; `number` counts them from 1. */
export type Aim = (write: ApiRequest, number: number) => boolean;

/** How a run is killed, in turn. */
const WAYS = ['SIGKILL before a write', 'SIGTERM during a write', 'SIGKILL after a write'] as const;
type Way = (typeof WAYS)[number];

export type Killed = Readonly<Record<Way, number>>;

/** Each run is killed at a write more than the one before it, the first one at its second: the first is its Lease. */
export const everLater = (run: number): Aim => {
  return (_, number) => number === run + 2;
};

/** Gets from one desired state to another in runs that are all killed but the last; `aimOf` says where, by the run's number from 0. */
export async function playKilled(open: () => Setting, operation: Operation, aimOf: (run: number) => Aim): Promise<Killed> {
  const wanted = await onStage(open(), operation, (stage) => stage.playOut());
  return onStage(open(), operation, async (stage) => {
    const killed = tally();
    for (let run = 0; ; run++) {
      const way = WAYS[run % WAYS.length] as Way;
      if (!(await stage.playUntil(aimOf(run), way))) break;
      killed[way]++;
    }
    assert.deepEqual(await stage.end(), wanted, 'as after an undisturbed run');
    return killed;
  });
}

/** The same with one kill at a time, at every write there is, each from the beginning, and one run that finishes the job. */
export async function playKilledOnce(open: () => Setting, operation: Operation): Promise<Killed> {
  const wanted = await onStage(open(), operation, (stage) => stage.playOut());
  const killed = tally();
  for (let write = 1; ; write++) {
    const way = WAYS[write % WAYS.length] as Way;
    const wasKilled = await onStage(open(), operation, async (stage) => {
      const isKilled = await stage.playUntil((_, number) => number === write, way);
      assert.deepEqual(await stage.playOut(), wanted, `killed at write ${write}, ${way}`);
      return isKilled;
    });
    if (!wasKilled) return killed;
    killed[way]++;
  }
}

export function killPoints(killed: Killed): string {
  const ways = Object.entries(killed);
  return `${ways.reduce((sum, [, n]) => sum + n, 0)} kill points: ${ways.map(([way, n]) => `${n} by ${way}`).join(', ')}`;
}

function tally(): Record<Way, number> {
  return Object.fromEntries(WAYS.map((way) => [way, 0])) as Record<Way, number>;
}

async function onStage<T>(setting: Setting, { first, second }: Operation, play: (stage: Stage) => Promise<T>): Promise<T> {
  const stage = new Stage(setting);
  try {
    await stage.open(first);
    await stage.want(second);
    return await play(stage);
  } finally {
    await stage.close();
  }
}

/** Time passes faster here than on the machine that has to keep up with it: ten minutes of real time, however fast. */
const PATIENT: Deadlines = {
  ...DEFAULT_DEADLINES,
  issuance: '10h',
  podReady: '10h',
  gate: '10h',
  foreignOperation: '10h',
  requestAcceptance: '10h',
};
/** So often a run may find that it lost its Lease, or that the API does not answer: both are a matter of seconds of real time. */
const MOST_RERUNS = 50;
const BLOCKED = 4;

const STORAGE = { resources: { requests: { storage: '1Gi' } } };
const NEVER: Aim = () => false;

class Stage {
  private server: ApiServer | undefined;
  private witness: Witness | undefined;
  private child: ChildProcess | undefined;
  private writes = 0;
  private aim = NEVER;
  private way: Way = WAYS[0];
  private wasKilled = false;
  private output = '';

  constructor(private readonly setting: Setting) {}

  /** Everything as the first desire has it. */
  async open(first: Desire): Promise<void> {
    const { world } = this.setting;
    await world.start(kafkaManifest({ topology: undefined, replicas: 3, storage: STORAGE }));
    await world.settle();
    this.server = await serveApi({ handle: (request) => this.handle(request) });
    await this.want(first);
    await this.playOut();
    await world.place.pass(60_000);
    this.witness = new Witness(world);
  }

  /** Commits a desire. */
  async want(desire: Desire): Promise<void> {
    const { world, executor } = this.setting;
    const bundle = bundleFor(desire, executor, world.clock.now(), world.namespace);
    const wanted = await acknowledging(world, { ...bundle, desired: { ...bundle.desired, deadlines: PATIENT } });
    const configMap = configMapOfBundle(wanted);
    const live = await world.cluster.get(world.ref(KINDS.ConfigMap, configMap.metadata.name));
    await (live === undefined ? world.cluster.create(configMap) : world.cluster.replace({ ...live, data: configMap.data }));
  }

  async close(): Promise<void> {
    this.child?.kill('SIGKILL');
    await this.witness?.stop();
    await this.server?.close();
    await this.setting.world.stop();
  }

  /** One run that nobody disturbs. */
  async playOut(): Promise<unknown> {
    assert.equal(await this.run(), 0, this.output);
    return this.end();
  }

  async end(): Promise<unknown> {
    await this.setting.world.settle();
    assert.deepEqual(this.witness?.broken ?? [], []);
    return endState(this.setting.world);
  }

  /** Starts a run and kills it at the first write that is aimed at; returns false when it ended well before. */
  async playUntil(aim: Aim, way: Way): Promise<boolean> {
    this.way = way;
    this.aim = aim;
    const exitCode = await this.run();
    this.aim = NEVER;
    if (!this.wasKilled) assert.equal(exitCode, 0, this.output);
    return this.wasKilled;
  }

  /** A run that is blocked says that it may be run again; a killed one is over. */
  private async run(): Promise<number | null> {
    for (let rerun = 0; ; rerun++) {
      const exitCode = await this.runOnce();
      if (exitCode !== BLOCKED || this.wasKilled || rerun === MOST_RERUNS) return exitCode;
    }
  }

  private async runOnce(): Promise<number | null> {
    const { world, pace } = this.setting;
    const { url = '', token = '', certificateAuthority = '' } = this.server ?? {};
    this.writes = 0;
    this.wasKilled = false;
    this.output = '';
    const argv = ['apply', '--config-map', `${world.namespace}/${bundleName(KAFKA)}`];
    const options: ChildOptions = { url, token, certificateAuthority, pace, namespace: world.namespace, argv };
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
    const isKilled = changesSomething(request) && !this.wasKilled && this.aim(request, ++this.writes);
    if (!isKilled) return this.setting.handle(request);
    this.wasKilled = true;
    if (this.way === 'SIGKILL before a write') {
      await this.kill('SIGKILL');
      throw new Error('whoever asked is gone');
    }
    if (this.way === 'SIGTERM during a write') this.child?.kill('SIGTERM');
    const response = await this.setting.handle(request);
    if (this.way === 'SIGKILL after a write') await this.kill('SIGKILL');
    return response;
  }

  private async kill(signal: NodeJS.Signals): Promise<void> {
    const gone = this.child === undefined ? undefined : once(this.child, 'exit');
    this.child?.kill(signal);
    await gone;
  }
}

/** Neither a question about rights nor an Event, which nothing rests on, is a write that a run could be killed at. */
function changesSomething({ method, path }: ApiRequest): boolean {
  return method !== 'GET' && !/\/(selfsubjectaccessreviews|events)(\?|$)/.test(path);
}
