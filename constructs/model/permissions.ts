/**
 * What the reconciler may do, in the Kafka's namespace and nowhere else: one entry a resource, and for each verb its use. The Role of the
 * Job is made from it, and a run asks beforehand whether it may do it all.
 *
 * ClusterIssuers are outside the namespace: those that TLS refers to have a ClusterRole of their own.
 */
import type { ExecutorName } from './desired';
import { groupOf, KINDS } from './kube-object';
import { configSecretName, defaultKeystoreCredSecret, ROLES } from './kubedb';
import { bundleName, probeName, trustName } from './names';

/** A rule of a Role. */
export interface Permission {
  readonly group: string;
  /** Plural, with the subresource if there is one: `pods/eviction`. */
  readonly resource: string;
  readonly verbs: readonly string[];
  /** The only object this is about. */
  readonly name?: string;
  /** What it is needed for: "pause and resume the Kafka". */
  readonly use: string;
  /** A run can do without it. */
  readonly isOptional?: true;
}

const READ = ['get', 'list', 'watch'];

/** Returns what the reconciler of a Kafka may do. */
export function permissions(kafka: string, executor: ExecutorName, { isIssuerForeign = false } = {}): readonly Permission[] {
  const all = isIssuerForeign ? [...shared(kafka), ...probing(kafka)] : shared(kafka);
  return executor === 'native' ? [...all, ...native(kafka)] : all;
}

/** Which CA an issuer outside the bundle signs with may show only in a certificate that it signs. */
function probing(kafka: string): readonly Permission[] {
  const use = 'see which root an issuer signs with';
  return [
    on('CertificateRequest', ['create'], { use, isOptional: true }),
    on('CertificateRequest', ['get', 'delete'], { name: probeName(kafka), use, isOptional: true }),
  ];
}

function shared(kafka: string): readonly Permission[] {
  const name = bundleName(kafka);
  return [
    on('ConfigMap', ['get'], { name, use: 'read the desired state', isOptional: true }), // by hand it may come from a file
    on('ConfigMap', ['get', 'create', 'patch'], { name: trustName(kafka), use: 'export the CA certificates that clients have to trust' }),
    on('Lease', ['get', 'update'], { name, use: 'be the only reconciler at work' }),
    on('Lease', ['create'], { use: 'be the only reconciler at work' }), // what does not exist has no name to grant
    on('Event', ['create'], { use: 'tell in kubectl describe what is done', isOptional: true }),
    on('Kafka', [...READ, 'create', 'update', 'patch'], {
      use: 'create it if declared and missing, mark whose it is, write its TLS state',
    }),
    on('GitOpsKafka', ['get'], { use: 'see a rival for the TLS state', isOptional: true }),
    on('KafkaOpsRequest', [...READ, 'create', 'update'], { use: 'submit and follow operations, and mark them verified' }),
    on('Issuer', [...READ, 'create', 'patch'], { use: 'apply the issuers of the bundle' }),
    on('Certificate', [...READ, 'create', 'patch', 'delete'], { use: 'apply certificates, and delete those that left the bundle' }),
    on('Certificate', ['update'], { sub: 'status', use: 'have cert-manager issue one again' }),
    on('CertificateRequest', ['list'], { use: 'see why a certificate is not issued', isOptional: true }),
    on('Secret', ['get'], { use: 'see what certificates really hold, and log in to brokers' }),
    on('PetSet', ['get'], { use: 'see what pods mount' }),
    on('Pod', ['list', 'watch'], { use: 'follow restarts' }),
    on('PodDisruptionBudget', ['list'], { use: 'see what forbids evictions', isOptional: true }),
    on('Job', ['list', 'delete'], { use: 'delete finished Jobs of earlier contents', isOptional: true }),
  ];
}

/** What KubeDB's ops-manager does otherwise. */
function native(kafka: string): readonly Permission[] {
  return [
    on('Kafka', ['update'], { sub: 'status', use: 'pause and resume it' }),
    on('KafkaOpsRequest', ['update'], { sub: 'status', use: 'write its conditions as KubeDB does' }),
    // By an apply, which carries the name, so that even the right to create it is about this one only.
    on('Secret', ['create', 'patch'], { name: defaultKeystoreCredSecret(kafka), use: 'make the password of key stores' }),
    ...ROLES.map((role) => on('Secret', ['update'], { name: configSecretName(kafka, role), use: 'write configuration' })),
    on('PetSet', ['list', 'watch', 'update'], { use: 'mount the certificates, and see that KubeDB leaves that' }),
    on('PodDisruptionBudget', ['watch'], { use: 'see when an eviction may be tried again' }),
    on('Pod', ['create'], { sub: 'eviction', use: 'restart pods' }),
    on('Pod', ['get', 'delete'], { use: 'see the successors, and in a cut-over delete what only a budget keeps' }),
  ];
}

interface Details extends Pick<Permission, 'name' | 'use' | 'isOptional'> {
  readonly sub?: 'status' | 'eviction';
}

function on(kind: keyof typeof KINDS, verbs: readonly string[], { sub, ...details }: Details): Permission {
  const { apiVersion, plural } = KINDS[kind];
  return { group: groupOf(apiVersion), resource: sub === undefined ? plural : `${plural}/${sub}`, verbs, ...details };
}
