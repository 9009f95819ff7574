/** Who can talk to whom in every state that a plan leads through (`course.ts`), as a matrix: nodes, and clients by the roots that they trust. */
import { tlsStateOf } from '#model/tls';
import type { CaFacts } from '../../model/observation';
import type { PlanStates } from '../../model/states';
import { compare } from '../diff';
import { certificateSecret, type PlanInput } from '../plan-input';
import { withRootChange } from '../root-change';
import type { Truster } from './acceptance';
import { contactsAt } from './contact';
import { type CoursePlan, courseOf } from './course';
import { type Material, rootsOf } from './material';

/** Returns the matrix, without later phases if the plan `isLast`; undefined if no node gets another certificate or protocol. */
export function statesOf(given: PlanInput, plan: Omit<CoursePlan, 'reissued'>): PlanStates | undefined {
  const input = withRootChange(given);
  const { live, now } = input;
  const course = courseOf(input, { ...plan, reissued: compare(input).reissued });
  if (course === undefined) return undefined;
  const { between, ofClients } = contactsAt(now);
  const clients = clientsOf(input, course.last);
  return {
    nodes: live.pods.map((p) => p.name),
    states: course.states.map(({ after, nodes }) => ({
      after,
      nodes: nodes.map((from) => ({ from: from.pod.name, contacts: nodes.map((to) => between(from, to)) })),
      clients: clients.map(({ name, truster }) => ({ from: name, contacts: nodes.map((to) => ofClients(truster, to)) })),
    })),
  };
}

/** Returns clients by what they trust; one kind if the roots stay the same. */
function clientsOf(input: PlanInput, last: Material): readonly { readonly name: string; readonly truster: Truster }[] {
  const { live } = input;
  const present = rootsOf(certificateSecret(live, tlsStateOf(live.kafka?.spec), 'server')?.ca ?? [], live);
  const fresh = last.protocol === 'tls' ? rootsOf(last.truster.anchors, live) : [];
  const kind = (name: string, anchors: readonly CaFacts[]) => ({ name, truster: { by: 'openssl' as const, anchors } });
  const both = [...present, ...fresh.filter((f) => !present.some((p) => p.fingerprint === f.fingerprint))];
  if (both.length === 0) return [];
  if (both.length === present.length && both.length === fresh.length) return [kind('clients', present)];
  const some = [kind('clients of the present root', present), kind('clients of the new root', fresh)];
  return [...some.filter((c) => c.truster.anchors.length > 0), kind('clients of both roots', both)];
}
