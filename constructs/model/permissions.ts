/**
 * The permissions of the reconciler in the namespace of the Kafka, with the use of each. The Role of the Job is made of them, and a run asks the
 * API server before its first write whether it has them.
 *
 * ClusterIssuers are outside the namespace: a separate ClusterRole allows to read those that TLS refers to.
 */
import { capabilitiesOf } from './capabilities';
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
  /** The only object to which the rule applies. */
  readonly name?: string;
  /** Its use, as a phrase: "pause and resume the Kafka". */
  readonly use: string;
  /** A run can do without it. */
  readonly isOptional?: true;
}

const READ = ['get', 'list', 'watch'];

export interface Issuing {
  /** TLS refers to an issuer that is not in the bundle. */
  readonly isIssuerForeign?: boolean;
  /** Secrets of the CAs that the bundle makes. */
  readonly caSecrets?: readonly string[];
  /** Secrets of broker certificates, where nodes may have to trust two roots. */
  readonly trustSecrets?: readonly string[];
}

/** Returns the permissions of the reconciler of a Kafka. */
export function permissions(
  kafka: string,
  executor: ExecutorName,
  { isIssuerForeign = false, caSecrets = [], trustSecrets = [] }: Issuing = {},
): readonly Permission[] {
  const all = [...shared(kafka), ...(isIssuerForeign ? probing(kafka) : []), ...caSecrets.map(bridging)];
  return capabilitiesOf({ executor }).needsOpsManager ? all : [...all, ...withoutOpsManager(kafka), ...trustSecrets.map(widening)];
}

/** The root of an issuer outside the bundle may be visible only in a certificate that it signs. */
function probing(kafka: string): readonly Permission[] {
  const use = 'see which root an issuer signs with';
  return [
    on('CertificateRequest', ['create'], { use, isOptional: true }),
    on('CertificateRequest', ['get', 'delete'], { name: probeName(kafka), use, isOptional: true }),
  ];
}

/** The only write to a Secret with the key of a CA. */
function bridging(name: string): Permission {
  return on('Secret', ['patch'], { name, use: 'take the old root out of the Secret of a new CA' });
}

/** cert-manager writes the trust stores itself. */
function widening(name: string): Permission {
  return on('Secret', ['patch'], { name, use: 'have nodes trust the old and the new root while the root changes' });
}

function shared(kafka: string): readonly Permission[] {
  const name = bundleName(kafka);
  return [
    on('ConfigMap', ['get'], { name, use: 'read the desired state', isOptional: true }), // by hand it may come from a file
    on('ConfigMap', ['get', 'create', 'patch'], { name: trustName(kafka), use: 'publish the CA certificates that clients must trust' }),
    on('Lease', ['get', 'update'], { name, use: 'exclude a second reconciler' }),
    on('Lease', ['create'], { use: 'exclude a second reconciler' }), // a rule with a name does not allow to create
    on('Event', ['create'], { use: 'report progress in kubectl describe', isOptional: true }),
    on('Kafka', [...READ, 'create', 'update', 'patch'], {
      use: 'create it if declared and missing, mark its owner, write its TLS state',
    }),
    on('GitOpsKafka', ['get'], { use: 'detect a second source of the TLS state', isOptional: true }),
    on('KafkaOpsRequest', [...READ, 'create', 'update'], { use: 'submit and follow operations, and mark them verified' }),
    on('Issuer', [...READ, 'create', 'patch'], { use: 'apply the issuers of the bundle' }),
    on('Certificate', [...READ, 'create', 'patch', 'delete'], { use: 'apply certificates, and delete those that left the bundle' }),
    on('Certificate', ['update'], { sub: 'status', use: 'have cert-manager issue one again' }),
    on('CertificateRequest', ['list'], { use: 'see why a certificate is not issued', isOptional: true }),
    on('Secret', ['get'], { use: 'read certificates, and log in to brokers' }),
    on('PetSet', ['get'], { use: 'read the volumes of pods' }),
    on('Pod', ['list', 'watch'], { use: 'follow restarts' }),
    on('PodDisruptionBudget', ['list'], { use: 'read what forbids evictions', isOptional: true }),
    on('Job', ['list', 'delete'], { use: 'delete finished Jobs of earlier contents', isOptional: true }),
  ];
}

/** Permissions for the work that KubeDB's ops-manager does otherwise. */
function withoutOpsManager(kafka: string): readonly Permission[] {
  return [
    on('Kafka', ['update'], { sub: 'status', use: 'pause and resume it' }),
    on('KafkaOpsRequest', ['update'], { sub: 'status', use: 'write its conditions as KubeDB does' }),
    // An apply carries the name, so that even the permission to create applies to this Secret only.
    on('Secret', ['create', 'patch'], { name: defaultKeystoreCredSecret(kafka), use: 'create the password of key stores' }),
    ...ROLES.map((role) => on('Secret', ['update'], { name: configSecretName(kafka, role), use: 'write configuration' })),
    on('PetSet', ['list', 'watch', 'update'], { use: 'mount the certificates, and see whether KubeDB keeps that' }),
    on('PodDisruptionBudget', ['watch'], { use: 'see when to retry an eviction' }),
    on('Pod', ['create'], { sub: 'eviction', use: 'restart pods' }),
    on('Pod', ['get', 'delete'], { use: 'see the new pods, and delete pods in a cut-over that only a budget protects' }),
  ];
}

interface Details extends Pick<Permission, 'name' | 'use' | 'isOptional'> {
  readonly sub?: 'status' | 'eviction';
}

function on(kind: keyof typeof KINDS, verbs: readonly string[], { sub, ...details }: Details): Permission {
  const { apiVersion, plural } = KINDS[kind];
  return { group: groupOf(apiVersion), resource: sub === undefined ? plural : `${plural}/${sub}`, verbs, ...details };
}
