/** The permissions that a plan needs and the run does not have. The API server is asked, since only it knows every rule and binding. */
import type { Bundle } from '#model/bundle';
import { type Certificate, isKind } from '#model/kinds/index';
import type { KubeObject } from '#model/kube-object';
import { type Permission, permissions } from '#model/permissions';
import { ALIASES, certificateOf } from '#model/tls';
import type { Observation } from '../model/observation';
import type { Plan } from '../model/plan';
import type { Cluster } from '../ports';

/** Questions that are asked at the same time. Each needs a connection, and opening one costs more than an answer. */
const LANES = 3;

interface Answer {
  readonly verb: string;
  readonly isAllowed: boolean | undefined;
}

/**
 * Returns an observation with the denied permissions. It is asked once for each plan and never at a gate, since it takes one request for each
 * verb. Optional permissions are not asked for. If the server does not answer, the permission does not count as denied.
 */
export async function withDenied(
  cluster: Cluster,
  { desired, issuerManifests, tls }: Bundle,
  live: Observation,
  { rootChange }: Pick<Plan, 'rootChange'> = {},
): Promise<Observation> {
  const { namespace, kafka, executor } = desired;
  // Secrets of certificates are written only while the root changes.
  const caSecrets = rootChange === undefined ? [] : issuerManifests.flatMap((m) => (isCa(m) ? [m.spec.secretName] : []));
  const isOfBroker = rootChange?.trustsBoth === true && tls !== 'off';
  const trustSecrets = isOfBroker ? ALIASES.flatMap((alias) => certificateOf(kafka, tls, alias).secretName ?? []) : [];
  const needed = permissions(kafka, executor, { caSecrets: isOfBroker ? [] : caSecrets, trustSecrets }).filter(
    (p) => p.isOptional !== true,
  );
  const answers: Answer[][] = [];
  const queue = needed.entries();
  const lane = async () => {
    for (const [i, permission] of queue) answers[i] = await answersOf(cluster, namespace, permission);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  if (answers.flat().every(({ isAllowed }) => isAllowed === undefined)) return live;
  const denied = needed.map((permission, i): Permission => {
    const verbs = (answers[i] ?? []).filter(({ isAllowed }) => isAllowed === false).map(({ verb }) => verb);
    return { ...permission, verbs };
  });
  return { ...live, denied: denied.filter(({ verbs }) => verbs.length > 0) };
}

function isCa(manifest: KubeObject): manifest is Certificate {
  return isKind('Certificate', manifest) && manifest.spec.isCA === true;
}

async function answersOf(cluster: Cluster, namespace: string, { verbs, group, resource, name }: Permission): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const verb of verbs) {
    const access = { verb, group, resource, namespace, ...(name === undefined ? {} : { name }) };
    answers.push({ verb, isAllowed: await cluster.isAllowed(access) });
  }
  return answers;
}
