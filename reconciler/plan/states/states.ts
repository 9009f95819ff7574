/**
 * Who can talk to whom in every state that a plan leads through: before its first step, between two of its steps, after the last one. A run
 * that is killed leaves the cluster in one of these states.
 *
 *     nodes     a broker connects to all nodes, a controller to controllers; each validates as Java does, and asks for the name of the pod
 *     clients   connect to brokers and validate as OpenSSL does; by the roots that they trust: the present ones, the new ones, both
 *
 * A node that loads its certificate while it runs keeps what it trusts for its own connections to controllers until it restarts. What was not
 * observed is unknown, never accepted or refused.
 */

import type { CaFacts, PodFacts } from '../../model/observation';
import { matchStep, type Plan, type Step, type StepCases } from '../../model/plan';
import type { BrokenContact, Contact, ContactRow, PlanState, PlanStates } from '../../model/states';
import { withBridge } from '../bridge/next-phase';
import { compare } from '../diff';
import type { PlanInput } from '../plan-input';
import { refusal, type Truster } from './acceptance';
import { type Material, nextMaterial, presentMaterial, presentSecret, rootsOf } from './material';

/** A node as others meet it. */
interface Node {
  readonly pod: PodFacts;
  readonly material: Material;
  /** What it still trusts for its own connections to controllers; absent when that is what `material` trusts. */
  readonly started?: Material;
}

interface Change {
  readonly pods: readonly string[];
  readonly by: 'restarted' | 'loaded its certificate';
}

/** Returns the states; undefined if no node gets another certificate or protocol. */
export function statesOf(given: PlanInput, plan: Pick<Plan, 'steps' | 'cutover'>): PlanStates | undefined {
  const input = withBridge(given);
  const { live, now } = input;
  const changes = changesOf(plan);
  if (changes.length === 0) return undefined;
  const next = nextMaterial(input, compare(input).reissued);
  const present = live.pods.map((pod): Node => ({ pod, material: presentMaterial(input, pod) }));
  const changed = (node: Node, by: Change['by']): Node =>
    by === 'restarted' ? { pod: node.pod, material: next } : { pod: node.pod, material: next, started: node.started ?? node.material };
  const worlds: (readonly Node[])[] = [present];
  for (const { pods, by } of changes) {
    worlds.push((worlds.at(-1) ?? present).map((n) => (pods.includes(n.pod.name) ? changed(n, by) : n)));
  }
  const clients = clientsOf(input, next);
  const states = worlds.map((nodes, i): PlanState => {
    const change = changes[i - 1];
    return {
      after: change === undefined ? 'before the first of them' : `${named(change, live.pods.length)} ${change.by}`,
      nodes: nodes.map((from) => ({ from: from.pod.name, contacts: nodes.map((to) => contact(from, to, now)) })),
      clients: clients.map(({ name, truster }) => ({ from: name, contacts: nodes.map((to) => reached(truster, to, now)) })),
    };
  });
  const broken = firstBroken(states, live.pods);
  return {
    nodes: live.pods.map((p) => p.name),
    states,
    holdsInAnyOrder: broken === undefined && holdsInAnyOrder(present, worlds.at(-1) ?? present, now),
    ...(broken === undefined ? {} : { broken }),
  };
}

const NONE = () => [];
const CHANGES: StepCases<readonly Change[]> = {
  probe: NONE,
  apply: NONE,
  publishTrustBundle: NONE,
  create: NONE,
  retryIssuance: NONE,
  reissue: NONE,
  withdrawRoot: NONE,
  awaitReady: NONE,
  awaitHealth: NONE,
  claimOwnership: NONE,
  record: NONE,
  configure: NONE,
  submitOpsRequest: ({ pods }) => pods.map(({ subject }) => ({ pods: [subject.name], by: 'restarted' as const })),
  supersede: NONE,
  pause: NONE,
  createPassword: NONE,
  issue: NONE,
  reconfigure: NONE,
  provisionerSync: NONE,
  evict: ({ pods }) => pods.map(({ subject }) => ({ pods: [subject.name], by: 'restarted' as const })),
  reload: ({ nodes }) => nodes.map(({ subject }) => ({ pods: [subject.name], by: 'loaded its certificate' as const })),
  verify: NONE,
  resume: NONE,
  delete: NONE,
};

function changesOf({ steps, cutover }: Pick<Plan, 'steps' | 'cutover'>): readonly Change[] {
  const changes = steps.flatMap((step: Step) => matchStep(step, CHANGES));
  if (cutover?.mode !== 'stop' || changes.length === 0) return changes;
  return [{ pods: changes.flatMap((c) => c.pods), by: 'restarted' }];
}

function named({ pods }: Change, all: number): string {
  return pods.length === all && all > 1 ? 'all pods' : pods.join(', ');
}

function contact(from: Node, to: Node, now: Date): Contact {
  const isToController = to.pod.role !== 'broker';
  if (from.pod === to.pod || (from.pod.role === 'controller' && !isToController)) return { kind: 'never' };
  const all = [from.material, ...(isToController && from.started !== undefined ? [from.started] : [])].map((m) => met(m, to, now));
  return all.find((c) => c.kind === 'refused') ?? all.find((c) => c.kind === 'unknown') ?? { kind: 'accepted' };
}

/** Whether a node with this material accepts another node. */
function met(material: Material, to: Node, now: Date): Contact {
  if (material.protocol === 'plaintext') return plaintextMeets(to.material);
  if (material.protocol === 'unknown') {
    const isRefused = material.isTls === true && to.material.protocol === 'plaintext';
    return isRefused ? MEETS_PLAINTEXT : { kind: 'unknown', because: material.because };
  }
  return reached({ by: 'java', anchors: material.anchors }, to, now);
}

const MEETS_PLAINTEXT: Contact = { kind: 'refused', because: 'it expects TLS, and meets plaintext' };

function plaintextMeets(other: Material): Contact {
  if (other.protocol === 'plaintext') return { kind: 'accepted' };
  const isKnown = other.protocol === 'tls' || other.isTls === true;
  return isKnown ? { kind: 'refused', because: 'it expects plaintext, and meets TLS' } : { kind: 'unknown', because: other.because };
}

function reached(truster: Truster, { pod, material }: Node, now: Date): Contact {
  if (material.protocol === 'unknown') return { kind: 'unknown', because: material.because };
  if (material.protocol === 'plaintext') return MEETS_PLAINTEXT;
  const because = refusal(material.shown, truster, pod.fqdn, now);
  return because === undefined ? { kind: 'accepted' } : { kind: 'refused', because };
}

/** Returns clients by what they trust; one kind if the roots stay the same. */
function clientsOf(input: PlanInput, next: Material): readonly { readonly name: string; readonly truster: Truster }[] {
  const { live } = input;
  const present = rootsOf(presentSecret(input)?.ca ?? [], live);
  const fresh = next.protocol === 'tls' ? rootsOf(next.anchors, live) : [];
  const kind = (name: string, anchors: readonly CaFacts[]) => ({ name, truster: { by: 'openssl' as const, anchors } });
  const both = [...present, ...fresh.filter((f) => !present.some((p) => p.fingerprint === f.fingerprint))];
  if (both.length === 0) return [];
  if (both.length === present.length && both.length === fresh.length) return [kind('clients', present)];
  const some = [kind('clients of the present root', present), kind('clients of the new root', fresh)];
  return [...some.filter((c) => c.truster.anchors.length > 0), kind('clients of both roots', both)];
}

function firstBroken(states: readonly PlanState[], pods: readonly PodFacts[]): BrokenContact | undefined {
  for (const [i, { after, nodes }] of states.entries()) {
    const found = nodes.flatMap((row) => refusedIn(row, pods))[0];
    if (found !== undefined) return { state: i + 1, after, ...found };
  }
  return undefined;
}

function refusedIn({ from, contacts }: ContactRow, pods: readonly PodFacts[]): readonly Pick<BrokenContact, 'from' | 'to' | 'because'>[] {
  return contacts.flatMap((c, i) => (c.kind === 'refused' ? [{ from, to: pods[i]?.name ?? '', because: c.because }] : []));
}

/** Two nodes meet before or after each of them has changed: these four cases cover every order. */
function holdsInAnyOrder(before: readonly Node[], after: readonly Node[], now: Date): boolean {
  const pairs = before.flatMap((_, i) => before.map((__, j) => [i, j] as const)).filter(([i, j]) => i !== j);
  return pairs.every(([i, j]) =>
    [before[i], after[i]].every((from) =>
      [before[j], after[j]].every((to) => from === undefined || to === undefined || isGood(contact(from, to, now))),
    ),
  );
}

function isGood({ kind }: Contact): boolean {
  return kind === 'accepted' || kind === 'never';
}
