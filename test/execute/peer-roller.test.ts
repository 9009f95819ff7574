/**
 * A peer's test cases for its roller, answered by the product's own: the loop that restarts pods, its gates and the verification after it,
 * in front of a scripted cluster. The cases are not part of this project and only run where they are at hand.
 */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Kafka } from '#model/kinds/index';
import { KINDS, type KubeObject, type ObjectRef, ref } from '#model/kube-object';
import type { KafkaTlsError } from '#reconciler/errors';
import type { ExecuteContext } from '#reconciler/execute/context';
import { restartPods } from '#reconciler/execute/restart';
import type { PodFacts, PodObservation } from '#reconciler/model/observation';
import type { Plan } from '#reconciler/model/plan';
import { mismatches } from '#reconciler/plan/verify';
import type { Cluster } from '#reconciler/ports';
import { ClusterBuilder, KAFKA, NAMESPACE } from '../support/cluster-builder';
import { FakeClock } from '../support/fake-clock';

const FILE = '../shared/scenarios/strimzi.json';

interface RollerCase {
  readonly id: string;
  readonly suite: string;
  readonly source_test: string;
  readonly given: {
    readonly nodes: readonly { readonly id: number; readonly roles: readonly string[] }[];
    readonly activeController: number | null;
    readonly needsRestart: readonly number[];
    readonly restartReason: string;
    readonly unreadyWhenOrderIsComputed: readonly number[];
    readonly neverBecomesReady: readonly number[];
    readonly stuckPods: Readonly<Record<string, string>>;
    /** Answers of the safety check for a node, attempt by attempt; the last answer stays. */
    readonly safetyCheckPerAttempt: Readonly<Record<string, readonly boolean[]>>;
  };
  readonly expect: { readonly restarted: readonly number[]; readonly error: { readonly code: string; readonly pod: number } | null };
}

const cases: readonly RollerCase[] = existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : [];

describe("a peer's roller cases", { skip: cases.length === 0 ? `${FILE} is not here` : false }, () => {
  for (const { id, source_test, given, expect } of cases.filter((c) => c.suite === 'roller')) {
    test(`${id}: ${source_test}`, async () => {
      const cluster = new ScriptedCluster(given);
      const error = await cluster.roll();
      assert.deepEqual(cluster.restarted, expect.restarted, error?.message);
      assert.deepEqual(
        error === undefined ? null : { code: codeOf(error), pod: cluster.nodeIn(error) },
        expect.error && pick(expect.error),
      );
    });
  }
});

function pick({ code, pod }: { readonly code: string; readonly pod: number }) {
  return { code, pod };
}

/** The peer's name for an error of ours. */
function codeOf({ message }: Error): string {
  if (message.includes('cannot start')) return 'stuck-but-up-to-date';
  return message.includes('not Ready') ? 'not-ready-after-restart' : 'cannot-restart-now';
}

/** Pods that serve TLS where plaintext is desired are the ones that need a restart. */
class ScriptedCluster {
  readonly restarted: number[] = [];
  private readonly clock = new FakeClock();
  private readonly bundle = new ClusterBuilder('combined', 'off').bundle;
  private pods: readonly PodFacts[];
  private readonly attempts = new Map<number, number>();

  constructor(private readonly given: RollerCase['given']) {
    this.pods = given.nodes.map(({ id, roles }, ordinal): PodFacts => {
      const stuck = given.stuckPods[id];
      // A pod that cannot start is outdated only if it was made from an old revision.
      const isOutdated = given.needsRestart.includes(id) && (stuck === undefined || given.restartReason.includes('old-'));
      return {
        name: `p-${ordinal}`,
        uid: `old-${ordinal}`,
        role: roles.length === 2 ? 'combined' : (roles[0] as PodFacts['role']),
        ordinal,
        nodeId: id,
        petSet: 'p',
        isReady: stuck === undefined && !given.unreadyWhenOrderIsComputed.includes(id),
        isRunning: stuck === undefined,
        isTerminating: false,
        revision: 'r',
        ...(stuck === undefined ? {} : { stuck }),
        served: [{ listener: 'BROKER', protocol: isOutdated ? 'tls' : 'plaintext' }],
      };
    });
  }

  /** Restarts the pods that need it, then verifies all of them, as a run does. Returns the error of the run. */
  async roll(): Promise<Error | undefined> {
    const context = this.context();
    const pods = this.given.needsRestart.map((id) => ({ subject: this.refOf(id), findings: [], role: 'broker' as const, place: '' }));
    const plan = { subject: ref(KINDS.Kafka, NAMESPACE, KAFKA) } as unknown as Plan;
    const error = await this.clock.run(
      restartPods({ context, plan, pods, onEvict: async () => {}, onRunning: async () => {} }).then(
        () => undefined,
        (e: Error) => e,
      ),
    );
    const [mismatch] = mismatches(this.look(), 'off');
    return error ?? (mismatch && new Error(`${mismatch.subject.name}: ${mismatch.problem}`));
  }

  /** The node of the pod that an error is about, that keeps the others from restarting, or that is mentioned first. */
  nodeIn(error: Error): number | undefined {
    const { subject } = error as KafkaTlsError;
    const name =
      subject?.kind === KINDS.Pod.kind ? subject.name : (/p-\d+(?= is up to date)/.exec(error.message) ?? /p-\d+/.exec(error.message))?.[0];
    return this.pods.find((p) => p.name === name)?.nodeId;
  }

  private refOf(id: number): ObjectRef {
    return ref(KINDS.Pod, NAMESPACE, this.pods.find((p) => p.nodeId === id)?.name ?? '');
  }

  private context(): ExecuteContext {
    const cluster: Partial<Cluster> = {
      watch: async function* (_kind, _selection, signal) {
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      },
      evict: async (pod) => {
        this.restart(pod.name);
        return { kind: 'evicted' };
      },
      list: async () => this.pods.map(objectOf),
      get: async (subject) => objectOf(this.pods.find((p) => p.name === subject.name) as PodFacts),
    };
    return {
      bundle: this.bundle,
      cluster: cluster as Cluster,
      clock: this.clock,
      report: () => {},
      signal: new AbortController().signal,
      lookAtPods: async (options?: { readonly withKafka: boolean }) => this.look(options?.withKafka === true),
      desiredStateUnchanged: async () => true,
    } as Partial<ExecuteContext> as ExecuteContext;
  }

  private restart(name: string): void {
    this.pods = this.pods.map(({ stuck, ...pod }) => {
      if (pod.name !== name) return stuck === undefined ? pod : { ...pod, stuck };
      this.restarted.push(pod.nodeId);
      const isReady = !this.given.neverBecomesReady.includes(pod.nodeId);
      return { ...pod, uid: `new-${pod.ordinal}`, isReady, isRunning: true, served: [{ listener: 'BROKER', protocol: 'plaintext' }] };
    });
  }

  /** Where the safety check refuses, Kafka's facts make the gate refuse: no leader, or a partition that cannot lose a replica. */
  private look(isGate = false): PodObservation {
    const { activeController, nodes } = this.given;
    const refused = nodes.map(({ id }) => id).filter((id) => !this.isSafe(id, isGate));
    const voters = nodes.filter((n) => n.roles.includes('controller')).map(({ id }) => ({ nodeId: id, lastCaughtUpMs: 1000 }));
    const isQuorumLost = refused.some((id) => voters.some((v) => v.nodeId === id));
    const leaderId = isQuorumLost ? undefined : (activeController ?? voters[0]?.nodeId ?? -1);
    const partitions = refused.map((id) => ({ partition: id, leader: id, replicas: [id, -2, -3], isr: [id, -2] }));
    return {
      observedAt: this.clock.now().toISOString(),
      namespace: NAMESPACE,
      name: KAFKA,
      kafka: { ...KINDS.Kafka, metadata: { name: KAFKA, namespace: NAMESPACE }, spec: { replicas: 0 } } as unknown as Kafka,
      secrets: [],
      petSets: [],
      pods: this.pods,
      facts: {
        value: {
          quorum: { leaderId, voters, fetchTimeoutMs: 2000 },
          topics: partitions.length === 0 ? [] : [{ name: 'scripted', minInsyncReplicas: 2, partitions }],
        },
      },
    };
  }

  /** An attempt counts once every pod before this one has restarted: only then its gate decides. */
  private isSafe(id: number, isGate: boolean): boolean {
    const answers = this.given.safetyCheckPerAttempt[id];
    if (answers === undefined || this.restarted.includes(id)) return true;
    const attempt = this.attempts.get(id) ?? 0;
    const { needsRestart } = this.given;
    const isNext = needsRestart.slice(0, needsRestart.indexOf(id)).every((earlier) => this.restarted.includes(earlier));
    if (isGate && isNext) this.attempts.set(id, attempt + 1);
    return answers[Math.min(attempt, answers.length - 1)] ?? true;
  }
}

function objectOf({ name, uid, isReady }: PodFacts): KubeObject {
  const conditions = ['Ready', 'PodScheduled'].map((type) => ({ type, status: isReady || type !== 'Ready' ? 'True' : 'False' }));
  const { apiVersion, kind } = KINDS.Pod;
  return { apiVersion, kind, metadata: { name, namespace: NAMESPACE, uid }, status: { phase: 'Running', conditions } };
}
