/** Which Jobs a run deletes: finished ones of earlier contents, and no others; and that it is about them before and after its work. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { Tls } from '#constructs/index';
import { KINDS, type KubeObject, type ObjectMeta, ref } from '#model/kube-object';
import { ANNOTATION_DIGEST, ANNOTATION_JOB, ANNOTATION_OWNER, bundleName, LABEL_KAFKA } from '#model/names';
import { deleteFailedJob, deleteFinishedJobs } from '#reconciler/cli/finished-jobs';
import type { Cluster, ProgressEvent } from '#reconciler/ports';
import type { Denial } from '#reconciler/sandbox/api/access';
import { createApi } from '#reconciler/sandbox/api/api';
import { configMapOfBundle } from '../support/bundle-text';
import { kafkaTlsIn } from '../support/command-line';
import { desiredProps, on } from '../support/desired-states';
import { FakeClock } from '../support/fake-clock';
import { clusterIn } from '../support/transports';
import { inMemory, KAFKA, kafkaManifest, NAMESPACE, World } from '../support/world';

const NAMED = 'kafka-tls-orders-now';
const OLD = 'kafka-tls-orders-old';
const DIGEST = 'sha256:of-the-present-content';
const CONFIG_MAP = ref(KINDS.ConfigMap, NAMESPACE, bundleName(KAFKA));

interface Case {
  readonly name: string;
  readonly metadata?: Partial<ObjectMeta> | undefined;
  /** Condition of its end. */
  readonly ended?: string | undefined;
  readonly isOfCronJob?: boolean;
  /** Identity of the run, and digest of the content that it has applied. */
  readonly identity?: string;
  readonly digest?: string;
  readonly goes: boolean;
}

const present = { metadata: { name: NAMED } };
const ofCronJob = `${NAMED.slice(0, -3)}290-x`;
/** What a run deletes first and last, and what it deletes after it has succeeded. */
const CASES: Readonly<Record<'cleanUp' | 'succeed', readonly Case[]>> = {
  cleanUp: [
    { name: 'a complete one', ended: 'Complete', goes: true },
    { name: 'a failed one', ended: 'Failed', goes: true },
    { name: 'one that still runs', goes: false },
    { name: 'one that is about to end', ended: 'SuccessCriteriaMet', goes: false },
    { ...present, name: 'the one that the ConfigMap names', ended: 'Complete', goes: false },
    { name: 'one of another Kafka', metadata: { labels: { [LABEL_KAFKA]: 'payments' } }, ended: 'Complete', goes: false },
    { name: 'one that a CronJob made', isOfCronJob: true, ended: 'Complete', goes: false },
  ],
  succeed: [
    { ...present, name: 'a failed one of the present content', ended: 'Failed', goes: true },
    { ...present, name: 'a failed one, after a run of the CronJob', ended: 'Failed', identity: ofCronJob, goes: true },
    { ...present, name: 'a complete one, which would be created again', ended: 'Complete', goes: false },
    { ...present, name: 'one that still runs', goes: false },
    { ...present, name: 'one that is about to fail', ended: 'FailureTarget', goes: false },
    { ...present, name: 'one that a CronJob made', isOfCronJob: true, ended: 'Failed', goes: false },
    { ...present, name: 'the one that this run is a pod of', ended: 'Failed', identity: `${NAMED}-x7k2p-1f2e`, goes: false },
    { ...present, name: 'one whose ConfigMap holds another content by now', ended: 'Failed', digest: 'another', goes: false },
    { name: 'a failed one of an earlier content', ended: 'Failed', goes: false },
  ],
};
for (const step of ['cleanUp', 'succeed'] as const) {
  describe(step === 'cleanUp' ? 'a Job of the Kafka' : 'after a run has succeeded, a Job of the Kafka', () => {
    for (const { name, metadata, ended, isOfCronJob, identity, digest, goes } of CASES[step]) {
      test(`${name} ${goes ? 'is deleted' : 'stays'}`, async () => {
        const configMap = { annotations: { [ANNOTATION_JOB]: NAMED, [ANNOTATION_DIGEST]: DIGEST } };
        const api = await apiWith(jobManifest({ metadata, ended }), { isOfCronJob, configMap });
        const events = await api[step](identity, digest);
        assert.equal((await api.cluster.list(KINDS.Job, { namespace: NAMESPACE })).length, goes ? 0 : 1);
        assert.deepEqual(
          events.map(({ event, subject }) => [event, subject.name]),
          goes ? [['deleted', metadata?.name ?? OLD]] : [],
        );
      });
    }
  });
}

test('no Job is deleted without the annotation on the ConfigMap, or without the ConfigMap', async () => {
  for (const configMap of [{ annotations: {} }, undefined]) {
    const { cluster, cleanUp } = await apiWith(jobManifest({ ended: 'Complete' }), { configMap });
    assert.deepEqual(await cleanUp(), []);
    assert.equal((await cluster.list(KINDS.Job, { namespace: NAMESPACE })).length, 1);
  }
});

test('a run without the right to delete Jobs warns and continues', async () => {
  for (const verb of ['list', 'delete']) {
    const { cleanUp } = await apiWith(jobManifest({ ended: 'Complete' }), { denied: [{ verb, resource: 'jobs' }] });
    const [warning, ...others] = await cleanUp();
    assert.equal(warning?.event, 'warning');
    assert.match(warning?.message ?? '', new RegExp(`^finished Jobs were not all deleted: .+may not ${verb} jobs`));
    assert.deepEqual(others, []);
  }
});

describe('a Job of an earlier content', () => {
  test('that has finished is deleted by a run with nothing to do, which takes no Lease', async (t) => {
    const { cluster, run, end } = await withOldJob(t, Tls.off());
    await end();
    await run('apply');
    assert.deepEqual(await cluster.list(KINDS.Job, { namespace: NAMESPACE }), []);
    assert.equal(await cluster.get(ref(KINDS.Lease, NAMESPACE, bundleName(KAFKA))), undefined);
  });

  test('that finishes during a run is deleted at its end', async (t) => {
    const { cluster, run } = await withOldJob(t, on(), (text) => / submitted/.test(text));
    await run('apply');
    assert.deepEqual(await cluster.list(KINDS.Job, { namespace: NAMESPACE }), []);
  });

  test('stays after a run of a saved plan', async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-test-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const file = path.join(folder, 'plan.json');
    const { cluster, run, end } = await withOldJob(t, Tls.off());
    await end();
    await run('plan', '--out', file);
    await run('apply', '--plan', file);
    assert.equal((await cluster.list(KINDS.Job, { namespace: NAMESPACE })).length, 1);
  });
});

/** A Kafka that is ours, a bundle, and an old Job, which ends when it is told to or when a run prints something. */
async function withOldJob(t: TestContext, tls: Tls, endsAt: (text: string) => boolean = () => false) {
  const environment = inMemory({});
  const { metadata, ...kafka } = kafkaManifest();
  const annotations = { [ANNOTATION_OWNER]: `${NAMESPACE}/${KAFKA}` };
  const world = await new World({}, () => environment).start({ ...kafka, metadata: { ...metadata, annotations } } as KubeObject);
  t.after(() => world.stop());
  await world.settle();
  const { cluster } = environment;
  const configMap = configMapOfBundle(world.bundle(desiredProps('ops-request', tls)));
  await cluster.create({ ...configMap, metadata: { ...configMap.metadata, annotations: { [ANNOTATION_JOB]: NAMED } } });
  const job = await cluster.create(jobManifest({}));
  let ending: Promise<unknown> | undefined;
  const end = () => {
    ending ??= cluster.replace({ ...job, ...endedBy('Complete') }, { status: true });
    return ending;
  };
  const stdout = (text: string) => void (endsAt(text) && end());
  const run = async (...argv: readonly string[]) => {
    const ran = await kafkaTlsIn(environment, [...argv, '--config-map', bundleName(KAFKA)], { io: { stdout } });
    assert.equal(ran.exitCode, 0, ran.stderr);
  };
  return { cluster, run, end };
}

const CRON_JOB = { apiVersion: KINDS.CronJob.apiVersion, kind: KINDS.CronJob.kind };

interface Circumstances {
  readonly configMap?: Partial<ObjectMeta> | undefined;
  readonly denied?: readonly Denial[];
  readonly isOfCronJob?: boolean | undefined;
}

async function apiWith(job: KubeObject, circumstances: Circumstances = {}) {
  const { configMap, denied = [] } = { configMap: { annotations: { [ANNOTATION_JOB]: NAMED } }, ...circumstances };
  const clock = new FakeClock();
  const cluster: Cluster = clusterIn(createApi({ now: () => clock.now(), namespaces: [NAMESPACE], denied }), clock);
  const { name, namespace = '' } = CONFIG_MAP;
  if (configMap !== undefined) {
    await cluster.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, ...configMap }, data: {} });
  }
  const { status, ...draft } = job;
  const cronJob = await cluster.create({ ...CRON_JOB, metadata: { name: 'kafka-tls-orders', namespace } });
  const owner = { ...CRON_JOB, name: cronJob.metadata.name, uid: cronJob.metadata.uid ?? '' };
  const ownerReferences = circumstances.isOfCronJob ? [owner] : [];
  const created = await cluster.create({ ...draft, metadata: { ...job.metadata, ownerReferences } } as KubeObject);
  await cluster.replace({ ...created, status }, { status: true });
  const report = (events: ProgressEvent[]) => (event: ProgressEvent) => void events.push(event);
  const jobsOf = (events: ProgressEvent[]) => ({ cluster, configMap: CONFIG_MAP, kafka: KAFKA, identity: 'a-run', report: report(events) });
  const cleanUp = async () => {
    const events: ProgressEvent[] = [];
    await deleteFinishedJobs(jobsOf(events));
    return events;
  };
  const succeed = async (identity = 'a-run', digest = DIGEST) => {
    const events: ProgressEvent[] = [];
    await deleteFailedJob({ ...jobsOf(events), identity }, digest);
    return events;
  };
  return { cluster, cleanUp, succeed };
}

function jobManifest({ metadata, ended }: Pick<Case, 'metadata' | 'ended'>): KubeObject {
  return {
    apiVersion: KINDS.Job.apiVersion,
    kind: KINDS.Job.kind,
    metadata: { name: OLD, namespace: NAMESPACE, labels: { [LABEL_KAFKA]: KAFKA }, ...metadata },
    spec: { template: { spec: { containers: [] } } },
    ...endedBy(ended),
  };
}

function endedBy(type: string | undefined): { readonly status: object } {
  return { status: type === undefined ? {} : { conditions: [{ type, status: 'True' }] } };
}
