/** Preflight checks report all blockers of a plan at once, the most severe first. A blocker that time resolves hides none that a commit resolves. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DEFAULT_DEADLINES, EXECUTORS, type ExecutorName } from '#model/desired';
import type { Issuer, PodDisruptionBudget } from '#model/kinds/index';
import { KINDS, type KubeObject } from '#model/kube-object';
import { LABEL_KAFKA } from '#model/names';
import { permissions } from '#model/permissions';
import type { CertificateFacts, KafkaFacts, TopicFacts } from '#reconciler/model/observation';
import { restartsOf } from '#reconciler/model/plan';
import { type PlanOptions, plan } from '#reconciler/plan/plan';
import { untyped } from '#test/support/untyped';
import { ClusterBuilder, certificate, KAFKA, NAMESPACE, NOW, readyIssuer, TLS } from '../support/cluster-builder';

/** An obstacle in few words: `invalid Kafka/orders`. */
type Expected = `${'invalid' | 'failed' | 'blocked' | 'wait'} ${string}`;

interface Case {
  readonly name: string;
  readonly cluster: () => ClusterBuilder;
  /** Default: both. */
  readonly only?: ExecutorName;
  readonly options?: PlanOptions;
  /** Default: no obstacle. */
  readonly expect?: readonly Expected[];
  /** Messages and hints of all obstacles. */
  readonly says?: RegExp;
  /** What the notes say, and what they do not say. */
  readonly notes?: RegExp;
  readonly noNote?: RegExp;
  /** Number of planned restarts. Default: none past an obstacle. */
  readonly restarts?: number;
}

const MOVE = { acknowledge: [{ kind: 'clientsMoveToTls' as const }] };
const plaintext = () => new ClusterBuilder('dedicated', 'off').wants(TLS);
const MISSING = { kind: 'Issuer' as const, name: 'orders-ca' };

function play(cases: readonly Case[]): void {
  for (const executor of EXECUTORS) {
    for (const c of cases.filter(({ only }) => only === undefined || only === executor)) {
      test(`${c.name} (${executor})`, () => {
        const { bundle, live } = c.cluster().desires({ executor });
        const { obstacles, steps, notes } = plan(bundle, live, new Date(NOW), c.options);
        assert.deepEqual(
          obstacles.map((o) => `${o.kind} ${o.subject.kind}/${o.subject.name}`),
          c.expect ?? [],
          JSON.stringify(obstacles, undefined, 2),
        );
        if (c.restarts !== undefined) assert.equal(restartsOf(steps).length, c.restarts);
        else if (obstacles.length > 0) assert.deepEqual(steps, []);
        if (c.notes !== undefined) assert.match(notes.join('\n'), c.notes);
        if (c.noNote !== undefined) assert.doesNotMatch(notes.join('\n'), c.noNote);
        if (c.says !== undefined) assert.match(obstacles.map((o) => `${o.message} ${o.hint ?? ''}`).join('\n'), c.says);
      });
    }
  }
}

describe('all at once', () => {
  const scaling = (c: ClusterBuilder, type: string) => c.request('by-hand', 'Progressing', undefined, { type });
  play([
    {
      name: 'another owner, no acknowledgement, a foreign pause, no issuer',
      cluster: () =>
        plaintext()
          .desires({ owner: 'demo/other' })
          .kafkaCondition({ type: 'Paused', status: 'True', reason: 'Maintenance', message: 'disk swap' })
          .issuer(MISSING),
      expect: ['invalid Kafka/orders', 'invalid Kafka/orders', 'blocked Kafka/orders', 'wait Issuer/orders-ca'],
      says: /belongs to demo\/orders(.|\n)*that is not acknowledged(.|\n)*disk swap(.|\n)*certificates are to be issued by it/,
    },
    {
      name: 'an operation that does not change TLS hides no missing acknowledgement',
      cluster: () => scaling(plaintext(), 'HorizontalScaling'),
      expect: ['invalid Kafka/orders', 'wait Kafka/orders'],
    },
    {
      name: 'an operation that may change TLS must finish before anything is planned',
      cluster: () => scaling(plaintext(), 'ReconfigureTLS'),
      expect: ['wait Kafka/orders'],
    },
    {
      name: 'a deletion of the Kafka is the only blocker',
      cluster: () =>
        plaintext()
          .desires({ owner: 'demo/other' })
          .kafka((k) => ({ ...k, metadata: { ...k.metadata, deletionTimestamp: NOW }, spec: { ...untyped(k.spec), halted: true } })),
      expect: ['blocked Kafka/orders'],
      says: /is being deleted/,
    },
  ]);
});

describe('permissions', () => {
  const without = (c: ClusterBuilder, verb: string, resource: string) => {
    const all = permissions('orders', 'native').filter((p) => p.resource === resource && p.verbs.includes(verb));
    return c.sees(() => ({ denied: all.map((p) => ({ ...p, verbs: [verb] })) }));
  };
  const unpausable = (c: ClusterBuilder) => without(c, 'update', 'kafkas/status');
  play([
    {
      name: 'a denied permission is named with its use',
      cluster: () => unpausable(plaintext().desires(MOVE)),
      expect: ['blocked Kafka/orders'],
      says: /^may not update kafkas\/status in demo \(needed to pause and resume it\) Grant it .*{apiGroups: \["kubedb.com"\], resources: \["kafkas\/status"\], verbs: \["update"\]}/,
    },
    {
      name: 'a permission for a single object names the object',
      cluster: () => without(plaintext().desires(MOVE), 'update', 'leases'),
      expect: ['blocked Kafka/orders'],
      says: /resourceNames: \["kafka-tls-orders"\]/,
    },
    {
      name: 'a denied permission is reported with a blocker that is waited for',
      cluster: () => unpausable(new ClusterBuilder().request('by-hand', 'Progressing', undefined, { type: 'Restart' })),
      expect: ['blocked Kafka/orders', 'wait Kafka/orders'],
    },
    { name: 'without work no permission is needed', cluster: () => unpausable(new ClusterBuilder()) },
    {
      name: 'a preview is not blocked, and notes what applying needs',
      cluster: () => unpausable(plaintext().desires(MOVE)),
      options: { isPreview: true },
      notes: /^You may not update kafkas\/status in demo, which applying needs; the Role of the Job allows it\.$/m,
    },
  ]);
});

/** An object that a run of this Kafka has applied. */
const ours = <O extends KubeObject>(o: O): O => ({ ...o, metadata: { ...o.metadata, labels: { [LABEL_KAFKA]: KAFKA } } });

describe('issuers', () => {
  const ready = (status: string | undefined, spec: object = {}): Issuer => ({
    ...readyIssuer('orders-ca'),
    spec,
    status: status === undefined ? {} : { conditions: [{ type: 'Ready', status, reason: 'ErrGetKeyPair', message: 'secret not found' }] },
  });
  const issuer = (c: ClusterBuilder, object: Issuer) => c.issuer({ kind: 'Issuer', name: 'orders-ca', object });
  const adding = () => plaintext().desires(MOVE);
  const manifest = (kind: 'Issuer' | 'Certificate', name: string, spec: object): KubeObject => {
    return { apiVersion: KINDS[kind].apiVersion, kind, metadata: { name, namespace: NAMESPACE }, spec };
  };
  const ca = manifest('Certificate', 'orders-ca', { isCA: true, secretName: 'ca-pair', issuerRef: { name: 'root' } });
  play([
    {
      name: 'an issuer that is not Ready is waited for, with the reason of cert-manager',
      cluster: () => issuer(adding(), ready('False')),
      expect: ['wait Issuer/orders-ca'],
      says: /is not Ready, .*: ErrGetKeyPair: secret not found/,
    },
    {
      name: 'an issuer that cert-manager has not observed yet is waited for',
      cluster: () => issuer(adding(), ready(undefined)),
      expect: ['wait Issuer/orders-ca'],
      says: /cert-manager has not looked at it yet/,
    },
    {
      name: 'an issuer that may not be read is no blocker',
      cluster: () => adding().issuer({ kind: 'Issuer', name: 'orders-ca', unknown: 'not permitted' }),
    },
    {
      name: 'an issuer of the bundle becomes Ready by the plan',
      cluster: () => issuer(adding().issuing(manifest('Issuer', 'orders-ca', { ca: { secretName: 'elsewhere' } })), ours(ready('False'))),
    },
    {
      name: 'an issuer whose CA the plan issues is no blocker',
      cluster: () => issuer(adding().issuing(ca), ready('False', { ca: { secretName: 'ca-pair' } })),
    },
    {
      name: 'a restart needs no issuer',
      cluster: () => issuer(new ClusterBuilder().podServes('orders-broker-1', { protocol: 'plaintext' }), ready('False')).desires(MOVE),
    },
    {
      name: 'turning TLS off needs no issuer',
      cluster: () => issuer(new ClusterBuilder().wants('off').desires({ acknowledge: [{ kind: 'clientsLeaveTls' }] }), ready('False')),
    },
  ]);
});

describe('the type of an issuer', () => {
  const object = (spec: object): Issuer => ({ ...readyIssuer('orders-ca'), spec });
  const by = (c: ClusterBuilder, spec: object) => c.issuer({ kind: 'Issuer', name: 'orders-ca', object: object(spec) });
  const adding = (spec: object) => by(plaintext().desires(MOVE), spec);
  const rotating = (spec: object) => by(new ClusterBuilder().desires({ issuedAfter: '2026-11-23T08:59:00Z' }), spec);
  const SELF_SIGNED = { selfSigned: {} };
  const ACME = { acme: { server: 'https://acme.example.org/directory' } };
  const application = (spec: object): KubeObject => ({
    apiVersion: KINDS.Certificate.apiVersion,
    kind: 'Certificate',
    metadata: { name: 'billing', namespace: NAMESPACE },
    spec: { secretName: 'billing', issuerRef: { group: 'cert-manager.io', kind: 'Issuer', name: 'public' }, ...spec },
  });
  const withApplication = (issuer: object, spec: object) =>
    new ClusterBuilder()
      .issuing(application(spec))
      .issuer({ kind: 'Issuer', name: 'public', object: { ...readyIssuer('public'), spec: issuer } });
  const refused: Expected[] = ['invalid Issuer/orders-ca'];
  play([
    {
      name: 'selfSigned makes every certificate its own root',
      cluster: () => adding(SELF_SIGNED),
      expect: refused,
      says: /signs every certificate with its own key \(spec\.selfSigned\).*TlsIssuer\.selfSignedCa\(\)/,
    },
    { name: 'selfSigned cannot rotate either', cluster: () => rotating(SELF_SIGNED), expect: refused },
    {
      name: 'ACME signs no internal name and gives no ca.crt',
      cluster: () => adding(ACME),
      expect: refused,
      says: /ACME issuer.*does not sign \*\.orders-pods\.demo\.svc\.cluster\.local, localhost, .*no ca\.crt.*private CA/,
    },
    { name: 'ACME cannot rotate either', cluster: () => rotating(ACME), expect: refused },
    {
      name: 'a wrong type is reported with other blockers',
      cluster: () => by(plaintext(), SELF_SIGNED),
      expect: ['invalid Kafka/orders', 'invalid Issuer/orders-ca'],
    },
    {
      name: 'a selfSigned issuer of the bundle is refused, too',
      cluster: () =>
        plaintext()
          .desires(MOVE)
          .issuer({ kind: 'Issuer', name: 'orders-ca', object: ours(object({ ca: { secretName: 'orders-ca' } })) })
          .issuing(object(SELF_SIGNED)),
      expect: refused,
    },
    {
      name: 'a selfSigned issuer may issue the CA',
      cluster: () =>
        plaintext()
          .desires(MOVE)
          .issuing({ ...application({ isCA: true, secretName: 'billing-ca' }) })
          .issuer({ kind: 'Issuer', name: 'public', object: { ...readyIssuer('public'), spec: SELF_SIGNED } }),
    },
    {
      name: 'Vault signs by its own rules',
      cluster: () => adding({ vault: { server: 'https://vault', path: 'pki/sign/kafka' } }),
    },
    { name: 'Venafi signs by its own rules', cluster: () => adding({ venafi: { zone: 'kafka' } }) },
    ...[SELF_SIGNED, ACME].map((spec) => ({
      name: `a Kafka with certificates of such an issuer is left unchanged, with a note: ${Object.keys(spec)}`,
      cluster: () => by(new ClusterBuilder(), spec),
      notes: /^Issuer\/demo\/orders-ca (signs every|is an ACME issuer).*The next rotation will be refused\./,
      restarts: 0,
    })),
    {
      name: 'turning TLS off needs no certificate',
      cluster: () => by(new ClusterBuilder().wants('off').desires({ acknowledge: [{ kind: 'clientsLeaveTls' }] }), SELF_SIGNED),
    },
    {
      name: 'an application with a selfSigned certificate is trusted by no broker',
      cluster: () => withApplication(SELF_SIGNED, { commonName: 'billing' }),
      expect: ['invalid Issuer/public'],
      says: /no broker would trust Certificate\/demo\/billing/,
    },
    {
      name: 'an application with an internal name cannot have it from ACME',
      cluster: () => withApplication(ACME, { dnsNames: ['billing.example.org', 'billing.demo.svc'] }),
      expect: ['invalid Issuer/public'],
      says: /does not sign billing\.demo\.svc Use/,
    },
    {
      name: 'an application with a public name can use ACME',
      cluster: () => withApplication(ACME, { commonName: 'billing.example.org', dnsNames: ['billing.example.org'] }),
    },
  ]);
});

describe('the Secret of a CA issuer', () => {
  const caIssuer = (): Issuer => ({ ...readyIssuer('orders-ca'), spec: { ca: { secretName: 'corp-ca' } } });
  const adding = (problem: string, isFinal: boolean, isInBundle = true) => {
    const cluster = plaintext().desires(MOVE);
    if (isInBundle) cluster.issuing(caIssuer());
    const object = isInBundle ? {} : { object: caIssuer() };
    return cluster.issuer({
      kind: 'Issuer',
      name: 'orders-ca',
      ...object,
      caProblem: { problem: `Secret/demo/corp-ca ${problem}`, isFinal },
    });
  };
  play([
    {
      name: 'a missing Secret of the issuer of the bundle is waited for',
      cluster: () => adding('does not exist', false),
      expect: ['wait Issuer/orders-ca'],
      says: /cannot sign the certificates: Secret\/demo\/corp-ca does not exist Put the certificate and the key of a CA into the Secret/,
    },
    { name: 'a Secret without key is waited for', cluster: () => adding('lacks tls.key', false), expect: ['wait Issuer/orders-ca'] },
    {
      name: 'a Secret without a CA must be replaced',
      cluster: () => adding('holds the certificate of no CA (CN=leaf)', true),
      expect: ['blocked Issuer/orders-ca'],
    },
    {
      name: 'the same for an issuer that is only referenced',
      cluster: () => adding('holds the certificate of no CA (CN=leaf)', true, false),
      expect: ['blocked Issuer/orders-ca'],
    },
    {
      name: 'a Secret that the plan issues is no blocker',
      cluster: () =>
        adding('does not exist', false).issuing({
          apiVersion: KINDS.Certificate.apiVersion,
          kind: 'Certificate',
          metadata: { name: 'corp-ca', namespace: NAMESPACE },
          spec: { isCA: true, secretName: 'corp-ca', issuerRef: { kind: 'Issuer', name: 'root' } },
        }),
    },
  ]);
});

describe('pods that are down', () => {
  const rotating = () => new ClusterBuilder().byRestart().desires({ issuedAfter: '2026-11-23T08:59:00Z' });
  /** Only broker-0 serves an old certificate: native restarts it alone, KubeDB restarts all. */
  const oneStale = () =>
    new ClusterBuilder().byRestart().podServes('orders-broker-0', { protocol: 'tls', leaf: certificate('old'), isSignedBySecretCa: true });
  const down = (c: ClusterBuilder, change: object = { isReady: false }) => c.pod('orders-broker-2', change);
  const crashing = { isReady: false, isRunning: false, stuck: 'CrashLoopBackOff' };
  play([
    {
      name: 'an up-to-date pod that cannot start stops the run before a healthy pod restarts',
      cluster: () => down(oneStale(), crashing),
      expect: ['blocked Pod/orders-broker-2'],
      says: /cannot start: CrashLoopBackOff, and no healthy pod restarts meanwhile Look at the pod/,
    },
    { name: 'an up-to-date pod that is not Ready is waited for', cluster: () => down(oneStale()), expect: ['wait Pod/orders-broker-2'] },
    {
      name: 'a terminating pod is waited for',
      cluster: () => down(oneStale(), { isTerminating: true }),
      expect: ['wait Pod/orders-broker-2'],
      says: /is terminating/,
    },
    {
      name: 'a missing pod is waited for',
      cluster: () => rotating().sees(({ pods }) => ({ pods: pods.filter((p) => p.name !== 'orders-controller-1') })),
      expect: ['wait Pod/orders-controller-1'],
      says: /does not exist/,
    },
    {
      name: 'a stuck pod of the plan restarts first, and a note names it',
      only: 'native',
      cluster: () => down(rotating(), crashing),
      notes:
        /^orders-broker-2 cannot start: CrashLoopBackOff: it restarts before any healthy pod, and the run ends if it does not get Ready/m,
    },
    {
      name: 'KubeDB would restart other pods before it',
      only: 'ops-request',
      cluster: () => down(rotating(), crashing),
      expect: ['blocked Pod/orders-broker-2'],
    },
    {
      name: 'a pod that the operation repairs is no blocker',
      only: 'ops-request',
      cluster: () => down(rotating()).podServes('orders-broker-2', { protocol: 'tls', leaf: certificate('old'), isSignedBySecretCa: true }),
    },
    {
      name: 'certificates that are not issued yet repair no pod',
      only: 'ops-request',
      cluster: () => down(plaintext().desires(MOVE), { ...crashing, served: [{ listener: 'BROKER', protocol: 'unknown' }] }),
      expect: ['blocked Pod/orders-broker-2'],
    },
    {
      name: 'several pods are named at once',
      cluster: () => down(oneStale(), crashing).pod('orders-controller-0', { isReady: false }),
      expect: ['blocked Pod/orders-broker-2', 'wait Pod/orders-controller-0'],
    },
    { name: 'without restarts pods may be down', cluster: () => down(new ClusterBuilder()) },
    {
      name: 'without restarts a stuck pod can never be verified',
      cluster: () => down(new ClusterBuilder(), { ...crashing, served: [{ listener: 'BROKER', protocol: 'unknown' }] }),
      expect: ['blocked Pod/orders-broker-2'],
      says: /cannot start: CrashLoopBackOff, and no restart for TLS would fix it Look at the pod/,
    },
    {
      name: 'an operation that has begun continues',
      cluster: () => down(oneStale()).request('orders-tls-restart-1', 'Progressing', { executor: 'native' }, { type: 'Restart' }),
      only: 'native',
    },
    {
      name: 'a cut-over in which pods cannot talk continues',
      only: 'native',
      cluster: () => down(new ClusterBuilder().podServes('orders-broker-0', { protocol: 'plaintext' }).desires(MOVE)),
    },
  ]);
});

describe('pods that cannot be reached', () => {
  const unseen = (c: ClusterBuilder, names = c.live.pods.map((p) => p.name)) => {
    for (const name of names) c.podServes(name, { protocol: 'unknown', because: 'connection refused' });
    return c;
  };
  const rotating = () => new ClusterBuilder().byRestart().desires({ issuedAfter: '2026-11-23T08:59:00Z' });
  play([
    {
      name: 'no pod is observed: no restart could be proven',
      cluster: () => unseen(rotating()),
      expect: ['blocked Kafka/orders'],
      says: /no pod can be reached from here, .*Pod\/demo\/orders-controller-0: connection refused.* as the Job in the cluster does/,
    },
    { name: 'one pod is observed', cluster: () => unseen(rotating(), ['orders-broker-1']) },
    { name: 'without restarts no pod must be observed', cluster: () => unseen(new ClusterBuilder()) },
    {
      name: 'a preview lists the steps, which a run elsewhere may apply',
      cluster: () => unseen(rotating()),
      options: { isPreview: true },
      expect: ['blocked Kafka/orders'],
      restarts: 6,
    },
  ]);
});

describe('the namespace', () => {
  play([
    {
      name: 'a missing namespace is the only blocker',
      cluster: () =>
        plaintext()
          .noKafka()
          .sees(() => ({ namespaceIsMissing: true })),
      expect: ['blocked Namespace/demo'],
      says: /^does not exist Create it/,
    },
    {
      name: 'a declared Kafka cannot be created in a missing namespace',
      cluster: () =>
        new ClusterBuilder()
          .declares()
          .noKafka()
          .sees(() => ({ namespaceIsMissing: true })),
      expect: ['blocked Namespace/demo'],
    },
  ]);
});

describe('budgets', () => {
  /** One budget for each spec. All of them select the brokers, and each counts `expected` pods. */
  const withBudgets = (c: ClusterBuilder, specs: readonly object[], expected = 3) => {
    const { apiVersion, kind } = KINDS.PodDisruptionBudget;
    const budgets = specs.map((spec, i): PodDisruptionBudget => {
      return { apiVersion, kind, metadata: { name: `budget-${i}`, namespace: NAMESPACE }, spec, status: { expectedPods: expected } };
    });
    for (const { name, role } of c.live.pods) if (role !== 'controller') c.pod(name, { budgets: budgets.map((b) => b.metadata.name) });
    return c.sees(() => ({ budgets }));
  };
  const rotating = () => new ClusterBuilder().byRestart().desires({ issuedAfter: '2026-11-23T08:59:00Z' });
  const brokersUnready = (c: ClusterBuilder) => {
    for (const { name, role } of c.live.pods) if (role === 'broker') c.pod(name, { isReady: false });
    return c;
  };
  const never: Expected[] = ['blocked PodDisruptionBudget/budget-0'];
  const combined = () => new ClusterBuilder('combined', 'off').wants(TLS).desires(MOVE);
  play([
    ...(
      [
        [
          'maxUnavailable 0 allows no eviction',
          { maxUnavailable: 0 },
          /maxUnavailable is 0: orders-broker-0 can never be evicted Let it allow one pod/,
        ],
        ['0% allows no eviction', { maxUnavailable: '0%' }, /maxUnavailable is 0%/],
        ['1% is rounded up to one pod', { maxUnavailable: '1%' }, undefined],
        ['minAvailable of all pods allows no eviction', { minAvailable: 3 }, /is 3 of 3 pods/],
        ['100% allows no eviction', { minAvailable: '100%' }, /is 100% of 3 pods/],
        ['90% of three is rounded up and allows no eviction', { minAvailable: '90%' }, /is 90% of 3 pods/],
        ['minAvailable 2 of 3 is fine', { minAvailable: 2 }, undefined],
      ] as const
    ).map(([name, spec, says]) => ({
      name,
      cluster: () => withBudgets(rotating(), [spec]),
      expect: says === undefined ? [] : never,
      ...(says === undefined ? {} : { says }),
    })),
    { name: 'minAvailable 3 is fine where it counts others, too', cluster: () => withBudgets(rotating(), [{ minAvailable: 3 }], 5) },
    {
      name: 'the evictions allowed at the moment do not matter',
      cluster: () =>
        withBudgets(rotating(), [{ minAvailable: 2 }]).sees(({ budgets }) => ({
          budgets: budgets.map((b) => ({ ...b, status: { ...b.status, disruptionsAllowed: 0 } })),
        })),
    },
    {
      name: 'a missing pod is counted',
      cluster: () =>
        withBudgets(rotating(), [{ minAvailable: 2 }], 0).sees(({ pods }) => ({ pods: pods.filter((p) => p.name !== 'orders-broker-1') })),
      expect: ['wait Pod/orders-broker-1'],
    },
    {
      name: 'two budgets for one pod can never be met',
      cluster: () => withBudgets(rotating(), [{ maxUnavailable: 1 }, { maxUnavailable: 1 }]),
      expect: never,
      says: /it and budget-1 select orders-broker-0: Kubernetes evicts no pod that has more than one budget/,
    },
    {
      name: 'an unready pod may be evicted',
      only: 'native',
      cluster: () => brokersUnready(withBudgets(rotating(), [{ maxUnavailable: 0 }])),
    },
    { name: 'without restarts no budget is asked', cluster: () => withBudgets(new ClusterBuilder(), [{ maxUnavailable: 0 }]) },
    {
      name: 'an observation of an earlier version without budgets',
      cluster: () =>
        withBudgets(rotating(), [{ maxUnavailable: 0 }]).sees(({ pods }) => ({ pods: pods.map(({ budgets: _, ...pod }) => pod) })),
    },
    { name: 'the first pod of a cut-over is evicted', cluster: () => withBudgets(combined(), [{ maxUnavailable: 0 }]), expect: never },
    {
      name: 'the other pods of a cut-over are deleted if necessary',
      only: 'native',
      cluster: () => withBudgets(plaintext().desires(MOVE), [{ maxUnavailable: 0 }]),
    },
    {
      name: 'KubeDB deletes no pod',
      only: 'ops-request',
      cluster: () => withBudgets(plaintext().desires(MOVE), [{ maxUnavailable: 0 }]),
      expect: never,
    },
    {
      name: 'a request that KubeDB has begun is followed to its end',
      only: 'ops-request',
      cluster: () =>
        withBudgets(rotating(), [{ maxUnavailable: 0 }]).request('orders-tls-x', 'Progressing', { executor: 'ops-request' }, { tls: TLS }),
    },
    {
      name: 'a cut-over that has begun continues',
      only: 'native',
      cluster: () =>
        withBudgets(new ClusterBuilder('combined').podServes('orders-1', { protocol: 'plaintext' }).desires(MOVE), [{ maxUnavailable: 0 }]),
    },
  ]);
});

describe('notes about outages and expiry', () => {
  const rotating = (topology?: 'combined') => new ClusterBuilder(topology).byRestart().desires({ issuedAfter: '2026-11-23T08:59:00Z' });
  const topic = (name: string, replicas: readonly number[], minInsyncReplicas: number | undefined): TopicFacts => ({
    name,
    minInsyncReplicas,
    partitions: [{ partition: 0, leader: replicas[0], replicas, isr: replicas }],
  });
  const facts = (voters: number, topics: readonly TopicFacts[] = []): { readonly value: KafkaFacts } => {
    const ids = Array.from({ length: voters }, (_, i) => ({ nodeId: 1000 + i, lastCaughtUpMs: 0 }));
    return { value: { quorum: { leaderId: 1000, voters: ids, fetchTimeoutMs: 2000 }, topics } };
  };
  const controllers = (c: ClusterBuilder, replicas: number) =>
    c
      .kafka((k) => ({ ...k, spec: { ...untyped(k.spec), topology: { ...untyped(k.spec).topology, controller: { replicas } } } }))
      .sees(({ pods }) => ({ pods: pods.filter((p) => p.role === 'broker' || p.ordinal < replicas) }));
  const leaf = (id: string, notAfter: string) => certificate(id, { notAfter });
  const serving = (c: ClusterBuilder, served: CertificateFacts) => {
    for (const { name } of c.live.pods) c.podServes(name, { protocol: 'tls', leaf: served, isSignedBySecretCa: true });
    return c;
  };
  const SOON = '2026-11-23T10:00:00Z';
  const soon = (c: ClusterBuilder) => serving(c.secret('orders-server-cert', { leaf: leaf('soon', SOON) }), leaf('soon', SOON));
  play([
    { name: 'three controllers restart without an outage', cluster: () => rotating(), noNote: /quorum/ },
    {
      name: 'two controllers restart with an outage',
      cluster: () => controllers(rotating(), 2),
      notes: /^Two controllers have no quorum while one of them restarts\.$/m,
    },
    {
      name: 'a single controller restarts with an outage',
      cluster: () => controllers(rotating(), 1),
      notes: /^There is no quorum while the only controller restarts\.$/m,
    },
    { name: 'the voters that Kafka reports count more than the spec', cluster: () => rotating().facts(facts(2)), notes: /Two controllers/ },
    {
      name: 'a restart of brokers alone needs no quorum',
      only: 'native',
      cluster: () =>
        controllers(new ClusterBuilder(), 1).podServes('orders-broker-1', {
          protocol: 'tls',
          leaf: certificate('old'),
          isSignedBySecretCa: true,
        }),
      noNote: /quorum/,
    },
    {
      name: 'producers of topics without a spare replica stall; the first topics are named',
      cluster: () =>
        rotating().facts(
          facts(
            3,
            ['a', 'b', 'c', 'd', 'e'].map((name) => topic(name, [0, 1], 2)),
          ),
        ),
      notes: /^Partitions of a, b, c and 2 more have no more replicas than min\.insync\.replicas: producers with acks=all stall/m,
    },
    {
      name: 'a partition with a single replica is unavailable with its broker',
      cluster: () => rotating().facts(facts(3, [topic('a', [2], 1), topic('b', [0, 1, 2], 2)])),
      notes: /^Partitions of a cannot be used while the broker of a single replica restarts\.$/m,
    },
    {
      name: 'topics with one more replica than they need are fine',
      cluster: () => rotating().facts(facts(3, [topic('a', [0, 1, 2], 2)])),
      noNote: /Partitions/,
    },
    {
      name: 'topics on other brokers do not matter',
      cluster: () => rotating().facts(facts(3, [topic('a', [7], 1)])),
      noNote: /Partitions/,
    },
    {
      name: 'the note of a cut-over replaces these',
      cluster: () =>
        controllers(plaintext(), 1)
          .desires(MOVE)
          .facts(facts(1, [topic('a', [0], 1)])),
      noNote: /Partitions|There is no quorum/,
    },
    {
      name: 'a certificate that is about to expire and is replaced is urgent, and never a blocker',
      cluster: () => soon(rotating()),
      notes:
        /^Urgent: what orders-controller-0 and 5 more serve expires 2026-11-23T10:00:00Z, within the 2h35m that this run may take by its deadlines\.$/m,
      noNote: /not replaced/,
    },
    {
      name: 'a served certificate that is about to expire is urgent, too',
      cluster: () =>
        new ClusterBuilder().podServes('orders-broker-1', {
          protocol: 'tls',
          leaf: leaf('old', '2026-11-23T09:20:00Z'),
          isSignedBySecretCa: true,
        }),
      only: 'native',
      notes: /^Urgent: what orders-broker-1 serves expires 2026-11-23T09:20:00Z, within the 30m /m,
    },
    {
      name: 'a certificate that is about to expire and is not replaced is named with the time of its rotation',
      only: 'native',
      cluster: () =>
        soon(new ClusterBuilder().desires({ beforeExpiry: '10m' }))
          .pod('orders-broker-1', { certificateSecret: 'an-earlier-one' })
          .desires({ deadlines: { ...DEFAULT_DEADLINES, gate: '1h' } }),
      notes:
        /^The certificate in Secret orders-server-cert expires 2026-11-23T10:00:00Z, within the 1h15m .* not replaced by it; a run after 2026-11-23T09:50:00.000Z does that\.$/m,
      noNote: /Urgent/,
    },
    { name: 'a certificate that outlives the run needs no note', cluster: () => rotating(), noNote: /expires/ },
    {
      name: 'without restarts there is no note',
      cluster: () => soon(new ClusterBuilder().desires({ beforeExpiry: '10m' })),
      noNote: /expires/,
    },
  ]);
});
