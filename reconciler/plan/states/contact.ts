/**
 * Whether one node accepts another one.
 *
 *     nodes     a broker connects to all nodes, a controller to controllers. Both sides validate as Java does, since KubeDB has nodes show a
 *               certificate when they connect. The name of the pod is asked for where Kafka's endpoint identification is on
 *     clients   connect to brokers, validate as OpenSSL does, and ask for the name of the pod
 *
 * A node that loads its certificate while it runs keeps what it trusts for its own connections to controllers until it restarts. What was not
 * observed is unknown, never accepted or refused.
 */
import type { PodFacts } from '../../model/observation';
import type { Contact } from '../../model/states';
import { nameRefusal, pathRefusal, type Refusal, type Shown, type Truster } from './acceptance';
import type { Material } from './material';

/** A node as others meet it. */
export interface Node {
  readonly pod: PodFacts;
  readonly material: Material;
  /** The name for which other nodes ask; absent where they ask for none. */
  readonly askedName?: string;
  /** What it still trusts for its own connections to controllers; absent when that is what `material` trusts. */
  readonly started?: Material;
}

export interface Contacts {
  /** Whether a node with one material accepts one with the other, by whatever name. */
  readonly accepts: (own: Material, other: Material) => Contact;
  readonly between: (from: Node, to: Node) => Contact;
  readonly ofClients: (truster: Truster, to: Node) => Contact;
}

/** Returns the contacts at an instant. Few materials are shared by all nodes, so each path of certificates is built once. */
export function contactsAt(now: Date): Contacts {
  const paths = memoPaths(now);
  const reached = (truster: Truster, material: Material, name: string | undefined): Contact => {
    if (material.protocol === 'unknown') return { kind: 'unknown', because: material.because };
    if (material.protocol === 'plaintext') return MEETS_PLAINTEXT;
    const refused = nameRefusal(material.shown, name) ?? paths(truster, material.shown);
    return refused === undefined ? ACCEPTED : { kind: 'refused', ...refused };
  };
  const met = (own: Material, other: Material, name?: string): Contact => {
    if (own.protocol === 'plaintext') return plaintextMeets(other);
    if (own.protocol === 'tls') return reached(own.truster, other, name);
    const isRefused = own.isTls === true && other.protocol === 'plaintext';
    return isRefused ? MEETS_PLAINTEXT : { kind: 'unknown', because: own.because };
  };
  const between = (from: Node, to: Node): Contact => {
    const isToController = to.pod.role !== 'broker';
    if (from.pod === to.pod || (from.pod.role === 'controller' && !isToController)) return { kind: 'never' };
    return worst([
      met(from.material, to.material, to.askedName),
      ...(isToController && from.started !== undefined ? [met(from.started, to.material, to.askedName)] : []),
      asServer(met(to.material, from.material)),
    ]);
  };
  return { accepts: met, between, ofClients: (truster, { pod, material }) => reached(truster, material, pod.fqdn) };
}

/** Returns the first contact that is refused, else the first that is unknown. */
function worst(contacts: readonly Contact[]): Contact {
  return contacts.find((c) => c.kind === 'refused') ?? contacts.find((c) => c.kind === 'unknown') ?? ACCEPTED;
}

/** The other side refuses the certificate with which a node connects. */
function asServer(contact: Contact): Contact {
  if (contact.kind !== 'refused' || contact.why === 'protocol') return contact;
  return { ...contact, because: `it is refused when it connects: ${contact.because}` };
}

const ACCEPTED: Contact = { kind: 'accepted' };
const MEETS_PLAINTEXT: Contact = { kind: 'refused', why: 'protocol', because: 'it expects TLS, and meets plaintext' };

function plaintextMeets(other: Material): Contact {
  if (other.protocol === 'plaintext') return ACCEPTED;
  const isKnown = other.protocol === 'tls' || other.isTls === true;
  if (!isKnown) return { kind: 'unknown', because: other.because };
  return { kind: 'refused', why: 'protocol', because: 'it expects plaintext, and meets TLS' };
}

function memoPaths(now: Date): (truster: Truster, shown: Shown) => Refusal | undefined {
  const known = new Map<Truster, Map<Shown, Refusal | undefined>>();
  return (truster, shown) => {
    const ofTruster = known.get(truster) ?? new Map<Shown, Refusal | undefined>();
    known.set(truster, ofTruster);
    if (!ofTruster.has(shown)) ofTruster.set(shown, pathRefusal(shown, truster, now));
    return ofTruster.get(shown);
  };
}
