/**
 * Certificates that expire before the deadlines of the run end. They never block a run, since it may be the run that replaces them. The gate of
 * each pod checks whether the certificate in its Secret is valid.
 */
import { formatGoDuration, goDurationMs } from '#model/go-duration';
import type { PodFacts } from '#reconciler/model/observation';
import type { Draft } from '#reconciler/model/plan';
import { rotationDue } from '../checks/secrets';
import { expiredAt } from '../dates';
import { compare } from '../diff';
import { aliasViews, type PlanInput, restartedPods } from '../plan-input';

/** Returns notes about certificates that are about to expire: those that pods serve, and those that they restart onto. */
export function expiryNotes(input: PlanInput, { steps, cutover }: Draft): readonly string[] {
  const { live, bundle, now } = input;
  const restarted = restartedPods(live, steps);
  if (restarted.length === 0) return [];
  const { reissued } = compare(input);
  const limitMs = longestMs(input, restarted.length);
  const isLate = (notAfter: string) => Date.parse(notAfter) > now.getTime() && Date.parse(notAfter) < now.getTime() + limitMs;
  const within = `within the ${formatGoDuration(BigInt(limitMs) * 1_000_000n)} that this run may take by its deadlines`;
  const views = aliasViews(input).filter((v) => v.secret?.leaf !== undefined && !reissued.has(v.alias));
  const kept = views.flatMap(({ secret }) => {
    const { leaf, name } = secret as NonNullable<typeof secret>;
    if (leaf === undefined || !isLate(leaf.notAfter)) return [];
    const due = new Date(rotationDue(leaf, bundle.desired.beforeExpiry)).toISOString();
    return [
      `The certificate in Secret ${name} expires ${leaf.notAfter}, ${within}, and is not replaced by it; a run after ${due} does that.`,
    ];
  });
  // The note of a cut-over names expired certificates itself.
  const expired = cutover === undefined ? restarted.flatMap((p) => expiredNote(p.name, expiredAt(p, now)) ?? []) : [];
  // A note about certificates that are kept exists already.
  const isKept = (fingerprint: string) => views.some(({ secret }) => secret?.leaf?.fingerprint === fingerprint);
  const served = restarted.flatMap(servedLeaves).filter(({ leaf }) => isLate(leaf.notAfter) && !isKept(leaf.fingerprint));
  const [first] = served.sort((a, b) => Date.parse(a.leaf.notAfter) - Date.parse(b.leaf.notAfter));
  if (first === undefined) return [...expired, ...kept];
  const pods = new Set(served.map((s) => s.pod));
  const whose = pods.size === 1 ? first.pod : `${first.pod} and ${pods.size - 1} more`;
  return [`Urgent: what ${whose} ${pods.size === 1 ? 'serves' : 'serve'} expires ${first.leaf.notAfter}, ${within}.`, ...expired, ...kept];
}

function expiredNote(pod: string, since: string | undefined): string | undefined {
  if (since === undefined) return undefined;
  return `The certificate that ${pod} serves expired ${since}: clients and restarted nodes refuse it. The pod restarts first, whatever its partitions say.`;
}

function servedLeaves(pod: PodFacts) {
  return pod.served.flatMap(({ leaf }) => (leaf === undefined ? [] : [{ pod: pod.name, leaf }]));
}

/** Returns how long a run takes that uses up every deadline. */
function longestMs({ bundle }: PlanInput, restarts: number): number {
  const ms = (name: 'issuance' | 'gate' | 'podReady') => goDurationMs(bundle.desired.deadlines[name]) ?? 0;
  return ms('issuance') + restarts * (ms('gate') + ms('podReady'));
}
