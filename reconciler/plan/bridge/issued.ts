/** What an issuer will add to the next certificates, where its CA changes before they are issued, or roots are added after that. */
import type { IssuerRef } from '#model/tls';
import type { CaFacts, IssuerState } from '../../model/observation';
import { issuerStateOf } from '../issuers';
import type { PlanInput } from '../plan-input';
import type { BridgePhase } from './phases';

/** Returns the state of an issuer when certificates are issued. */
export function issuerWhenIssuing(input: PlanInput, issuer: Pick<IssuerRef, 'kind' | 'name'>): IssuerState | undefined {
  const { bridge, dual, live } = input;
  const state = issuerStateOf(live, issuer);
  if (dual?.target === 'issued' && state?.ca !== undefined && isSameIssuer(dual.issuer, issuer)) {
    return { ...state, ca: dual.roots, caPublicKeys: dual.roots.map((c) => c.publicKey) };
  }
  if (bridge === undefined || !isSameIssuer(bridge.issuer, issuer)) return state;
  const { chain, ca } = additions(input, bridge);
  return { kind: 'Issuer', name: issuer.name, ...state, chain, ca, caPublicKeys: ca.map((c) => c.publicKey) };
}

function isSameIssuer(a: Pick<IssuerRef, 'kind' | 'name'>, b: Pick<IssuerRef, 'kind' | 'name'>): boolean {
  return a.kind === b.kind && a.name === b.name;
}

function additions(input: PlanInput, bridge: BridgePhase): { readonly chain: readonly CaFacts[]; readonly ca: readonly CaFacts[] } {
  const root = bridge.newRoot ?? toBeMade(input, bridge);
  if (bridge.target === 'new') return { chain: [], ca: [root] };
  const { subject: issuer, publicKey } = bridge.oldRoot;
  const made = (issuerStateOf(input.live, bridge.issuer)?.chain ?? []).find(
    (c) => c.publicKey === bridge.key && c.signers?.includes(publicKey),
  );
  const { pem: _, ...facts } = root;
  const signed: CaFacts = made ?? { ...facts, fingerprint: 'bridge to be issued', issuer, signers: [publicKey] };
  return { chain: [signed], ca: [bridge.target === 'bridged' ? bridge.oldRoot : signed] };
}

/** Returns the root of a CA that cert-manager has not made yet. */
function toBeMade({ now }: PlanInput, { certificate }: BridgePhase): CaFacts {
  const subject = `CN=${certificate.spec.commonName ?? certificate.metadata.name}`;
  const publicKey = 'to be made';
  const names = { dnsNames: [], ipAddresses: [], uris: [], emailAddresses: [] };
  const dates = { notBefore: now.toISOString(), notAfter: now.toISOString() };
  return {
    fingerprint: 'root to be issued',
    serial: '',
    subject,
    issuer: subject,
    ...dates,
    ...names,
    publicKey,
    isCa: true,
    signers: [publicKey],
  };
}
