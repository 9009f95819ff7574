/** The issuers of a plan: as they were observed, and as the bundle applies them. */
import type { Bundle } from '#model/bundle';
import { type Certificate, type Issuer, isKind } from '#model/kinds/index';
import type { IssuerRef } from '#model/tls';
import type { IssuerState, Observation } from '../model/observation';
import type { PlanInput } from './plan-input';

/** An issuer of the Kafka's namespace, or a ClusterIssuer. */
type IssuerName = Pick<IssuerRef, 'name'> & { readonly kind: string };

/** Returns the observed state of an issuer. */
export function issuerStateOf({ issuers }: Observation, { kind, name }: IssuerName): IssuerState | undefined {
  return issuers.find((i) => i.kind === kind && i.name === name);
}

/** Returns the manifest of an issuer that the bundle contains. */
export function issuerManifest({ issuerManifests }: Bundle, { kind, name }: IssuerName): Issuer | undefined {
  return issuerManifests.filter((m) => isKind('Issuer', m)).find((m) => m.kind === kind && m.metadata.name === name);
}

/** Returns what an issuer will be: the manifest wins over the live object, which the plan brings to it. */
export function issuerSpec({ bundle, live }: Pick<PlanInput, 'bundle' | 'live'>, issuer: IssuerName): Issuer['spec'] {
  return (issuerManifest(bundle, issuer) ?? issuerStateOf(live, issuer)?.object)?.spec;
}

/** Returns the Certificate of the bundle that an issuer gets its CA from. */
export function caCertificate({ issuerManifests }: Bundle, issuer: Issuer['spec']): Certificate | undefined {
  const secretName = issuer?.ca?.secretName;
  return issuerManifests.filter((m) => isKind('Certificate', m)).find(({ spec }) => spec.isCA === true && spec.secretName === secretName);
}

/** Tells whether every certificate of an issuer is its own root. */
export function isSelfSigned(live: Observation, issuer: IssuerName): boolean {
  return issuerStateOf(live, issuer)?.object?.spec?.selfSigned !== undefined;
}
