/** The permissions that a plan needs and the run does not have. The API server is asked, since only it knows every rule and binding. */
import type { Bundle } from '#model/bundle';
import { type Permission, permissions } from '#model/permissions';
import type { Observation } from '../model/observation';
import type { Cluster } from '../ports';

/**
 * Returns an observation with the denied permissions. It is asked once for each plan and never at a gate, since it takes one request for each
 * verb. Optional permissions are not asked for. If the server does not answer, the permission does not count as denied.
 */
export async function withDenied(cluster: Cluster, { desired }: Bundle, live: Observation): Promise<Observation> {
  const { namespace, kafka, executor } = desired;
  const needed = permissions(kafka, executor).filter((p) => p.isOptional !== true);
  const answers = await Promise.all(needed.map((permission) => answersOf(cluster, namespace, permission)));
  if (answers.flat().every(({ isAllowed }) => isAllowed === undefined)) return live;
  const denied = needed.map((permission, i): Permission => {
    const verbs = (answers[i] ?? []).filter(({ isAllowed }) => isAllowed === false).map(({ verb }) => verb);
    return { ...permission, verbs };
  });
  return { ...live, denied: denied.filter(({ verbs }) => verbs.length > 0) };
}

/** Resources are asked in parallel, the verbs of one resource in sequence: a whole Role at once would open too many connections. */
async function answersOf(cluster: Cluster, namespace: string, { verbs, group, resource, name }: Permission) {
  const answers: { readonly verb: string; readonly isAllowed: boolean | undefined }[] = [];
  for (const verb of verbs) {
    const access = { verb, group, resource, namespace, ...(name === undefined ? {} : { name }) };
    answers.push({ verb, isAllowed: await cluster.isAllowed(access) });
  }
  return answers;
}
