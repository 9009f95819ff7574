/**
 * Gates against what really happens. Kafka's own AdminClient, beside the product, says at every moment whether a node may be taken away
 * (`faults/safety.ts`): the product evicts no pod while it must not, goes on once it may, and takes the active controller last. Situations
 * are planted with real processes: nodes freeze, are killed, are slow, cannot start.
 *
 * A pod is Ready when Kafka calls its node in sync, unless a test says otherwise. In the tests of frozen nodes probes notice nothing, so that
 * Kafka's facts alone hold the gate.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Killed } from '../chaos/runner';
import { assertDone } from '../support/converged';
import type { DesiredState } from '../support/desired-states';
import { assertFails, failureOf } from '../support/world';
import { apiOfSuite } from './environment';
import { LivingKafka, type Verdict } from './faults/living-kafka';
import { fillDisk, spoilKeyStore } from './faults/real-faults';
import { dangersWithout, type Health, healthOf } from './faults/safety';
import { type Release, versionOf } from './kafka/jars';
import { WITHOUT_KUBEDB } from './kubedb-kinds';
import type { PodEvent, RunningPod } from './kubelet/report';
import { now } from './load/now';
import { compiledLoad, type Load, type LoadProgram } from './load/program';

const RELEASE: Release = process.env.KAFKA_TLS_TEST_RELEASE === '3' ? 'kafka-3' : 'kafka-4';
const program = compiledLoad(RELEASE);
const missing = 'missing' in program ? program.missing : WITHOUT_KUBEDB;
/** So many answers in a row, twice a second, while the product must wait. */
const ANSWERS = 20;
const SLOW_MS = 40_000;

const rotation = (state: DesiredState): DesiredState => ({ ...state, isRotation: true, rotatesBy: 'restart' });

describe(`gates on Kafka ${versionOf(RELEASE)}`, { skip: missing, concurrency: false, timeout: 7_200_000 }, () => {
  const api = apiOfSuite();
  // Its hooks end before those of the suite around it, which stop the API server.
  describe('three controllers and three brokers', () => {
    let kafka: LivingKafka;
    before(async () => {
      kafka = await LivingKafka.start({ api: api(), executor: 'native', release: RELEASE, program: program as LoadProgram });
    });
    afterEach(() => {
      const { kubelet } = kafka.environment;
      Object.assign(kubelet, { readinessChecks: 'sync', failureThreshold: 3, readyDelayMs: 0, onEvent: undefined, beforeStart: undefined });
      for (const { name } of kafka.environment.pods()) kubelet.signal(name, 'SIGCONT');
      kafka.beforeEviction = undefined;
      kafka.world.onEvent = undefined;
    });
    after(() => kafka?.stop());

    const pod = (name: string): RunningPod => {
      const found = kafka.environment.pods().find((p) => p.name === name);
      assert.ok(found !== undefined, name);
      return found;
    };
    const waits = () => kafka.world.events.filter((e) => e.event === 'waiting').map((e) => e.message);
    /** Rotates under load while something happens, and asserts what must hold in any case. */
    const rotated = async (meanwhile: (load: Load) => void = () => {}): Promise<Verdict> => {
      kafka.world.events.length = 0;
      const bundle = kafka.next(rotation);
      const verdict = await kafka.underLoad(async (load) => {
        meanwhile(load);
        await kafka.world.apply(bundle);
        return [];
      });
      assert.deepEqual(verdict.broken, []);
      await assertDone(kafka.world, bundle);
      return verdict;
    };

    test('pods that are Ready before they are in sync are waited for, and the active controller is last', async (t) => {
      kafka.environment.kubelet.readinessChecks = 'answer';
      const verdict = await rotated();
      t.diagnostic(verdict.summary);
      t.diagnostic([...new Set(waits())].join(' | '));
      assert.equal(verdict.evictions.length, 6);
    });

    const planted = [
      { name: 'a replica that is out of sync', role: 'broker', gate: /min-insync-replicas/ },
      { name: 'a voter that does not fetch', role: 'controller', gate: /controller-quorum/ },
    ] as const;
    for (const { name, role, gate } of planted) {
      test(`${name} holds the gate exactly as long as Kafka calls another restart unsafe`, async (t) => {
        const { kubelet } = kafka.environment;
        kubelet.readinessChecks = 'answer';
        kubelet.failureThreshold = Number.POSITIVE_INFINITY;
        const bundle = kafka.next(rotation);
        let first: string | undefined;
        kafka.beforeEviction = (evicted) => {
          if (!evicted.includes(role)) return;
          if (first !== undefined) throw new Killed();
          first = evicted;
        };
        const verdict = await kafka.underLoad(async (load) => {
          await failureOf(kafka.world.apply(bundle));
          const frozen = pod(first ?? '');
          const left = kafka.environment.pods().filter((p) => p.role === role && p.name !== frozen.name);
          const isDangerous = (health: Health) => left.every((p) => dangersWithout({ id: p.nodeId, role }, health).length > 0);
          kafka.beforeEviction = undefined;
          kubelet.signal(frozen.name, 'SIGSTOP');
          const frozenAt = now();
          const begun = await load.until(
            'Kafka calls every restart unsafe',
            (e) => e.event === 'health' && e.at > frozenAt && isDangerous(healthOf(e)),
          );
          const from = kubelet.events.length;
          kafka.world.events.length = 0;
          const run = kafka.world.apply(bundle);
          let [seen, dangers] = [begun.at, 0];
          await load.until('the product has waited', (e) => {
            if (e.event === 'health' && e.at > seen) {
              seen = e.at;
              dangers = isDangerous(healthOf(e)) ? dangers + 1 : 0;
            }
            return dangers >= ANSWERS && waits().some((message) => gate.test(message));
          });
          const stopped = kubelet.events.slice(from).filter((e) => e.event === 'stopping');
          t.diagnostic([...new Set(waits())].join(' | '));
          kubelet.signal(frozen.name, 'SIGCONT');
          await run;
          return stopped.map((e) => `${e.pod} was taken down while every restart was unsafe`);
        });
        t.diagnostic(verdict.summary);
        assert.deepEqual(verdict.broken, []);
        await assertDone(kafka.world, bundle);
      });
    }

    test('a broker that is killed in the middle of a roll is waited for', async (t) => {
      const { kubelet } = kafka.environment;
      const brokers = (event: PodEvent['event']) => kubelet.events.filter((e) => e.event === event && e.pod.includes('broker'));
      const from = { stopping: brokers('stopping').length, ready: brokers('ready').length };
      let killed: string | undefined;
      kubelet.onEvent = () => {
        const restarted = brokers('stopping').slice(from.stopping);
        // The second one is Ready, and the product has not seen it yet.
        if (killed !== undefined || restarted.length < 2 || brokers('ready').length - from.ready < 2) return;
        killed = restarted[0]?.pod;
        kubelet.signal(killed ?? '', 'SIGKILL');
      };
      const verdict = await rotated();
      t.diagnostic(verdict.summary);
      t.diagnostic([...new Set(waits())].join(' | '));
      const [, , last] = verdict.evictions.filter((e) => e.role === 'broker');
      const back = kubelet.events.filter((e) => e.pod === killed && e.event === 'ready' && e.at.getTime() < (last?.at ?? 0)).at(-1);
      const death = kubelet.events.filter((e) => e.pod === killed && e.event === 'ended').at(-1);
      assert.equal(death?.code, 137);
      assert.ok(back !== undefined && back.at > death.at, `${last?.pod} was restarted before ${killed} was back`);
    });

    test('a broker that comes back slowly is waited for', async (t) => {
      const { kubelet } = kafka.environment;
      let slow: string | undefined;
      kubelet.onEvent = ({ pod: name, event }) => {
        if (event === 'stopping' && name.includes('broker') && slow === undefined) {
          slow = name;
          kubelet.readyDelayMs = SLOW_MS;
        } else if (event === 'ready' && name === slow) kubelet.readyDelayMs = 0;
      };
      const verdict = await rotated();
      t.diagnostic(verdict.summary);
      const [first, second] = verdict.evictions.filter((e) => e.role === 'broker');
      assert.equal(first?.pod, slow);
      assert.ok((second?.at ?? 0) - (first?.at ?? 0) >= SLOW_MS, 'the second broker was restarted after the delay');
    });

    const broken = [
      { name: 'a key store that a node cannot read', plant: spoilKeyStore },
      { name: 'a full disk', plant: fillDisk },
    ] as const;
    for (const { name, plant } of broken) {
      test(`${name} ends the run, and no other pod restarts before it is repaired`, async (t) => {
        const { kubelet } = kafka.environment;
        const bundle = kafka.next(rotation, { podReady: '45s', gate: '20s' });
        const from = kubelet.events.length;
        let repair: (() => void) | undefined;
        kubelet.onEvent = ({ pod: stopping, event }) => {
          if (event === 'stopping' && stopping.includes('broker')) repair ??= plant(kafka.environment, stopping);
        };
        const verdict = await kafka.underLoad(async () => {
          const error = await assertFails(kafka.world.apply(bundle), 1, /broker-\d: restarted and not Ready/);
          t.diagnostic(`exit 1: ${error.message}`);
          const blocked = await assertFails(kafka.world.apply(bundle), 4, /no healthy pod restarts meanwhile|gate:/);
          t.diagnostic(`exit 4: ${blocked.message}`);
          const stopped = kubelet.events.slice(from).filter((e) => e.event === 'stopping' && e.pod.includes('broker'));
          assert.equal(stopped.length, 1, 'one broker was restarted, and no other');
          kubelet.onEvent = undefined;
          repair?.();
          await kafka.world.until(async () => pod(stopped[0]?.pod ?? '').isReady);
          await kafka.world.apply(bundle);
          return [];
        });
        t.diagnostic(verdict.summary);
        assert.deepEqual(verdict.broken, []);
        await assertDone(kafka.world, bundle);
      });
    }
  });
});
