/**
 * The Role holds exactly the permissions that the reconciler uses to turn TLS on, rotate, change the CA and turn TLS off.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { App, Chart, Testing } from 'cdk8s';
import { Acknowledgement, KafkaCluster, KafkaTls, Tls, TlsIssuer } from '#constructs/index';
import { capabilitiesOf } from '#model/capabilities';
import type { ExecutorName } from '#model/desired';
import { groupOf, KINDS, kindOf, type ObjectRef, refOf } from '#model/kube-object';
import { type Permission, permissions } from '#model/permissions';
import type { Cluster } from '#reconciler/ports';
import { issueCertificate } from '../support/certificate-factory';
import { EXECUTOR } from '../support/desired-states';
import { bundleOf, failureOf, KAFKA, kafkaManifest, World } from '../support/world';

/** Permissions that only other scenarios use, with their use. */
const ELSEWHERE: readonly (readonly [string, string])[] = [
  ['configmaps get', 'the command reads its desired state before the loop'],
  ['events create', 'the command reports progress as Events'],
  ['jobs', 'the command deletes finished ones before the loop'],
  ['leases', 'the command takes the Lease around the loop'],
  ['certificates delete', 'only an application certificate that left the bundle is deleted'],
  ['kafkas create', 'only a declared Kafka that is missing is created'],
  ['kafkas patch', 'only a Kafka without pods, or under native, is patched'],
  ['pods delete', 'only in a cut-over, where a budget refuses the eviction'],
];

interface Asked {
  readonly verb: string;
  readonly of: { readonly apiVersion: string; readonly kind: string };
  readonly name?: string;
  readonly sub?: string;
}

const about = (verb: string, of: ObjectRef, sub = ''): Asked => ({ verb, of, name: of.name, sub });
const status = (options?: { readonly status?: boolean }) => (options?.status === true ? '/status' : '');

/** The permissions that each method needs. A watch begins with a list. */
const ASKS: { readonly [M in keyof Cluster]: (...args: Parameters<Cluster[M]>) => readonly Asked[] } = {
  get: (subject) => [about('get', subject)],
  list: (of) => [{ verb: 'list', of }],
  watch: (of) => [
    { verb: 'list', of },
    { verb: 'watch', of },
  ],
  // A POST does not carry the name in its path, so that no rule about a name allows it; an apply does.
  create: (object) => [{ verb: 'create', of: object }],
  apply: (object) => [about('create', refOf(object)), about('patch', refOf(object))],
  patch: (subject, _operations, options) => [about('patch', subject, status(options))],
  replace: (object, options) => [about('update', refOf(object), status(options))],
  evict: (pod) => [about('create', pod, '/eviction')],
  delete: (subject) => [about('delete', subject)],
  isAllowed: () => [], // every user who may log in may ask for its permissions
};

function asking(cluster: Cluster, ask: (asked: Asked) => void): Cluster {
  return new Proxy(cluster, {
    get:
      (target, method: keyof Cluster) =>
      (...args: never[]) => {
        for (const asked of (ASKS[method] as (...a: never[]) => readonly Asked[])(...args)) ask(asked);
        return (target[method] as (...a: never[]) => unknown).apply(target, args);
      },
  });
}

const isClusterScoped = (object: { apiVersion: string; kind: string }) => kindOf(object)?.namespaced === false;

function allows(granted: readonly Permission[], verb: string, group: string, resource: string, name: string | undefined): boolean {
  return granted.some(
    (p) => p.group === group && p.resource === resource && p.verbs.includes(verb) && (p.name === undefined || p.name === name),
  );
}

for (const executor of ['ops-request', 'native'] as const satisfies readonly ExecutorName[]) {
  describe(`executor ${executor}`, () => {
    const trustSecrets = [`${KAFKA}-server-cert`, `${KAFKA}-client-cert`];
    const granted = permissions(KAFKA, executor, { caSecrets: [`${KAFKA}-ca`, 'new-ca'], trustSecrets });
    const asked = new Set<string>();
    const denied = new Set<string>();

    test('has every permission that it uses', async (t) => {
      const world = new World({
        opsManager: capabilitiesOf({ executor }).needsOpsManager,
        decorate: (cluster) =>
          asking(cluster, ({ verb, of, name, sub = '' }) => {
            if (isClusterScoped(of)) return; // recorded as unknown without a ClusterRole
            const resource = `${kindOf(of)?.plural}${sub}`;
            asked.add(`${groupOf(of.apiVersion)} ${resource} ${verb}`);
            const isAllowed = allows(granted, verb, groupOf(of.apiVersion), resource, name);
            if (!isAllowed) denied.add(`${resource} ${verb}`);
          }),
      });
      t.after(() => world.stop());
      await world.start(kafkaManifest());
      await world.settle();
      const { cert, key } = issueCertificate({ commonName: 'corp', isCa: true });
      const stringData = { 'tls.crt': cert, 'tls.key': key };
      await world.cluster.create({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'corp-ca', namespace: 'demo' }, stringData });
      const props = { cluster: KafkaCluster.existing(KAFKA), executor: EXECUTOR[executor] };
      const acknowledge = [
        Acknowledgement.clientsMoveToTls(),
        Acknowledgement.clientsLeaveTls(),
        Acknowledgement.trustRootChangesTo('new-ca'),
        Acknowledgement.trustRootChangesTo('corp-ca'),
      ];
      const issuer = TlsIssuer.selfSignedCa();
      let refusal: string | undefined;
      const rotated = () => world.clock.now().toISOString();
      const refused = bundleOf({ ...props, tls: Tls.on({ issuer, acknowledge, server: { dnsNames: ['kafka.example.org'] } }) });
      for (const tls of [
        () => Tls.on({ issuer, acknowledge }),
        () => Tls.on({ issuer, acknowledge, issuedAfter: rotated() }),
        () => Tls.on({ issuer: TlsIssuer.selfSignedCa({ name: 'new-ca' }), acknowledge }),
        () => Tls.on({ issuer: TlsIssuer.caSecret('corp-ca'), acknowledge }),
        () => Tls.off({ acknowledge }),
      ]) {
        await world.environment.pass(3_600_000); // long enough for an instant to be after the last issuance
        await world.apply(bundleOf({ ...props, tls: tls() }));
        await world.settle();
        if (refusal !== undefined) continue;
        refusal = 'no quota left'; // what has failed is tried again by the next run
        await world.annotate({ 'sandbox.kafka-tls/issuance-fails': refusal }, world.ref(KINDS.Issuer, `${KAFKA}-ca`));
        assert.match((await failureOf(world.apply(refused))).message, /no quota left/);
        await world.annotate({ 'sandbox.kafka-tls/issuance-fails': '' }, world.ref(KINDS.Issuer, `${KAFKA}-ca`));
        await world.apply(refused);
        await world.settle();
      }
      assert.deepEqual([...denied], []);
    });

    test('has no permission that it never uses', () => {
      const idle = granted
        .flatMap((p) => p.verbs.map((verb) => ({ text: `${p.resource} ${verb}`, isUsed: asked.has(`${p.group} ${p.resource} ${verb}`) })))
        .filter(({ text, isUsed }) => !isUsed && !ELSEWHERE.some(([known]) => text.startsWith(known)));
      // A watch of an object needs the right to get and list it, too: that is how a dropped watch is resumed.
      assert.deepEqual(
        idle.filter(({ text }) => !/ (get|list|watch)$/.test(text)).map(({ text }) => text),
        [],
      );
    });
  });
}

describe('permissions to read the root of an issuer that is not in the bundle', () => {
  const rights = (tls: Tls) => {
    const chart = new Chart(new App(), 'chart', { namespace: 'demo' });
    const job = { image: `registry.example/kafka-tls@sha256:${'0'.repeat(64)}` };
    new KafkaTls(chart, 'tls', { cluster: KafkaCluster.existing(KAFKA), tls, job });
    const role = Testing.synth(chart).find((o: { kind: string }) => o.kind === 'Role');
    const rules: readonly { resources: string[]; resourceNames?: string[]; verbs: string[] }[] = role.rules;
    return rules.flatMap((r) =>
      r.resources.includes('certificaterequests') ? r.verbs.map((v) => `${v} ${r.resourceNames ?? ''}`.trim()) : [],
    );
  };
  const asks = ['create', 'delete kafka-tls-orders-probe', 'get kafka-tls-orders-probe', 'list'];
  const cases: readonly { readonly name: string; readonly tls: Tls; readonly may: readonly string[] }[] = [
    { name: 'a self-signed CA', tls: Tls.on({ issuer: TlsIssuer.selfSignedCa() }), may: ['list'] },
    { name: 'a CA in a Secret', tls: Tls.on({ issuer: TlsIssuer.caSecret('corp') }), may: ['list'] },
    { name: 'a ClusterIssuer', tls: Tls.on({ issuer: TlsIssuer.clusterIssuer('corp') }), may: asks },
    { name: 'an Issuer', tls: Tls.on({ issuer: TlsIssuer.issuer('corp') }), may: asks },
    { name: 'no TLS', tls: Tls.off(), may: ['list'] },
  ];
  for (const { name, tls, may } of cases) test(name, () => assert.deepEqual([...rights(tls)].sort(), may));
});
