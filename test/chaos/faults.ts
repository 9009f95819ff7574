/** What can go wrong during a play, as a table: a new fault is a row. A fault that lasts returns how it ends. */

import { KINDS, type KubeObject, type ObjectRef, refOf } from '#model/kube-object';
import { untyped } from '#test/support/untyped';
import { KAFKA, type MemoryEnvironment, type World } from '../support/world';
import type { MemoryRun } from './memory-runner';
import type { Mishap, Network } from './network';

export interface Fault<Name extends string = string> {
  readonly name: Name;
  /** The fault is injected at this request, counted over the runs since the last commit. */
  readonly atRequest: number;
  /** How long it lasts, if it lasts. */
  readonly forMs: number;
  /** Selects among pods, Secrets and directions. */
  readonly choice: number;
}

/** Where faults are injected. */
export interface Target {
  readonly world: World;
  readonly environment: MemoryEnvironment;
  readonly network: Network;
  readonly run: MemoryRun;
}

type Undo = () => Promise<unknown>;
type Inject = (target: Target, fault: Fault) => Promise<Undo | undefined> | Promise<void> | void;

interface FaultRow {
  readonly what: string;
  readonly inject: Inject;
}

const HOUR_MS = 3_600_000;

const mishap =
  (name: Mishap): Inject =>
  ({ network }, { choice }) =>
    network.expect(name, name === 'no answer' || name === 'lost answer' ? 1 : 1 + (choice % 3));

/** The sandbox's faults are annotations: on the Kafka with the name of a pod, on an Issuer with a text. */
const podFault =
  (annotation: string, role?: 'broker' | 'controller'): Inject =>
  async ({ world }, { choice }) => {
    const value = await podOf(world, choice, role);
    const annotate = (to: string) => changeUntilWritten(world, world.ref(KINDS.Kafka, KAFKA), annotated(annotation, to));
    await annotate(value);
    return () => annotate('');
  };
const issuerFault =
  (annotation: string, value: string): Inject =>
  async ({ world }) => {
    const annotate = (to: string) => changeAll(world, KINDS.Issuer, annotated(annotation, to));
    await annotate(value);
    return () => annotate('');
  };

export const FAULTS = {
  conflict: { what: 'writes are answered 409: another writer was faster', inject: mishap('conflict') },
  throttled: { what: 'requests are answered 429', inject: mishap('throttled') },
  'server error': { what: 'requests are answered 500', inject: mishap('server error') },
  'no answer': { what: 'a request is never answered', inject: mishap('no answer') },
  'lost answer': { what: 'a request is carried out, and its answer is lost', inject: mishap('lost answer') },
  'watches cut': { what: 'every watch ends', inject: ({ network }) => network.cutWatches() },
  'watches silent': { what: 'every watch stays open and reports nothing more', inject: ({ network }) => network.silenceWatches() },
  'watches expired': { what: 'every watch is answered 410', inject: ({ network }) => network.expireWatches() },
  killed: { what: 'the run is killed, between two requests or before it sees an answer', inject: ({ run }) => run.kill() },
  frozen: {
    what: 'the run stands still until another run holds its Lease, and continues',
    inject: ({ run }, { choice }) => run.freeze(20_000 + (choice % 10) * 20_000),
  },
  'issuer slow': { what: 'certificates take minutes', inject: issuerFault('issuance-takes', '3m') },
  'issuer failing': { what: 'no certificate is issued for a while', inject: issuerFault('issuance-fails', 'no quota left') },
  'eviction forbidden': {
    what: 'budgets allow no eviction for a while',
    inject: async ({ world }) => {
      const allow = (maxUnavailable: number) =>
        changeAll(world, KINDS.PodDisruptionBudget, (budget) => ({ ...budget, spec: { ...untyped(budget.spec), maxUnavailable } }));
      await allow(0);
      return () => allow(1); // KubeDB's own value
    },
  },
  'pod crashing': { what: 'a pod that restarts cannot start for a while', inject: podFault('crash-loop') },
  'pod unready': { what: 'a pod is not Ready for a while', inject: podFault('never-ready') },
  'pod gone': {
    what: 'another client deletes a pod',
    inject: async ({ world }, { choice }) => world.delete(world.ref(KINDS.Pod, await podOf(world, choice))),
  },
  'replica behind': { what: 'a broker is out of sync for a while', inject: podFault('behind', 'broker') },
  'controller lagging': { what: 'a controller is not caught up for a while', inject: podFault('behind', 'controller') },
  'Kafka edited': {
    what: 'another client edits the Kafka',
    inject: ({ world }, { choice }) =>
      changeUntilWritten(world, world.ref(KINDS.Kafka, KAFKA), ({ metadata, ...rest }) => ({
        ...rest,
        metadata: { ...metadata, labels: { ...metadata.labels, [`team-${choice}`]: 'payments' } },
      })),
  },
  'foreign operation': {
    what: 'KubeDB carries out a request of another client for a while',
    inject: async ({ world }, { choice }) => {
      const { apiVersion, kind } = KINDS.KafkaOpsRequest;
      const subject = world.ref(KINDS.KafkaOpsRequest, `resize-${choice}`);
      if ((await world.cluster.get(subject)) !== undefined) return undefined;
      const spec = { type: 'VerticalScaling', databaseRef: { name: KAFKA }, verticalScaling: { node: { resources: {} } } };
      await world.cluster.create({ apiVersion, kind, metadata: { name: subject.name, namespace: world.namespace }, spec });
      return async () => {
        const request = await world.cluster.get(subject);
        const status = { ...untyped(request?.status), phase: 'Successful', conditions: [] };
        if (request !== undefined) await world.cluster.replace({ ...request, status }, { status: true });
      };
    },
  },
  'Secret replaced': {
    what: 'the Secret of a certificate is deleted, and cert-manager issues again',
    inject: async ({ world }, { choice }) => {
      const subject = world.ref(KINDS.Secret, `${KAFKA}-${choice % 2 === 0 ? 'server' : 'client'}-cert`);
      if ((await world.cluster.get(subject)) !== undefined) await world.delete(subject);
    },
  },
  'clock jumped': {
    what: 'the wall clock jumps by an hour',
    inject: ({ environment }, { choice }) => environment.clock.jump(choice % 2 === 0 ? HOUR_MS : -HOUR_MS),
  },
} as const satisfies Readonly<Record<string, FaultRow>>;
export type FaultName = keyof typeof FAULTS;
export const FAULT_NAMES = Object.keys(FAULTS) as readonly FaultName[];

export class FaultInjector {
  private open = 0;

  constructor(private readonly target: Omit<Target, 'run'>) {}

  /** No fault lasts any more. */
  get isQuiet(): boolean {
    return this.open === 0;
  }

  async inject(fault: Fault<FaultName>, run: MemoryRun): Promise<void> {
    const { inject }: FaultRow = FAULTS[fault.name];
    const undo = await inject({ ...this.target, run }, fault);
    if (undo === undefined) return;
    this.open++;
    void this.target.environment.clock.sleep(fault.forMs).then(async () => {
      await undo();
      this.open--;
    });
  }
}

async function podOf(world: World, choice: number, role = ''): Promise<string> {
  const names = Object.keys(await world.podUids()).sort();
  const fitting = names.filter((name) => name.includes(role));
  const among = fitting.length > 0 ? fitting : names;
  return among[choice % among.length] ?? `${KAFKA}-0`;
}

const annotated =
  (name: string, value: string) =>
  ({ metadata, ...rest }: KubeObject): KubeObject => ({
    ...rest,
    metadata: { ...metadata, annotations: { ...metadata.annotations, [`sandbox.kafka-tls/${name}`]: value } },
  });

/** Reads, changes and writes an object, again as long as another writer is faster. */
async function changeUntilWritten(world: World, subject: ObjectRef, change: (object: KubeObject) => KubeObject): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const object = await world.cluster.get(subject);
    if (object === undefined) return;
    const isWritten = await world.cluster.replace(change(object)).then(
      () => true,
      (error: { readonly status?: number }) => {
        if (error.status !== 409) throw error;
        return false;
      },
    );
    if (isWritten) return;
  }
}

async function changeAll(world: World, kind: Parameters<World['ref']>[0], change: (object: KubeObject) => KubeObject): Promise<void> {
  for (const object of await world.cluster.list(kind, { namespace: world.namespace }))
    await changeUntilWritten(world, refOf(object), change);
}
