/**
 * Faults on real processes: three controllers and three brokers of real Kafka under load, whose certificates rotate while the reconciler is
 * killed, nodes are killed, freeze, are slow or cannot start. Kafka's own AdminClient judges every eviction (`faults/evictions.ts`).
 *
 * Schedules come from seeds: KAFKA_TLS_TEST_SEEDS of them, 1 by default, from KAFKA_TLS_TEST_FIRST_SEED on. One cluster serves all schedules of an
 * executor, one after the other; there is a new one only after a schedule that broke something.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { EXECUTORS } from '#model/desired';
import { repeatedly } from '../chaos/killed-processes';
import type { DesiredState } from '../support/desired-states';
import { apiOfSuite } from './environment';
import { LivingKafka } from './faults/living-kafka';
import { scheduleOf } from './faults/schedule';
import { firstOfEachKind } from './first-of-each-kind';
import { type Release, versionOf } from './kafka/jars';
import { WITHOUT_KUBEDB } from './kubedb-kinds';
import { compiledLoad, type LoadProgram } from './load/program';

const RELEASE: Release = process.env.KAFKA_TLS_TEST_RELEASE === '3' ? 'kafka-3' : 'kafka-4';
const program = compiledLoad(RELEASE);
const missing = 'missing' in program ? program.missing : WITHOUT_KUBEDB;

const byRestart = (state: DesiredState): DesiredState => ({ ...state, isRotation: true, rotatesBy: 'restart' });
const byReload = (state: DesiredState): DesiredState => ({ ...state, isRotation: true, rotatesBy: 'reload' });

const SEEDS = Number(process.env.KAFKA_TLS_TEST_SEEDS ?? 1);
/** From here on, twenty seeds have every fault, every way of a kill, and both executors. */
const FIRST_SEED = Number(process.env.KAFKA_TLS_TEST_FIRST_SEED ?? 20);
const schedules = Array.from({ length: SEEDS }, (_, i) => ({ seed: FIRST_SEED + i, ...scheduleOf(FIRST_SEED + i) }));

describe(`faults on Kafka ${versionOf(RELEASE)}`, { skip: missing, concurrency: false, timeout: 7_200_000 }, () => {
  const api = apiOfSuite();

  for (const executor of EXECUTORS) {
    describe(executor, () => {
      let kafka: LivingKafka;
      const start = async () => {
        kafka = await LivingKafka.start({ api: api(), executor, release: RELEASE, program: program as LoadProgram });
      };
      before(start);
      after(() => kafka?.stop());
      let isWhole = true;
      /** Disturbs an operation on a cluster that no earlier one has broken. */
      const operate: LivingKafka['operate'] = async (change, disturb) => {
        if (!isWhole) {
          await kafka.stop();
          await start();
        }
        isWhole = false;
        const verdict = await kafka.operate(change, disturb);
        isWhole = verdict.broken.length === 0;
        return verdict;
      };

      const rotations = [
        { name: 'by restart', change: byRestart, restarts: 6, write: 'create kafkaopsrequests' },
        { name: 'by reload', change: byReload, restarts: 0, write: 'update certificates/status' },
      ].filter(({ restarts }) => executor === 'native' || restarts > 0);
      for (const { name, change, restarts, write } of rotations) {
        test(`a rotation ${name} is finished by the next run, whichever kind of write the reconciler is killed at`, async (t) => {
          const { kinds, aim } = firstOfEachKind();
          const killed = kafka.kills;
          const verdict = await operate(
            change,
            repeatedly(() => aim),
          );
          t.diagnostic(`${kafka.kills - killed} kills: ${kinds.join(', ')}`);
          t.diagnostic(verdict.summary);
          assert.deepEqual(verdict.broken, [], kafka.trace);
          assert.equal(kafka.kills - killed, kinds.length, 'the reconciler was killed at every kind of write');
          assert.ok(kinds.includes(write), write);
          assert.equal(verdict.evictions.length, restarts);
        });
      }

      for (const { seed, change, disturb, text } of schedules.filter((s) => s.executor === executor)) {
        test(`seed ${seed}: ${text}`, async (t) => {
          const { broken, summary, disturbances } = await operate(change, disturb);
          t.diagnostic(summary);
          assert.deepEqual(broken, [], `replay it with: npm run test:real -- faults --seeds 1 --first-seed ${seed}\n${kafka.trace}`);
          assert.equal(disturbances, disturb.length, 'every fault and kill of the schedule met the operation');
        });
      }
    });
  }
});
