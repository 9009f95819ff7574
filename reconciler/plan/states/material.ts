/** What nodes show and trust before and after they load their certificate, from the certificates and Secrets of an observation. */
import { type Alias, formatIssuerRef, issuerOf, tlsStateOf } from '#model/tls';
import type { CaFacts, CertificateFacts, Observation, PodFacts, SecretFacts } from '../../model/observation';
import { issuerWhenIssuing } from '../bridge/issued';
import type { BridgePhase, EndPhase } from '../bridge/phases';
import { isAccepted, presentedFrom } from '../chain';
import { type DualPhase, hasLoadedTrust, isWidened } from '../dual/phases';
import { issuerStateOf } from '../issuers';
import { certificateSecret, type PlanInput, wantedCertificate } from '../plan-input';
import type { Shown, Truster } from './acceptance';

/** What a listener of a node shows, and what the node trusts. */
export type Material =
  | { readonly protocol: 'plaintext' }
  | { readonly protocol: 'tls'; readonly shown: Shown; readonly truster: Truster }
  | { readonly protocol: 'unknown'; readonly because: string; readonly isTls?: true };

const PLAINTEXT: Material = { protocol: 'plaintext' };

/** Returns what running nodes show and trust. A node trusts what was beside its certificate when it loaded that. */
export function presentMaterials({ live }: PlanInput): (pod: PodFacts) => Material {
  // Pods that mount one Secret share one value.
  const held = new Map(
    live.secrets.map((s) => [s.name, { leaf: s.leaf, material: heldIn(s), isLoaded: isLoadedBy(s), before: heldIn(beforeAdded(s)) }]),
  );
  return ({ served, certificateSecret: name = '', createdAt }) => {
    const unobserved = served.find((s) => s.protocol === 'unknown');
    if (served.length === 0 || unobserved !== undefined) return unknown(unobserved?.because ?? 'it was not observed');
    if (served.every((s) => s.protocol === 'plaintext')) return PLAINTEXT;
    const secret = held.get(name);
    const isOfSecret = served.every((s) => s.leaf?.fingerprint === secret?.leaf?.fingerprint);
    if (isOfSecret) return (secret?.isLoaded({ createdAt }) === false ? secret.before : secret?.material) ?? heldIn(undefined);
    return unknownTls('it serves another certificate than its Secret holds, so what it trusts is not known');
  };
}

/** Returns what nodes show and trust by the spec of the Kafka, whether or not they could be observed. */
export function declaredMaterial({ live }: Pick<PlanInput, 'live'>): Material {
  const has = tlsStateOf(live.kafka?.spec);
  return has === 'off' ? PLAINTEXT : heldIn(certificateSecret(live, has, 'server'));
}

/** Returns what a node shows and trusts as soon as it has loaded what the plan brings it. */
export function nextMaterial(input: PlanInput, reissued: ReadonlySet<Alias>): Material {
  const { bundle, live, dual } = input;
  if (bundle.tls === 'off') return PLAINTEXT;
  if (!reissued.has('server')) return withAdded(heldIn(certificateSecret(live, bundle.tls, 'server')), input);
  if (dual !== undefined && dual.target !== 'both') return materialOfDual(input, dual, dual.target);
  const { ca = [], chain = [] } = issuerWhenIssuing(input, issuerOf(bundle.tls, 'server')) ?? {};
  const signer = chain[0] ?? ca[0];
  if (signer === undefined) return unknownTls('the CA of its issuer cannot be read');
  return withAdded(materialOf({ leaf: leafBy(signer, input), chain }, ca), input);
}

/** Returns the same where nodes trust both roots. */
export function materialOfDual(input: PlanInput, dual: DualPhase, phase: DualPhase['target']): Material {
  const { issuer, newRoot, roots } = dual;
  const { ca = newRoot === undefined ? [] : [newRoot], chain = [] } = issuerStateOf(input.live, issuer) ?? {};
  const signer = chain[0] ?? ca[0];
  if (signer === undefined) return unknownTls(`the root of ${formatIssuerRef(issuer)} is not known yet`);
  return materialOf({ leaf: leafBy(signer, input), chain }, phase === 'new' ? ca : roots);
}

/** Returns what nodes show and trust in a later phase of a change of root. */
export function materialOfPhase(input: PlanInput & { readonly bridge: BridgePhase }, phase: EndPhase): Material {
  const { bridge } = input;
  if (phase !== 'old') return nextMaterial({ ...input, bridge: { ...bridge, target: phase } }, new Set(['server']));
  return materialOf({ leaf: leafBy(bridge.oldRoot, input), chain: [] }, [bridge.oldRoot]);
}

function materialOf(shown: Shown, anchors: readonly CaFacts[]): Material {
  return { protocol: 'tls', shown, truster: { by: 'java', anchors } };
}

/** Returns whether a pod has loaded the roots that were added to the Secret. */
function isLoadedBy(secret: SecretFacts): (pod: { readonly createdAt?: string | undefined }) => boolean {
  return ({ createdAt }) => !isWidened(secret) || hasLoadedTrust(createdAt === undefined ? {} : { createdAt }, secret);
}

/** Returns the Secret as a pod may have loaded it before roots were added: with those that have signed its leaf. */
function beforeAdded(secret: SecretFacts): SecretFacts {
  if (!isWidened(secret)) return secret;
  const shown = presentedFrom(secret);
  return { ...secret, ca: (secret.ca ?? []).filter((c) => isAccepted(shown, new Set([c.publicKey]))) };
}

/** While the root changes, the Secret gets other roots before a node loads it. */
function withAdded(material: Material, { dual }: PlanInput): Material {
  return material.protocol !== 'tls' || dual === undefined || dual.target === 'new' ? material : materialOf(material.shown, dual.roots);
}

/** Returns what a node shows and trusts that has loaded a Secret. */
export function heldIn(secret: SecretFacts | undefined): Material {
  if (secret?.unread !== undefined) return unknownTls(secret.unread);
  if (secret?.leaf === undefined) return unknownTls('its Secret holds no certificate');
  if (secret.leaf.signers === undefined) return unknownTls('the observation is of an earlier version, which lacks the signers');
  return materialOf({ leaf: secret.leaf, chain: secret.chain ?? [] }, secret.ca ?? []);
}

/** Returns the leaf that an issuer will sign. */
function leafBy({ subject: issuer, publicKey }: CaFacts, input: PlanInput): CertificateFacts {
  const { commonName = '', dnsNames = [], ipAddresses = [], uris = [], emailAddresses = [] } = wantedCertificate(input, 'server').spec;
  const now = input.now.toISOString();
  const names = { dnsNames: [...dnsNames], ipAddresses: [...ipAddresses], uris: [...uris], emailAddresses: [...emailAddresses] };
  const own = { fingerprint: 'leaf to be issued', publicKey: 'key of the leaf', serial: '', subject: `CN=${commonName}`, isCa: false };
  return { ...own, issuer, notBefore: now, notAfter: now, ...names, signers: [publicKey] };
}

function unknown(because: string): Material {
  return { protocol: 'unknown', because };
}

function unknownTls(because: string): Material {
  return { protocol: 'unknown', because, isTls: true };
}

/** Returns CA certificates with the self-signed roots above them, as far as these were observed. Clients trust roots. */
export function rootsOf(anchors: readonly CaFacts[], live: Observation): readonly CaFacts[] {
  const known = [...live.secrets, ...live.issuers].flatMap(({ chain = [], ca = [] }) => [...chain, ...ca]).concat(live.trust?.ca ?? []);
  const above = new Set(anchors);
  // The loop visits certificates that it adds.
  for (const below of above) for (const ca of known) if (isSigner(ca, below)) above.add(ca);
  const roots = [...above].filter((ca) => isSigner(ca, ca));
  return [...new Map(roots.map((ca) => [ca.fingerprint, ca])).values()];
}

function isSigner({ subject, publicKey }: CaFacts, { issuer, signers = [] }: CaFacts): boolean {
  return issuer === subject && signers.includes(publicKey);
}
