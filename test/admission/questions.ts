/** The questions to KubeDB's webhooks: every Kafka and KafkaOpsRequest that our validation judges, and every rule of the sandbox. */
import { KINDS, type Kind, type KubeObject } from '#model/kube-object';
import { combined, dedicated, errors, fine, ISSUER, kafka, request, TOPOLOGY, warnings } from '../model/manifest-cases';

/** A write that a server may accept or refuse. It is a dry run. */
export type Question = { readonly name: string } & (
  | { readonly create: KubeObject }
  | { readonly patch: Target; readonly body: object; readonly subresource?: 'status' }
  | { readonly remove: Target }
);

interface Target {
  readonly kind: Kind;
  readonly name: string;
}

/** The Kafka of the requests, as it is before every question. */
export const ORDERS = combined({ storageType: 'Ephemeral', storage: undefined });
/** A request for it that no operator carries out. */
export const PENDING = named('pending', request({ tls: { remove: true }, timeout: '10m' }));
/** A Kafka that must not be deleted. */
export const KEPT = named('kept', combined({ deletionPolicy: 'DoNotTerminate' }));
/** A Kafka that is deleted before the questions, and the request that it leaves behind. */
export const GONE = named('gone', ORDERS);
export const ORPHAN = named('orphan', request({ type: 'Restart', databaseRef: { name: 'gone' } }));

function named(name: string, object: KubeObject): KubeObject {
  return { ...object, metadata: { name } };
}

const KUBEDB: readonly string[] = [KINDS.Kafka.kind, KINDS.KafkaOpsRequest.kind];

/** Manifests that our validation judges as well. */
export const MANIFESTS: readonly (Question & { readonly create: KubeObject })[] = [...errors, ...warnings, ...fine]
  .filter(({ manifest }) => KUBEDB.includes(manifest.kind))
  .map(({ name, manifest }) => ({ name, create: manifest }));

const pending: Target = { kind: KINDS.KafkaOpsRequest, name: 'pending' };
const orphan: Target = { kind: KINDS.KafkaOpsRequest, name: 'orphan' };
const orders: Target = { kind: KINDS.Kafka, name: 'orders' };
const TLS = { enableSSL: true, tls: { issuerRef: ISSUER } };
const broker = (change: object) => dedicated({ broker: { ...TOPOLOGY.broker, ...change } });
const mounting = (list: string, mountPath: string) => ({
  podTemplate: { spec: { [list]: [{ name: 'x', volumeMounts: [{ name: 'x', mountPath }] }] } },
});
const certificates = (change: object) => request({ tls: { certificates: [{ alias: 'server', ...change }] } });

/** Questions for servers only: other operations than creating, and checks that validation leaves to the cluster. */
const ONLY_SERVERS: readonly Question[] = [
  { name: 'a Kafka of an unknown version', create: combined({ version: '1.0.0' }) },
  { name: 'an unknown version and no nodes', create: combined({ version: '1.0.0', replicas: 0 }) },
  { name: 'a Kafka with an issuer and no more', create: combined(TLS) },
  { name: 'an empty tls', create: combined({ enableSSL: true, tls: {} }) },
  { name: 'an empty topology', create: kafka({ topology: {} }) },
  { name: 'roles that say nothing', create: kafka({ topology: { controller: {}, broker: {} } }) },
  { name: 'a reserved volume in a role', create: broker({ podTemplate: { spec: { volumes: [{ name: 'data' }] } } }) },
  { name: 'a reserved mount in a container', create: combined(mounting('containers', '/var/log/kafka')) },
  { name: 'a reserved mount in an init container beside a topology', create: dedicated({}, mounting('initContainers', '/var/log/kafka')) },
  {
    name: 'a lifetime in days in a Kafka',
    create: combined({ ...TLS, tls: { ...TLS.tls, certificates: [{ alias: 'server', duration: '90d' }] } }),
  },
  { name: 'a halted topology that must not be terminated', create: dedicated({}, { halted: true, deletionPolicy: 'DoNotTerminate' }) },
  {
    name: 'configuration in the old field and the new',
    create: dedicated({}, { configSecret: { name: 'a' }, configuration: { secretName: 'b' } }),
  },
  { name: 'a request for a Kafka that does not exist', create: request({ tls: { remove: true }, databaseRef: { name: 'missing' } }) },
  { name: 'a ReconfigureTLS without tls', create: request({}) },
  { name: 'a rotation of one certificate', create: request({ tls: { rotateCertificates: true, certificates: [{ alias: 'server' }] } }) },
  { name: 'an empty list of certificates', create: request({ tls: { certificates: [] } }) },
  { name: 'a lifetime in a request that is none', create: certificates({ duration: 'P90D' }) },
  { name: 'a request with an unknown field', create: request({ tls: { remove: true, force: true } }) },
  { name: 'TLS for a Kafka that has none', patch: orders, body: { spec: TLS } },
  { name: 'another version for a Kafka', patch: orders, body: { spec: { version: '4.0.0' } } },
  { name: 'an unknown version for a Kafka', patch: orders, body: { spec: { version: '1.0.0' } } },
  { name: 'half of TLS for a Kafka', patch: orders, body: { spec: { enableSSL: true } } },
  { name: 'a topology for combined nodes', patch: orders, body: { spec: { topology: TOPOLOGY } } },
  { name: 'another timeout for a request', patch: pending, body: { spec: { timeout: '1m' } } },
  { name: 'another operation for a request', patch: pending, body: { spec: { tls: { remove: null, rotateCertificates: true } } } },
  { name: 'the same timeout in other words', patch: pending, body: { spec: { timeout: '600s' } } },
  { name: 'a request that says what it is not', patch: pending, body: { spec: { tls: { rotateCertificates: false } } } },
  { name: 'a label for a request', patch: pending, body: { metadata: { labels: { a: 'b' } } } },
  { name: 'a phase for a request', patch: pending, body: { status: { phase: 'Progressing' } }, subresource: 'status' },
  { name: 'the end of a request', patch: pending, body: { status: { phase: 'Successful' } }, subresource: 'status' },
  { name: 'a phase that is none', patch: pending, body: { status: { phase: 'Done' } }, subresource: 'status' },
  { name: 'a label for a request whose Kafka is gone', patch: orphan, body: { metadata: { labels: { a: 'b' } } } },
  { name: 'a phase for a request whose Kafka is gone', patch: orphan, body: { status: { phase: 'Failed' } }, subresource: 'status' },
  { name: 'the deletion of a request', remove: pending },
  { name: 'the deletion of a request whose Kafka is gone', remove: orphan },
  { name: 'the deletion of a Kafka', remove: orders },
  { name: 'the deletion of a Kafka that must not terminate', remove: { kind: KINDS.Kafka, name: 'kept' } },
];

export const QUESTIONS: readonly Question[] = [...MANIFESTS, ...ONLY_SERVERS];

/** Kafkas whose specs are compared as the API completes them. */
export const COMPLETED: readonly { readonly name: string; readonly create: KubeObject }[] = [
  { name: 'a version and no more', create: kafka({}) },
  { name: 'roles and no more', create: kafka({ topology: { controller: {}, broker: {} } }) },
  { name: 'a version without an init container', create: kafka({ version: '3.9.0' }) },
  { name: 'an unsafe Kafka', create: kafka({ disableSecurity: true }) },
  { name: 'a halted Kafka', create: kafka({ halted: true }) },
  { name: 'TLS with an issuer and no more', create: kafka(TLS) },
  { name: 'TLS for roles', create: kafka({ ...TLS, topology: { controller: {}, broker: {} } }) },
  { name: 'TLS with one certificate', create: tlsWith([{ alias: 'client', secretName: 'mine' }]) },
  { name: 'TLS with a certificate of another alias', create: tlsWith([{ alias: 'http' }, { alias: 'server', duration: '2160h' }]) },
  { name: 'TLS with a lifetime in other words', create: tlsWith([{ alias: 'server', duration: '90m', renewBefore: '3600s' }]) },
  { name: 'TLS with an issuer for one certificate', create: tlsWith([{ alias: 'server', issuerRef: { ...ISSUER, name: 'other' } }]) },
  { name: 'an own container and own resources', create: withOwnContainer() },
  { name: 'a separate login', create: kafka({ authSecret: { name: 'mine' }, keystoreCredSecret: { name: 'stores' } }) },
  { name: 'configuration in the old field', create: kafka({ configSecret: { name: 'mine' } }) },
  { name: 'a health checker in part', create: kafka({ healthChecker: { periodSeconds: 5 } }) },
];

function tlsWith(list: readonly object[]): KubeObject {
  return kafka({ ...TLS, tls: { ...TLS.tls, certificates: list } });
}

function withOwnContainer(): KubeObject {
  const resources = { requests: { memory: '2Gi' }, limits: { cpu: '2' } };
  return kafka({
    podTemplate: {
      spec: {
        containers: [
          { name: 'mine', image: 'mine' },
          { name: 'kafka', resources },
        ],
      },
    },
  });
}

/** Phases that a request goes through; its Kafka is paused before the last one. */
export const ENDINGS: readonly { readonly name: string; readonly phases: readonly string[] }[] = [
  { name: 'Progressing', phases: ['Progressing'] },
  { name: 'Successful', phases: ['Progressing', 'Successful'] },
  { name: 'Failed', phases: ['Progressing', 'Failed'] },
  { name: 'Skipped', phases: ['Pending', 'Skipped'] },
  { name: 'Denied', phases: ['Pending', 'Denied'] },
  { name: 'Successful once more', phases: ['Successful', 'Successful'] },
  { name: 'Successful after Failed', phases: ['Failed', 'Successful'] },
];
