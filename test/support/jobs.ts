/**
 * From a commit to the cluster: how a GitOps controller and Kubernetes treat the Job, in memory and on a real API server. Commits are what
 * the constructs emit, Jobs run the command as their ServiceAccount, and in the end the cluster matches the last commit.
 */

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Tls, TlsIssuer } from '#constructs/index';
import type { ExecutorName } from '#model/desired';
import { conditionOf, KINDS, type KubeObject } from '#model/kube-object';
import { PAUSE_REASON } from '#model/names';
import { off, on, onWithNewRoot } from './desired-states';
import type { GitOpsOptions } from './gitops';
import { JobFixture, type JobSetting, jobOf } from './job-fixture';
import type { Run } from './job-runner';
import { untyped } from './untyped';
import { hasCondition, isReady, KAFKA } from './world';

const RENAMED = { server: { dnsNames: ['kafka.example.org'] } };
const issuer = TlsIssuer.selfSignedCa();
/** The CA of `issuer` under another name: another issuer, the same root. */
const sameRoot = TlsIssuer.caSecret(`${KAFKA}-ca`, { name: `${KAFKA}-ca-again` });

/** Commits that are reverted: what was there before, without any acknowledgement, and what came. */
const REVERTS: readonly { readonly name: string; readonly before: () => Tls; readonly commit: (now: Date) => Tls }[] = [
  { name: 'add TLS', before: () => Tls.off(), commit: () => on() },
  { name: 'other fields of the certificates', before: () => Tls.on({ issuer }), commit: () => on(RENAMED) },
  { name: 'another issuer with the same root', before: () => Tls.on({ issuer }), commit: () => Tls.on({ issuer: sameRoot }) },
  { name: 'another root', before: () => Tls.on({ issuer }), commit: () => onWithNewRoot() },
  { name: 'rotate', before: () => Tls.on({ issuer }), commit: (now) => on({ issuedAfter: now.toISOString() }) },
  { name: 'remove TLS', before: () => Tls.on({ issuer }), commit: () => off() },
];

/** Plays all of them with an executor. */
export function jobs(executor: ExecutorName, open: () => JobSetting): void {
  // They share a fixture.
  describe(`executor ${executor}`, { concurrency: 1 }, () => {
    let fixture: JobFixture;
    afterEach(() => fixture?.close());
    const opened = async (controller: GitOpsOptions['controller'], prune: boolean) => {
      fixture = new JobFixture(executor, open(), controller, prune);
      await fixture.open();
    };

    test('an old Job that tries again when the new one is done applies the current desired state', async () => {
      await opened('Flux', false);
      const [a, b] = [fixture.commit(on()), fixture.commit(on(RENAMED))];
      await fixture.sync(a);
      (await fixture.runAtWork(jobOf(a))).terminate();
      fixture.runner.hold(jobOf(a));
      await fixture.sync(b);
      await fixture.over(jobOf(b));
      const before = await fixture.kafkaPods();
      fixture.runner.release(jobOf(a));
      await fixture.settle();
      assert.deepEqual(fixture.runs(), [
        [jobOf(a), 143],
        [jobOf(b), 0],
        [jobOf(a), 0],
      ]);
      assert.match(fixture.runner.runs.at(-1)?.ran?.stdout ?? '', /this run was started for .+; the present bundle is applied/);
      assert.deepEqual(await fixture.kafkaPods(), before, 'no pod is restarted for it');
      await fixture.assertDone(b);
    });

    test('an old Job that is pruned while it works ends with the Kafka resumed, and the new Job continues', async () => {
      await opened('Argo CD', true);
      const [a, b] = [fixture.commit(on()), fixture.commit(on(RENAMED))];
      await fixture.sync(a);
      const run = await fixture.runAtWork(jobOf(a));
      fixture.runner.hold(jobOf(b));
      await fixture.sync(b);
      await fixture.world.until(async () => run.ran !== undefined);
      assert.equal(run.ran?.exitCode, 143, run.ran?.stderr);
      assert.match(run.ran?.stderr ?? '', /SIGTERM was received/);
      assert.ok(executor === 'ops-request' || !hasCondition(await fixture.world.kafka(), 'Paused'), 'the Kafka is not left paused');
      fixture.runner.release(jobOf(b));
      await fixture.settle();
      assert.deepEqual(fixture.runs(), [
        [jobOf(a), 143],
        [jobOf(b), 0],
      ]);
      await fixture.assertDone(b);
    });

    test('two commits in quick succession: the first Job carries out the second commit, whose Job has nothing left to do', async () => {
      await opened('Flux', false);
      const [a, b] = [fixture.commit(on()), fixture.commit(on(RENAMED))];
      await fixture.sync(a);
      await fixture.runAtWork(jobOf(a));
      await fixture.sync(b);
      await fixture.settle();
      assert.deepEqual(fixture.runs(), [
        [jobOf(a), 0],
        [jobOf(b), 0],
      ]);
      assert.match(fixture.runner.runs.at(-1)?.ran?.stdout ?? '', /finished: nothing to do/);
      await fixture.assertDone(b);
      // The one that is called every hour finds what the two could not know of each other.
      const writes = fixture.writes.length;
      await fixture.runCronJob();
      await fixture.settle();
      assert.deepEqual(
        fixture.writes.slice(writes).filter((w) => !w.endsWith(`/jobs/${jobOf(a)}`)),
        [],
        'nothing but the clean-up',
      );
      await fixture.sync(a);
      await fixture.settle();
      await fixture.assertDone(a);
    });

    test('a KafkaTls that is removed while its Job works: the Job resumes the Kafka while it still has the rights', async () => {
      await opened('Flux', true);
      const commit = fixture.commit(on());
      await fixture.sync(commit);
      const run = await fixture.runAtWork(jobOf(commit));
      await fixture.sync(commit.filter(({ kind }) => kind !== 'ConfigMap'));
      await fixture.world.until(async () => run.ran !== undefined);
      assert.equal(run.ran?.exitCode, 2, run.ran?.stderr);
      assert.match(run.ran?.stderr ?? '', /ConfigMap\/.+: does not exist/);
      await fixture.world.until(async () => executor === 'native' || isReady(await fixture.world.kafka()));
      assert.ok(executor === 'ops-request' || !hasCondition(await fixture.world.kafka(), 'Paused'));
      await fixture.sync([]);
      assert.deepEqual(await fixture.jobs(), []);
      // The commit is brought back.
      await fixture.sync(commit);
      await fixture.settle();
      await fixture.assertDone(commit);
    });

    if (executor === 'native') {
      test('a KafkaTls whose rights are removed first: a condition of the Kafka names the tool that paused it, and how to resume it', async () => {
        await opened('Argo CD', true);
        const commit = fixture.commit(on());
        await fixture.sync(commit);
        const run = await fixture.runAtWork(jobOf(commit));
        await fixture.sync(commit.filter(({ kind }) => kind === 'Job' || kind === 'ConfigMap'));
        await fixture.sync([]);
        await fixture.world.until(async () => run.ran !== undefined);
        // The missing right ends the run, or SIGTERM does; a process that is exiting already may be ended by the signal itself.
        assert.notEqual(run.ran?.exitCode, 0, run.ran?.stderr);
        assert.match(run.ran?.stdout ?? '', /may still be paused: .+ "kubectl edit /);
        const paused = conditionOf((await fixture.world.kafka()) as KubeObject, 'Paused');
        assert.equal(paused?.reason, PAUSE_REASON);
        const { namespace } = fixture.world;
        assert.match(
          paused?.message ?? '',
          new RegExp(`^by kafka-tls for KafkaOpsRequest/${namespace}/orders-tls-.+; the next run resumes it`),
        );
        assert.match(paused?.message ?? '', new RegExp(`"kubectl edit kafkas.kubedb.com ${KAFKA} -n ${namespace} --subresource=status"`));
        await fixture.pruned();
        await fixture.sync(commit);
        await fixture.settle();
        await fixture.assertDone(commit);
      });
    }

    test('a revert of every kind of commit leaves the cluster as it was, and needs no acknowledgement', async () => {
      await opened('Argo CD', true);
      let last: string | undefined;
      for (const { name, before, commit } of REVERTS) {
        const base = fixture.commit(before());
        for (const commit of last === jobOf(base) ? [] : [fixture.commit(name === 'add TLS' ? off() : on()), base]) {
          await fixture.sync(commit);
          await fixture.settle();
        }
        last = jobOf(base);
        const was = await fixture.state();
        await fixture.world.environment.pass(60_000);
        await fixture.sync(fixture.commit(commit(fixture.world.clock.now())));
        await fixture.settle();
        await fixture.sync(base);
        await fixture.settle();
        const failed = fixture.runner.runs.filter(({ ran }) => ran?.exitCode !== 0);
        assert.deepEqual(
          failed.map(({ ran }) => ran?.stderr),
          [],
          name,
        );
        assert.deepEqual(await fixture.state(), was, name);
        await fixture.assertDone(base);
      }
    });

    // The executor does not matter here: played once.
    if (executor === 'ops-request') {
      for (const [controller, prune] of [
        ['Argo CD', true],
        ['Flux', false],
      ] as const) {
        test(`${controller}, pruning ${prune}: a revert creates its Job again, and the Job runs`, async () => {
          await opened(controller, prune);
          const [a, b] = [fixture.commit(Tls.off()), fixture.commit(on())];
          for (const commit of [a, b, a]) {
            await fixture.sync(commit);
            await fixture.settle();
          }
          assert.deepEqual(fixture.runs(), [
            [jobOf(a), 0],
            [jobOf(b), 0],
            [jobOf(a), 0],
          ]);
          assert.deepEqual(await fixture.jobs(), [jobOf(a)]);
          await fixture.assertDone(a);
        });
      }

      test('a Job that has failed for good is deleted by the run that succeeds, so that it is created again and completes', async () => {
        await opened('Argo CD', true);
        const commit = fixture.commit(on());
        // A place may have bound the Role already: the commit takes the binding over, and the next one removes it.
        await fixture.sync(commit.filter(({ kind }) => kind === 'RoleBinding'));
        await fixture.sync([]);
        await fixture.sync(commit.filter(({ kind }) => kind !== 'RoleBinding'));
        await fixture.settle();
        const { namespace } = fixture.world;
        const failed = conditionOf((await fixture.world.cluster.get(fixture.world.ref(KINDS.Job, jobOf(commit)))) as KubeObject, 'Failed');
        assert.equal(failed?.reason, 'BackoffLimitExceeded', namespace);
        await fixture.sync(commit);
        await fixture.runCronJob();
        await fixture.settle();
        assert.ok(!(await fixture.jobs()).includes(jobOf(commit)), 'the failed Job stays');
        await fixture.sync(commit);
        await fixture.settle();
        assert.deepEqual(fixture.runs().at(-1), [jobOf(commit), 0]);
        await fixture.assertDone(commit);
      });

      test('a Job that is brought back beside the CronJob finds nothing to do, once', async () => {
        await opened('Argo CD', true);
        const commit = fixture.commit(on());
        await fixture.sync(commit);
        await fixture.settle();
        const [before, writes] = [await fixture.kafkaPods(), fixture.writes.length];
        await fixture.deleteJob(jobOf(commit));
        await fixture.runCronJob();
        for (let i = 0; i < 3; i++) {
          await fixture.correctDrift();
          await fixture.settle();
        }
        assert.equal(fixture.runs().length, 3, 'the first one, the CronJob and the one that was brought back');
        assert.deepEqual(fixture.writes.slice(writes), []);
        assert.deepEqual(await fixture.kafkaPods(), before);
        await fixture.assertDone(commit);
      });

      test('a tool that changed the bundle on its way is named at the first attempt, and nothing is done', async () => {
        await opened('Flux', false);
        const { namespace } = fixture.world;
        for (const [commit, says] of [
          [substituted(fixture.commit(on())), /its digest is .+ Flux's postBuild\.substitute may have changed it/],
          [moved(fixture.commit(on(), 'staging'), namespace), /namespace is staging, but the ConfigMap is in .+ Kustomize's "namespace"/],
        ] as const) {
          await fixture.sync(commit);
          await fixture.settle();
          const { job, ran } = fixture.runner.runs.at(-1) as Run;
          assert.equal(ran?.exitCode, 2, ran?.stderr);
          assert.match(ran?.stderr ?? '', says);
          const failed = conditionOf((await fixture.world.cluster.get(fixture.world.ref(KINDS.Job, job))) as KubeObject, 'Failed');
          assert.equal(failed?.reason, 'PodFailurePolicy');
        }
        assert.equal(fixture.runs().length, 2);
        assert.deepEqual(fixture.writes, []);
      });
    }
  });
}

/** What Flux's postBuild does to a text that only looks like a variable. */
function substituted(commit: readonly KubeObject[]): readonly KubeObject[] {
  const changed = (data: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(data).map(([key, text]) => [key, text.replace('retries: 1', 'retries: 2')]));
  return commit.map((object) => (object.kind === 'ConfigMap' ? { ...object, data: changed(untyped(object.data)) } : object));
}

/** What Kustomize's "namespace" does: to objects and subjects, and to no text. */
function moved(commit: readonly KubeObject[], namespace: string): readonly KubeObject[] {
  return commit.map(({ subjects, ...object }) => ({
    ...object,
    metadata: { ...object.metadata, namespace },
    ...(subjects === undefined ? {} : { subjects: untyped(subjects).map((subject: object) => ({ ...subject, namespace })) }),
  })) as readonly KubeObject[];
}
