/** The rights that a plan needs and the account of this run does not have. The API server answers, because only it knows every binding. */
import type { Bundle } from '#model/bundle';
import { type Permission, permissions } from '#model/permissions';
import type { Observation } from '../model/observation';
import type { Cluster } from '../ports';

/**
 * Returns an observation with the permissions that are denied. Asked once a plan and never at a gate: it takes a question a verb. What a
 * run can do without is not asked for, and what the server does not say is not denied.
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

/** Resources side by side, verbs of one after the other: a whole Role at once would be a burst of connections. */
async function answersOf(cluster: Cluster, namespace: string, { verbs, group, resource, name }: Permission) {
  const answers: { readonly verb: string; readonly isAllowed: boolean | undefined }[] = [];
  for (const verb of verbs) {
    const access = { verb, group, resource, namespace, ...(name === undefined ? {} : { name }) };
    answers.push({ verb, isAllowed: await cluster.isAllowed(access) });
  }
  return answers;
}
