/** Which nodes load a new certificate while they run, and which pods restart, with the reasons that are printed. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EXECUTORS, type ExecutorName, type RotationChoice } from '#model/desired';
import { ANNOTATION_RELOAD } from '#model/names';
import type { NodeSettings, PodFacts } from '#reconciler/model/observation';
import { type Plan, restartsOf } from '#reconciler/model/plan';
import { type PlanOptions, plan } from '#reconciler/plan/plan';
import { nodesToAsk } from '#reconciler/plan/reload';
import { handshakesNeeded, respelledStores } from '#reconciler/plan/reload-checks';
import { PLAIN } from '#reconciler/report/style';
import { planText } from '#reconciler/report/text';
import { ClusterBuilder, certificate, NOW } from '../support/cluster-builder';
import { expectGolden } from '../support/golden';

const STORE = '/var/private/ssl/server.keystore.jks';
const NODE: NodeSettings = { settings: { 'ssl.keystore.location': STORE }, directories: ['/var/private/ssl'] };

/** A Kafka whose certificates were issued before the commit. */
const rotating = (rotation?: RotationChoice) =>
  new ClusterBuilder().desires({ ...(rotation === undefined ? {} : { rotation }), issuedAfter: '2026-11-23T08:00:00Z' });
const OLD = certificate('old', { issuer: '' });
const served = (leaf = OLD) => ({ protocol: 'tls' as const, leaf, isSignedBySecretCa: true });
/** cert-manager has issued a certificate that these pods do not serve yet. */
function renewed(pods: readonly string[], change: Partial<typeof OLD> = {}): ClusterBuilder {
  const b = new ClusterBuilder();
  const leaf = b.live.secrets.find((s) => s.name === 'orders-server-cert')?.leaf;
  assert.ok(leaf !== undefined);
  for (const pod of pods) b.podServes(pod, served({ ...leaf, fingerprint: 'fp-old', ...change }));
  return b;
}
const FINGERPRINT = 'fp-server';

const withNode = (b: ClusterBuilder, pod: string, change: Partial<NodeSettings> | { unknown: string } | undefined) => {
  const { node: _, ...facts } = b.live.pods.find((p) => p.name === pod) as PodFacts;
  const node = change === undefined ? undefined : 'unknown' in change ? change : { value: { ...NODE, ...change } };
  return b.sees(({ pods }) => ({ pods: pods.map((p) => (p.name === pod ? { ...facts, ...(node === undefined ? {} : { node }) } : p)) }));
};
const setting = (b: ClusterBuilder, pod: string, settings: NodeSettings['settings']) =>
  withNode(b, pod, { settings: { ...NODE.settings, ...settings } });

function planned(b: ClusterBuilder, executor: ExecutorName, options: PlanOptions = {}): Plan {
  b.desires({ executor });
  return plan(b.bundle, b.live, new Date(NOW), options);
}
/** Seen from a place that no pod can be reached from. */
function fromAfar(b: ClusterBuilder): ClusterBuilder {
  const because = 'getaddrinfo ENOTFOUND';
  for (const pod of ALL) withNode(b, pod, { unknown: because }).podServes(pod, { protocol: 'unknown', because });
  return b.facts({ unknown: because });
}
const reloadsOf = ({ steps }: Plan) => steps.flatMap((s) => (s.kind === 'reload' ? s.nodes.map((n) => n.subject.name) : []));
const kindsOf = ({ steps }: Plan) => steps.map((s) => s.kind);
const restartedIn = ({ steps }: Plan) => restartsOf(steps).map((r) => r.subject.name);

const ALL = ['controller-0', 'controller-1', 'controller-2', 'broker-0', 'broker-1', 'broker-2'].map((p) => `orders-${p}`);
const BROKER = 'orders-broker-1';
const CONTROLLER = 'orders-controller-2';

for (const executor of EXECUTORS) {
  describe(`reload, ${executor}`, () => {
    test('a rotation issues again, and every node loads it: no request, no pause', () => {
      const made = planned(rotating(), executor);
      assert.equal(made.operation, 'reload');
      assert.deepEqual(kindsOf(made), ['issue', 'reload', 'verify']);
      assert.deepEqual(reloadsOf(made), ALL);
      expectGolden(`test/plan/golden/reload/${executor}-rotate.txt`, planText(made, PLAIN, { applyWith: 'kafka-tls apply' }));
    });

    test('only nodes that serve an older certificate are asked', () => {
      const made = planned(renewed([BROKER, CONTROLLER]), executor);
      assert.deepEqual(kindsOf(made), ['reload', 'verify']);
      assert.deepEqual(reloadsOf(made), [CONTROLLER, BROKER]);
    });

    test('the active controller comes last of the controllers', () => {
      const quorum = { leaderId: 1001, voters: [], fetchTimeoutMs: 2000 };
      const made = planned(rotating().facts({ value: { quorum, topics: [] } }), executor);
      assert.deepEqual(reloadsOf(made).slice(0, 3), ['orders-controller-0', 'orders-controller-2', 'orders-controller-1']);
    });

    test('only the certificate of clients is too old: it is issued again, and no node is asked', () => {
      const made = planned(
        rotating().secret('orders-server-cert', { leaf: certificate('server', { notBefore: '2026-11-23T08:30:00Z', issuer: '' }) }),
        executor,
      );
      assert.deepEqual([kindsOf(made), reloadsOf(made)], [['issue', 'verify'], []]);
      assert.deepEqual(restartedIn(made), []);
    });

    test('a pod that does not run is left out: it loads the Secret when it starts', () => {
      const made = planned(rotating().pod(BROKER, { isReady: false, isRunning: false }), executor);
      assert.deepEqual(
        reloadsOf(made),
        ALL.filter((p) => p !== BROKER),
      );
    });

    test('some nodes cannot', () => {
      const made = planned(setting(rotating(), BROKER, { 'listener.name.controller.ssl.client.auth': 'required' }), executor);
      expectGolden(`test/plan/golden/reload/${executor}-some-cannot.txt`, planText(made, PLAIN, { applyWith: 'kafka-tls apply' }));
      if (executor === 'native') {
        assert.deepEqual(kindsOf(made), ['issue', 'reload', 'submitOpsRequest', 'pause', 'evict', 'verify', 'resume', 'awaitHealth']);
        assert.deepEqual(
          reloadsOf(made),
          ALL.filter((p) => p !== BROKER),
        );
        assert.deepEqual(restartedIn(made), [BROKER]);
      } else {
        assert.deepEqual(restartedIn(made), ALL, 'KubeDB restarts all pods');
        assert.match(
          made.notes.join('\n'),
          /orders-broker-1 cannot load a new certificate while it runs \(.*\), so KubeDB restarts all pods/,
        );
      }
    });

    test('nothing begins where no pod may restart for it', () => {
      const b = setting(rotating({ by: 'reload', otherwise: 'fail' }), BROKER, { 'listener.name.controller.ssl.client.auth': 'required' });
      const made = planned(b, executor);
      assert.deepEqual([made.steps, made.obstacles[0]?.kind], [[], 'failed']);
      assert.match(made.obstacles[0]?.message ?? '', /orders-broker-1: listener\.name\.controller\.ssl\.client\.auth is required/);
    });

    test('a preview that can ask no node plans reloads, and says that the run in the cluster decides', () => {
      const made = planned(fromAfar(rotating()), executor, { isPreview: true });
      assert.deepEqual([reloadsOf(made), restartedIn(made)], [ALL, []]);
      assert.deepEqual(
        made.obstacles.map((o) => o.isAboutPlace),
        [true],
      );
      assert.ok((made.estimate?.restartingMs ?? 0) > 2 * (made.estimate?.durationMs ?? 0));
      expectGolden(`test/plan/golden/reload/${executor}-from-afar.txt`, planText(made, PLAIN, { applyWith: 'kafka-tls apply' }));
    });

    test('a run that can ask no node restarts pods', () => {
      assert.deepEqual(reloadsOf(planned(fromAfar(rotating()), executor)), []);
    });

    test('a preview knows without asking that a node did not load this certificate, and that an old Kafka never does', () => {
      const refused = refusing(renewed([BROKER, CONTROLLER]), { leaf: FINGERPRINT, refused: { [`uid-${BROKER}`]: 'no' } });
      for (const pod of [BROKER, CONTROLLER]) withNode(refused, pod, undefined);
      const made = planned(refused, executor, { isPreview: true });
      assert.deepEqual(reloadsOf(made), executor === 'native' ? [CONTROLLER] : []);
      assert.ok(restartedIn(made).includes(BROKER));
      const old = fromAfar(rotating().kafka((k) => ({ ...k, spec: { ...k.spec, version: '3.8.1' } })));
      assert.deepEqual(reloadsOf(planned(old, executor, { isPreview: true })), []);
    });

    test('a preview where no pod may restart for it says that the run ends', () => {
      const { obstacles, notes } = planned(fromAfar(rotating({ by: 'reload', otherwise: 'fail' })), executor, { isPreview: true });
      assert.ok(obstacles.every((o) => o.isAboutPlace));
      assert.match(notes.join('\n'), /otherwise the run ends before a pod restarts for it\. The run in the cluster decides/);
    });

    test('an observation without settings is planned as well', () => {
      const b = rotating();
      for (const pod of ALL) withNode(b, pod, undefined);
      const made = planned(b, executor, { isPreview: true });
      assert.deepEqual([reloadsOf(made), made.obstacles], [ALL, []]);
      assert.match(made.notes.join('\n'), /the settings cannot be read here \(orders-controller-0: they were not read\)/);
    });

    test('a change of root restarts pods', () => {
      const b = renewed([]);
      b.podServes(BROKER, { ...served(), isSignedBySecretCa: false });
      assert.deepEqual(reloadsOf(planned(b, executor)), []);
    });
  });
}

describe('why a node cannot load it', () => {
  const inMixed = (b: ClusterBuilder) => planned(b, 'native');
  const cases: readonly { name: string; pod?: string; cluster: () => ClusterBuilder; because: RegExp }[] = [
    {
      name: 'its settings cannot be read',
      cluster: () => withNode(rotating(), BROKER, { unknown: 'no answer in time' }),
      because: /no answer in time/,
    },
    { name: 'its settings were not read', cluster: () => withNode(rotating(), BROKER, undefined), because: /its settings were not read/ },
    {
      name: 'its files are mounted with a subPath, or copied by an init container',
      cluster: () => withNode(rotating(), BROKER, { directories: [] }),
      because:
        /ssl\.keystore\.location is \/var\/private\/ssl\/server\.keystore\.jks, which is not in a directory that the kubelet updates/,
    },
    {
      name: 'a listener has another key store',
      cluster: () => setting(rotating(), BROKER, { 'listener.name.broker.ssl.keystore.location': '/other/server.jks' }),
      because: /listener\.name\.broker\.ssl\.keystore\.location is \/other\/server\.jks/,
    },
    {
      name: 'its settings name no key store',
      cluster: () => withNode(rotating(), BROKER, { settings: {} }),
      because: /its settings name no key store/,
    },
    {
      name: 'it did not load this very certificate',
      cluster: () =>
        refusing(renewed([BROKER, 'orders-broker-0']), {
          leaf: FINGERPRINT,
          refused: { [`uid-${BROKER}`]: 'Keystore entries do not match' },
        }),
      because: /did not load it: Keystore entries do not match/,
    },
    {
      name: 'the subject changes',
      cluster: () =>
        renewed([BROKER, 'orders-broker-0']).podServes(BROKER, served(leafOf({ fingerprint: 'fp-old', subject: 'CN=before' }))),
      because: /the subject changes from "CN=before" to "CN=server"/,
    },
    {
      name: 'names are missing',
      cluster: () =>
        renewed([BROKER, 'orders-broker-0']).podServes(BROKER, served(leafOf({ fingerprint: 'fp-old', uris: ['spiffe://before'] }))),
      because: /the new certificate lacks spiffe:\/\/before/,
    },
    {
      name: 'the issuer changes',
      cluster: () => renewed([BROKER, 'orders-broker-0']).podServes(BROKER, served(leafOf({ fingerprint: 'fp-old', issuer: 'CN=before' }))),
      because: /the issuer changes from "CN=before" to "CN=root of orders-ca"/,
    },
    {
      name: 'a dynamic quorum of Kafka 3.9 cannot address it',
      pod: CONTROLLER,
      cluster: () => {
        const b = rotating().kafka((k) => ({ ...k, spec: { ...k.spec, version: '3.9.0' } }));
        for (const pod of ALL.filter((p) => p !== CONTROLLER)) setting(b, pod, { 'controller.quorum.voters': '1000@a:9093' });
        return b;
      },
      because: /controller\.quorum\.voters is not set/,
    },
  ];
  for (const { name, pod = BROKER, cluster, because } of cases) {
    test(name, () => {
      const made = inMixed(cluster());
      assert.deepEqual(restartedIn(made), [pod]);
      assert.ok(!reloadsOf(made).includes(pod) && reloadsOf(made).length > 0);
      const messages = restartsOf(made.steps).flatMap((r) => r.findings.map((f) => `${f.reason} ${f.message}`));
      assert.match(messages.join('\n'), new RegExp(`NodeCannotReload cannot load it while it runs: .*${because.source}`));
    });
  }

  test('an old version of Kafka: every pod restarts', () => {
    const made = inMixed(rotating().kafka((k) => ({ ...k, spec: { ...k.spec, version: '3.8.1' } })));
    assert.equal(made.operation, 'rotate');
    assert.deepEqual(restartedIn(made), ALL);
    assert.match(JSON.stringify(made.steps), /Kafka 3\.8 is older than 3\.9/);
  });

  test('with ssl.allow.dn.changes and ssl.allow.san.changes another subject and fewer names are no reason', () => {
    const b = renewed([BROKER]).podServes(
      BROKER,
      served(leafOf({ fingerprint: 'fp-old', subject: 'CN=before', uris: ['spiffe://before'] })),
    );
    setting(b, BROKER, { 'ssl.allow.dn.changes': 'true', 'ssl.allow.san.changes': 'true' });
    assert.deepEqual(reloadsOf(inMixed(b)), [BROKER]);
  });

  test('a record about another certificate, or another pod of the same name, does not count', () => {
    for (const record of [
      { leaf: 'fp-other', refused: { [`uid-${BROKER}`]: 'no' } },
      { leaf: FINGERPRINT, refused: { 'uid-before': 'no' } },
    ])
      assert.deepEqual(reloadsOf(inMixed(refusing(renewed([BROKER]), record))), [BROKER]);
  });

  test('an annotation that is not a record does not count', () => {
    assert.deepEqual(reloadsOf(inMixed(annotated(renewed([BROKER]), 'not JSON'))), [BROKER]);
  });
});

describe('what nodes are asked', () => {
  const asked = (b: ClusterBuilder) => nodesToAsk({ bundle: b.bundle, live: b.live, now: new Date(NOW) }, false).map((p) => p.name);
  const unread = (b: ClusterBuilder) => {
    for (const pod of ALL) withNode(b, pod, undefined);
    return b;
  };

  test('their settings, only if they may have to load a certificate', () => {
    assert.deepEqual(asked(unread(new ClusterBuilder())), []);
    assert.deepEqual(asked(unread(rotating({ by: 'restart' }))), []);
    assert.deepEqual(asked(unread(rotating())), ALL);
    assert.deepEqual(asked(unread(renewed([BROKER]))), [BROKER]);
    assert.deepEqual(
      asked(unread(rotating().pod(BROKER, { isRunning: false, isReady: false }))),
      ALL.filter((p) => p !== BROKER),
    );
  });

  test('a path in another spelling, since a broker accepts the same one unseen', () => {
    const settings = { 'ssl.keystore.location': STORE, 'ssl.truststore.location': '/var/private/ssl/server.truststore.jks' };
    const pod = { node: { value: { ...NODE, settings } } } as unknown as PodFacts;
    assert.deepEqual(respelledStores(pod), {
      'listener.name.broker.ssl.keystore.location': '/var/private/ssl/./server.keystore.jks',
      'listener.name.broker.ssl.truststore.location': '/var/private/ssl/./server.truststore.jks',
    });
  });

  test('more handshakes than a listener has network threads', () => {
    const pod = (settings: NodeSettings['settings']) => ({ node: { value: { ...NODE, settings } } }) as unknown as PodFacts;
    assert.equal(handshakesNeeded(pod({})), 6);
    assert.equal(handshakesNeeded(pod({ 'num.network.threads': '1' })), 2);
    assert.equal(handshakesNeeded(pod({ 'num.network.threads': '3', 'listener.name.broker.num.network.threads': '8' })), 16);
  });
});

function leafOf(change: object) {
  const leaf = new ClusterBuilder().live.secrets.find((s) => s.name === 'orders-server-cert')?.leaf;
  return { ...(leaf as NonNullable<typeof leaf>), ...change };
}

function annotated(b: ClusterBuilder, text: string): ClusterBuilder {
  return b.kafka((k) => ({ ...k, metadata: { ...k.metadata, annotations: { ...k.metadata.annotations, [ANNOTATION_RELOAD]: text } } }));
}

function refusing(b: ClusterBuilder, record: object): ClusterBuilder {
  return annotated(b, JSON.stringify(record));
}
