/**
 * Issuers that can never sign the desired certificates because of their type, whatever their status is. Only a commit that names
 * another issuer fixes that, so the run does not begin.
 *
 *     selfSigned   signs every certificate with the certificate's own key: each is its own root
 *     acme         a public CA: it signs names that the public DNS proves, and cert-manager stores no ca.crt for it
 *
 * `ca`, `vault` and `venafi` issuers sign by rules that are not in their spec; cert-manager reports what they refuse.
 */
import { type Certificate, type Issuer, isKind } from '#model/kinds/index';
import { formatRef, type ObjectRef, refOf } from '#model/kube-object';
import type { Draft, Obstacle } from '#reconciler/model/plan';
import type { PlanInput } from '../plan-input';
import { certificatesToIssue, type WantedCertificate, wantedCertificates } from './wanted-certificates';

interface Unsuitable {
  readonly issuer: ObjectRef;
  readonly problem: string;
  readonly hint: string;
}

/** Returns one obstacle for each issuer that cannot sign what the draft requests. */
export function issuerTypeCannotSign(input: PlanInput, draft: Draft): readonly Obstacle[] {
  return unsuitableIssuers(input, certificatesToIssue(input, draft)).map(({ issuer: subject, problem: message, hint }) => {
    return { kind: 'invalid', subject, message, hint };
  });
}

/** Returns notes about such issuers while this plan issues nothing with them. */
export function unsuitableIssuerNotes(input: PlanInput, draft: Draft): readonly string[] {
  if (issuerTypeCannotSign(input, draft).length > 0) return [];
  return unsuitableIssuers(input, wantedCertificates(input)).map(({ issuer, problem, hint }) => {
    return `${formatRef(issuer)} ${problem}. The next rotation will be refused. ${hint}`;
  });
}

/** Returns each such issuer once, with the problem of the first certificate that it cannot sign. */
function unsuitableIssuers(input: PlanInput, certificates: readonly WantedCertificate[]): readonly Unsuitable[] {
  const found = new Map<string, Unsuitable>();
  for (const certificate of certificates) {
    const { issuer } = certificate;
    const why = whyUnsuitable(specOf(issuer, input), certificate);
    if (why !== undefined && !found.has(formatRef(issuer))) found.set(formatRef(issuer), { issuer, ...why });
  }
  return [...found.values()];
}

/** The bundle's manifest wins over the live object, which the plan brings to it. */
function specOf({ kind, name }: ObjectRef, { bundle, live }: PlanInput): Issuer['spec'] {
  const manifest = bundle.issuerManifests.filter((m) => isKind('Issuer', m)).find((m) => m.kind === kind && m.metadata.name === name);
  return (manifest ?? live.issuers.find((i) => i.kind === kind && i.name === name)?.object)?.spec;
}

function whyUnsuitable(spec: Issuer['spec'], { manifest, isOfBrokers }: WantedCertificate): Omit<Unsuitable, 'issuer'> | undefined {
  if (spec?.selfSigned !== undefined && manifest.spec.isCA !== true) {
    return {
      problem: isOfBrokers
        ? "signs every certificate with its own key (spec.selfSigned): the brokers' certificates would have no root in common, and every rotation would replace their roots"
        : `signs every certificate with its own key (spec.selfSigned): no broker would trust ${formatRef(refOf(manifest))}`,
      hint: 'Use TlsIssuer.selfSignedCa(), which makes a CA and an issuer that signs with it.',
    };
  }
  if (spec?.acme === undefined) return undefined;
  const names = unprovableNames(manifest);
  if (!isOfBrokers && names.length === 0) return undefined;
  const refused = `a public CA does not sign ${names.slice(0, MOST_NAMES).join(', ')}${names.length > MOST_NAMES ? ' and others' : ''}`;
  return {
    problem: `is an ACME issuer (spec.acme): ${refused}${isOfBrokers ? '; it also gives no ca.crt, which every pod mounts' : ''}`,
    hint: 'Use TlsIssuer.selfSignedCa(), or an issuer of a private CA. An ACME certificate belongs to what clients outside of the cluster connect to, such as a load balancer.',
  };
}

const MOST_NAMES = 3;

/** Returns the names and addresses of a Certificate that the public DNS cannot prove. */
function unprovableNames({ spec }: Certificate): readonly string[] {
  const { commonName, dnsNames = [], ipAddresses = [], uris = [], emailAddresses = [] } = spec;
  const names: readonly string[] = [...dnsNames, ...(commonName === undefined || dnsNames.includes(commonName) ? [] : [commonName])];
  return [
    ...names.filter((name) => !isPublicName(name)),
    ...ipAddresses.filter((address) => PRIVATE_ADDRESS.test(address)),
    ...uris,
    ...emailAddresses,
  ];
}

/** Domains that are reserved for private use, or that Kubernetes uses inside of a cluster. */
const PRIVATE_DOMAINS = ['local', 'localhost', 'localdomain', 'internal', 'intranet', 'corp', 'home', 'lan', 'test', 'svc', 'arpa'];
const PRIVATE_ADDRESS = /^(10\.|127\.|169\.254\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|::1$|f[cd]|fe[89ab])/i;

function isPublicName(name: string): boolean {
  const labels = name.toLowerCase().split('.');
  return labels.length > 1 && !PRIVATE_DOMAINS.includes(labels.at(-1) ?? '') && !labels.includes('svc');
}
