/**
 * Another root of a self-signed CA, in three rotations. Nodes in two neighbouring phases accept each other, so none of them is a cut-over.
 *
 *     phase      certificate of the new CA            nodes serve                     nodes trust
 *     old        none, or self-signed                 a leaf of the old CA            the old root
 *     bridged    signed by the old CA: the bridge     a leaf of the new CA, bridge    the old root
 *     anchored   the same, its Secret lacks ca.crt    a leaf of the new CA, bridge    the bridge
 *     new        self-signed, with the same key       a leaf of the new CA            the new root
 *
 * The phase is read off the Secret that pods mount. No phase begins before every pod serves what that Secret holds, so a run that is killed
 * leaves two neighbouring phases at most. cert-manager makes every certificate; no private key is read or written here.
 *
 * Back in Git leads back: from `bridged` by an ordinary update, from `anchored` over `bridged`, from `new` by the same way with the two CAs
 * exchanged.
 *
 * A root that cannot sign a bridge has no such way: that of a ClusterIssuer, of an issuer without a CA in the namespace, of a CA that is not
 * self-signed or allows no CA below it, and any root while nodes trust a bridge. The second way is `dual/dual.ts`.
 */
import type { Certificate } from '#model/kinds/index';
import { type IssuerRef, issuerOf, tlsStateOf } from '#model/tls';
import type { CaFacts, IssuerState, Observation, SecretFacts } from '../../model/observation';
import { presentedFrom } from '../chain';
import { isWidened } from '../dual/phases';
import { caCertificate, isSelfSigned, issuerManifest, issuerStateOf } from '../issuers';
import { certificateSecret, type PlanInput } from '../plan-input';
import { isServedByAll } from '../served';
import { type Bridge, isRoot, phaseOf } from './phases';

/** Returns the change of root that is wanted or under way; undefined if there is none, or it has no bridge. */
export function findBridge(input: PlanInput): Bridge | undefined {
  const { bundle, live } = input;
  const has = tlsStateOf(live.kafka?.spec);
  if (bundle.tls === 'off' || has === 'off') return undefined;
  const mounted = certificateSecret(live, has, 'server');
  if (mounted?.leaf?.signers === undefined || (mounted.ca ?? []).length === 0) return undefined;
  // A change of root with two trusted roots ends as it began.
  if (isWidened(mounted)) return undefined;
  return wayForward(input, issuerOf(bundle.tls, 'server'), mounted) ?? wayBack(input, issuerOf(bundle.tls, 'server'), mounted);
}

function wayForward(input: PlanInput, issuer: IssuerRef, mounted: SecretFacts): Bridge | undefined {
  const { live } = input;
  const certificate = selfSignedCa(input, issuer);
  if (certificate === undefined) return undefined;
  const key = keyOf(issuerStateOf(live, issuer));
  const phase = phaseOf(mounted, key);
  if (phase === 'new') return undefined;
  const signer = signerOf(input, issuer, mounted, phase);
  if (signer === undefined) return undefined;
  return { ...described(input, { issuer, certificate, key, signer }), phase, isUnderWay: !isServedByAll(live, mounted), isBack: false };
}

/** An ordinary update leads to the old root, unless pods trust the bridge, or a roll may have left some that do. */
function wayBack(input: PlanInput, wanted: IssuerRef, mounted: SecretFacts): Bridge | undefined {
  const { live } = input;
  const key = keyOf(issuerStateOf(live, wanted));
  const [anchor] = mounted.ca ?? [];
  const bridge = [...(mounted.chain ?? []), ...(mounted.ca ?? [])].find((c) => !isRoot(c) && key !== undefined && c.signers?.includes(key));
  if (bridge === undefined || anchor === undefined || !presentedFrom(mounted).signers.includes(bridge.publicKey)) return undefined;
  const state = live.issuers.find((i) => i.kind === 'Issuer' && i.name !== wanted.name && keyOf(i) === bridge.publicKey);
  const own = live.certificates.find((c) => c.spec?.isCA === true && c.spec.secretName === state?.object?.spec?.ca?.secretName);
  const signer = issuerStateOf(live, wanted);
  if (state === undefined || own === undefined || signer === undefined) return undefined;
  const phase = phaseOf(mounted, bridge.publicKey);
  const isRolled = !isServedByAll(live, mounted, mounted.leaf?.issuer);
  if (phase === 'new' || (phase === 'bridged' && !isRolled)) return undefined;
  const issuer: IssuerRef = { ...wanted, kind: 'Issuer', name: state.name };
  const found = described(input, { issuer, certificate: manifestOf(own), key: bridge.publicKey, signer });
  return { ...found, phase, isUnderWay: isRolled, isBack: true };
}

interface Found {
  readonly issuer: IssuerRef;
  readonly certificate: Certificate;
  readonly key: string | undefined;
  readonly signer: IssuerState;
}

function described({ live }: PlanInput, { issuer, certificate, key, signer }: Found) {
  const published = live.trust?.ca.find((c) => isRoot(c) && c.publicKey === key);
  const newRoot = published ?? issuerStateOf(live, issuer)?.ca?.find((c) => isRoot(c) && c.publicKey === key);
  return {
    issuer,
    certificate,
    ...(key === undefined ? {} : { key }),
    signer: signer.name,
    oldRoot: signer.ca?.[0] as CaFacts,
    ...(newRoot === undefined ? {} : { newRoot }),
    isPublished: published !== undefined,
  };
}

/** Returns the CA Certificate of an issuer if the bundle makes it, it is self-signed, and cert-manager keeps its key. */
function selfSignedCa({ bundle, live }: PlanInput, issuer: IssuerRef): Certificate | undefined {
  if (issuer.kind !== 'Issuer') return undefined;
  const own = caCertificate(bundle, issuerManifest(bundle, issuer)?.spec);
  if (own === undefined || own.spec.privateKey?.rotationPolicy !== 'Never') return undefined;
  const by = { kind: 'Issuer', name: own.spec.issuerRef.name };
  const isBySelf = issuerManifest(bundle, by)?.spec?.selfSigned !== undefined || isSelfSigned(live, by);
  return isBySelf ? own : undefined;
}

/** Returns the issuer of the CA that pods trust, or that has signed the bridge that they trust. */
function signerOf({ live, now }: PlanInput, issuer: IssuerRef, { ca = [] }: SecretFacts, phase: Bridge['phase']): IssuerState | undefined {
  const keys = ca.flatMap((c) => (phase === 'old' || phase === 'bridged' ? (isRoot(c) ? [c.publicKey] : []) : (c.signers ?? [])));
  return live.issuers.find((state) => {
    const { kind, name, object, caProblem, chain = [], ca: [root, ...others] = [] } = state;
    if (kind !== 'Issuer' || name === issuer.name || object?.spec?.ca === undefined || caProblem !== undefined) return false;
    // Java refuses the bridge below a root that allows no CA certificate below it.
    if (root?.maxPathLength === 0) return false;
    if (root === undefined || others.length > 0 || chain.length > 0 || !isRoot(root) || !root.isCa) return false;
    return keys.includes(root.publicKey) && Date.parse(root.notAfter) > now.getTime();
  });
}

/** Returns the key that an issuer signs with, where its CA can be read. */
function keyOf(state: IssuerState | undefined): string | undefined {
  const { chain = [], ca = [] } = state ?? {};
  return (chain[0] ?? ca[0])?.publicKey;
}

/** Returns a live Certificate as it would be applied. */
function manifestOf({ apiVersion, kind, metadata, spec }: Observation['certificates'][number]): Certificate {
  const { name, namespace, labels, annotations } = metadata;
  const kept = { name, namespace, ...(labels === undefined ? {} : { labels }), ...(annotations === undefined ? {} : { annotations }) };
  return { apiVersion, kind, metadata: kept, spec } as Certificate;
}
