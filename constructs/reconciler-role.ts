/**
 * What the reconciler may do, in the Kafka's namespace and nowhere else. One line a resource; each verb has its use.
 *
 * ClusterIssuers and KafkaVersions are outside the namespace: without a ClusterRole of the user's they are recorded as unknown.
 */
import type { ExecutorName } from './model/desired';
import { groupOf, KINDS } from './model/kube-object';
import { bundleName } from './model/names';

/** A rule of a Role. */
export interface Permission {
  readonly group: string;
  readonly resource: string;
  readonly verbs: readonly string[];
  /** The only object this is about. */
  readonly name?: string;
}

const READ = ['get', 'list', 'watch'];

/** Returns what the reconciler of a Kafka may do. */
export function permissions(kafka: string, executor: ExecutorName): readonly Permission[] {
  return executor === 'native' ? [...shared(kafka), ...NATIVE] : shared(kafka);
}

function shared(kafka: string): readonly Permission[] {
  const name = bundleName(kafka);
  return [
    on('ConfigMap', ['get'], '', name), // the desired state
    on('Lease', ['get', 'update'], '', name), // one reconciler at a time
    on('Lease', ['create']), // what does not exist has no name to grant
    on('Kafka', [...READ, 'create', 'update', 'patch']), // created if declared and missing; owner annotation
    on('GitOpsKafka', ['get']), // a rival for the TLS state
    on('KafkaOpsRequest', [...READ, 'create', 'update']), // updated to mark it verified
    on('Issuer', [...READ, 'create', 'patch']),
    on('Certificate', [...READ, 'create', 'patch', 'delete']), // deleted when it leaves the bundle
    on('Secret', ['get']), // what certificates really hold; how to log in to brokers
    on('PetSet', ['get']),
    on('Pod', ['list', 'watch']),
    on('PodDisruptionBudget', ['list']),
  ];
}

/** What KubeDB's ops-manager does otherwise. */
const NATIVE: readonly Permission[] = [
  on('Kafka', ['update'], '/status'), // pause and resume
  on('KafkaOpsRequest', ['update'], '/status'), // conditions, as KubeDB writes them
  on('Certificate', ['update'], '/status'), // triggers a new issuance
  on('Secret', ['create', 'update']), // configuration, passwords of the key stores
  on('PetSet', ['list', 'watch', 'update']), // the certificate volume, and that KubeDB leaves it
  on('PodDisruptionBudget', ['watch']), // when an eviction may be tried again
  on('Pod', ['create'], '/eviction'),
  on('Pod', ['get', 'delete']), // its successor; deleted in a cut-over, where only a budget refuses the eviction
];

function on(kind: keyof typeof KINDS, verbs: readonly string[], subresource = '', name?: string): Permission {
  const { apiVersion, plural } = KINDS[kind];
  return { group: groupOf(apiVersion), resource: `${plural}${subresource}`, verbs, ...(name === undefined ? {} : { name }) };
}
