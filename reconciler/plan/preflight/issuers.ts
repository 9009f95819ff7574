/**
 * Issuers that cannot issue what the plan needs: no operation begins, since it would stop half done.
 *
 *     not Ready    the issuer is missing or not Ready, or its Secret holds no CA. Issuers of the bundle, and CAs that the bundle issues,
 *                  become Ready by the plan
 *     selfSigned   signs every certificate with the certificate's own key: each is its own root. Only another issuer helps
 *     acme         a public CA: it signs names that the public DNS proves, and cert-manager stores no ca.crt for it. Only another issuer helps
 *     kept name    the CA of the nodes keeps its key and is to have another subject: peers compare both, and would refuse what it signs
 *     kept key     a CA keeps its key (`rotationPolicy: Never`), and its desired key is of another kind: cert-manager would neither make that
 *                  key nor issue with the old one
 *
 * `ca`, `vault` and `venafi` issuers sign by rules that are not in their spec; cert-manager reports what they refuse.
 */

import { formatKeyKind, keyKindOf } from '#model/key-kind';
import { type Certificate, type Issuer, isKind } from '#model/kinds/index';
import { formatRef, isEqual, type ObjectRef, refOf } from '#model/kube-object';
import { issuerOf, tlsStateOf } from '#model/tls';
import { statusOf } from '#reconciler/model/object-status';
import type { CaProblem } from '#reconciler/model/observation';
import type { Draft, Obstacle } from '#reconciler/model/plan';
import { caCertificate, issuerManifest, issuerSpec, issuerStateOf } from '../issuers';
import type { PlanInput } from '../plan-input';
import { certificatesToIssue, neededIssuers, type WantedCertificate, wantedCertificates } from './wanted-certificates';

/** Returns one obstacle for each issuer that steps need. Nothing is assumed about an issuer that could not be read. */
export function issuerIsNotReady(input: PlanInput, draft: Draft): readonly Obstacle[] {
  return neededIssuers(input, draft).flatMap((subject) => obstacleOf(subject, input) ?? []);
}

function obstacleOf(subject: ObjectRef, input: PlanInput): Obstacle | undefined {
  const observed = issuerStateOf(input.live, subject);
  if (observed === undefined || observed.unknown !== undefined) return undefined;
  const { object, caProblem } = observed;
  if (caCertificate(input.bundle, issuerSpec(input, subject)) !== undefined) return undefined;
  if (caProblem !== undefined) return caIsMissing(subject, caProblem);
  if (issuerManifest(input.bundle, subject) !== undefined) return undefined;
  const waits = { kind: 'wait' as const, until: 'issuance' as const, subject };
  if (object === undefined) {
    const message = 'does not exist, and certificates are to be issued by it';
    return { ...waits, message, hint: 'Create the issuer, or name another one in the KafkaTls.' };
  }
  const { state, reason } = statusOf(object);
  if (state === 'Current') return undefined;
  const message = `is not Ready, and certificates are to be issued by it${reason === '' ? '' : `: ${reason}`}`;
  const kind = state === 'Failed' ? ('blocked' as const) : waits.kind;
  return { ...waits, kind, message, hint: "Look at the issuer's status and cert-manager's log, or name another one in the KafkaTls." };
}

/** A Secret that is missing or incomplete may still be written; a Secret without a CA must be replaced. */
function caIsMissing(subject: ObjectRef, { problem, isFinal }: CaProblem): Obstacle {
  const message = `cannot sign the certificates: ${problem}`;
  const hint = 'Put the certificate and the key of a CA into the Secret, as tls.crt and tls.key.';
  return { kind: isFinal ? 'blocked' : 'wait', until: 'issuance', subject, message, hint };
}

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
    const why = whyUnsuitable(issuerSpec(input, issuer), certificate);
    if (why !== undefined && !found.has(formatRef(issuer))) found.set(formatRef(issuer), { issuer, ...why });
  }
  return [...found.values()];
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

/** Returns the obstacle of a CA that nodes trust, and whose subject would change while its key stays: no phase leads from one to the other. */
export function keptKeyHasOtherSubject({ bundle, live }: PlanInput): readonly Obstacle[] {
  const has = tlsStateOf(live.kafka?.spec);
  if (has === 'off') return [];
  const manifest = caCertificate(bundle, issuerManifest(bundle, issuerOf(has, 'server'))?.spec);
  const existing = live.certificates.find((c) => c.metadata.name === manifest?.metadata.name)?.spec;
  if (manifest === undefined || existing === undefined || manifest.spec.privateKey?.rotationPolicy !== 'Never') return [];
  const { commonName, subject = {} } = manifest.spec;
  if (commonName === existing.commonName && isEqual(subject, existing.subject ?? {})) return [];
  return [
    {
      kind: 'invalid',
      subject: refOf(manifest),
      message:
        'its subject would change and its key stay (rotationPolicy Never): nodes and clients that trust it would refuse its certificates',
      hint: OTHER_NAME,
    },
  ];
}

const OTHER_NAME = 'Give the CA another name, as TlsIssuer.selfSignedCa({ name }) does: that is a change of the root.';

/** Returns one obstacle for each Certificate whose key would have to be replaced and is kept. */
export function keptKeyDoesNotFit({ bundle, live }: PlanInput): readonly Obstacle[] {
  return bundle.issuerManifests
    .filter((m) => isKind('Certificate', m))
    .filter((m) => m.spec.privateKey?.rotationPolicy === 'Never')
    .flatMap((manifest) => {
      const existing = live.certificates.find((c) => c.metadata.name === manifest.metadata.name);
      const [has, wanted] = [keyKindOf(existing?.spec?.privateKey), keyKindOf(manifest.spec.privateKey)];
      if (existing === undefined || isEqual(has, wanted)) return [];
      return [
        {
          kind: 'invalid' as const,
          subject: refOf(manifest),
          message: `cert-manager keeps its key (rotationPolicy Never), which is ${formatKeyKind(has)}, wanted ${formatKeyKind(wanted)}`,
          hint: OTHER_NAME,
        },
      ];
    });
}
