/** The signers of the CA certificates in an observation. The signer of a certificate may be in another Secret. */

import type { CaFacts, Observation } from '../model/observation';
import { signersOf } from '../pki/certificates';

/** Returns the observation with the signers of each CA certificate, among all CA certificates in it. */
export function withSigners(live: Observation): Observation {
  const all = [
    ...live.secrets.flatMap(({ chain = [], ca = [], addedTrust: { roots = [] } = {} }) => [...chain, ...ca, ...roots]),
    ...live.issuers.flatMap(({ chain = [], ca = [] }) => [...chain, ...ca]),
    ...(live.trust?.ca ?? []),
  ];
  const pool = [...new Map(all.map((ca) => [ca.fingerprint, ca])).values()];
  const signers = new Map(pool.map(({ fingerprint, pem = '' }) => [fingerprint, signersOf(pem, pool)]));
  const signed = (ca: CaFacts): CaFacts => ({ ...ca, signers: signers.get(ca.fingerprint) ?? [] });
  const both = <T extends { readonly chain?: readonly CaFacts[]; readonly ca?: readonly CaFacts[] }>(holder: T): T => ({
    ...holder,
    ...(holder.chain === undefined ? {} : { chain: holder.chain.map(signed) }),
    ...(holder.ca === undefined ? {} : { ca: holder.ca.map(signed) }),
  });
  return {
    ...live,
    secrets: live.secrets.map(both).map((secret) => {
      const { addedTrust } = secret;
      return addedTrust === undefined ? secret : { ...secret, addedTrust: { ...addedTrust, roots: addedTrust.roots.map(signed) } };
    }),
    issuers: live.issuers.map(both),
    ...(live.trust === undefined ? {} : { trust: { ...live.trust, ca: live.trust.ca.map(signed) } }),
  };
}
