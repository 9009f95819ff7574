/**
 * Issuers: whether they are Ready, which one a reference means, and how each type answers a request.
 *
 * Self-signed and CA issuers sign here. For ACME and Vault, cert-manager passes a request on to a server; there is none here, and its answer is
 * imitated. The ACME server refuses names that public DNS does not know, and no challenge is ever solved. The Vault signs with its own CA
 * what its role allows (`faults.ts`).
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { memoize } from '#reconciler/sandbox/memoize';
import { type Context, decoded, isFalse, isTrue, type NewCondition, setConditions } from '../context';
import { type Controller, watch } from '../controller';
import { vaultRoleOf } from '../faults';
import { type CertificateRequest, type Issuer, type IssuerRef, KINDS, type KindOf } from '../kinds';
import type { KeySource } from '../pki/keys';
import { createRequest, signRequest, splitPem } from '../pki/x509';
import { requestFacts } from './violations';

export function issuerController(context: Context, kind: KindOf<Issuer>): Controller<Issuer> {
  return {
    kind,
    watches: [
      watch(KINDS.Secret, ({ metadata: { name, namespace } }) =>
        context.cache.list(kind).filter((issuer) => issuer.spec.ca?.secretName === name && caSecretNamespace(issuer) === namespace),
      ),
    ],
    reconcile: async (issuer) => {
      await setConditions(context, issuer, [readinessOf(context, issuer)]);
    },
  };
}

/** Returns the issuer that a reference in a namespace means. */
export function findIssuer({ cache }: Context, namespace: string | undefined, { kind, name }: IssuerRef): Issuer | undefined {
  return kind === KINDS.ClusterIssuer.kind ? cache.get(KINDS.ClusterIssuer, undefined, name) : cache.get(KINDS.Issuer, namespace, name);
}

/** The CA that signs. */
export interface KeyPair {
  /** The CA certificate, then those above it: the others of `tls.crt` in any order, and the first of `ca.crt`. */
  readonly chain: readonly string[];
  readonly key: KeyObject;
}

/** How an issuer answers a request: it refuses, lets it wait, or names the signer. */
export type Answer = { readonly refusal: string } | { readonly pending: string } | { readonly signer: KeyPair | 'requester' };

function readinessOf(context: Context, issuer: Issuer): NewCondition {
  const { selfSigned, ca, acme, vault } = issuer.spec;
  if (selfSigned !== undefined) return isTrue('Ready', 'IsReady', '');
  if (acme !== undefined) return isTrue('Ready', 'ACMEAccountRegistered', 'The ACME account was registered with the ACME server');
  if (vault !== undefined) return isTrue('Ready', 'VaultVerified', 'Vault verified');
  if (ca === undefined) return isFalse('Ready', 'NotImitated', 'the sandbox knows selfSigned, ca, vault and acme issuers');
  const pair = keyPairOf(context, issuer);
  return 'problem' in pair ? isFalse('Ready', pair.reason, pair.problem) : isTrue('Ready', 'KeyPairVerified', 'Signing CA verified');
}

/** Returns the answer of an issuer that is Ready. */
export async function answerOf(context: Context, issuer: Issuer, request: CertificateRequest, vaultCa: VaultCas): Promise<Answer> {
  const { selfSigned, acme, vault } = issuer.spec;
  if (selfSigned !== undefined) return { signer: 'requester' };
  if (acme !== undefined) return acmeAnswer(request);
  if (vault === undefined) {
    const pair = keyPairOf(context, issuer);
    return 'problem' in pair ? { refusal: pair.problem } : { signer: pair };
  }
  const problem = requestFacts(request).names.flatMap((name) => vaultProblem(name, issuer) ?? [])[0];
  if (problem === undefined) return { signer: await vaultCa(issuer) };
  const said = `Error making API request.\n\nURL: PUT ${vault.server}/v1/${vault.path}\nCode: 400. Errors:\n\n* ${problem}`;
  return { refusal: `Vault failed to sign certificate: failed to sign certificate by vault: ${said}` };
}

function acmeAnswer(request: CertificateRequest): Answer {
  const { namespace, name } = request.metadata;
  const refused = requestFacts(request).names.find((n) => !isPublic(n));
  if (refused === undefined) return { pending: `Waiting on certificate issuance from order ${namespace}/${name}-1: "pending"` };
  const why = `Cannot issue for "${refused}": Domain name does not end with a valid public suffix (TLD)`;
  const said = `Failed to create Order: 400 urn:ietf:params:acme:error:rejectedIdentifier: ${why}`;
  return { refusal: `Failed to wait for order resource "${name}-1" to become ready: order is in "errored" state: ${said}` };
}

/** Returns the namespace of a CA issuer's Secret. A ClusterIssuer reads it in cert-manager's own namespace. */
export function caSecretNamespace({ metadata }: Issuer): string {
  return metadata.namespace ?? 'cert-manager';
}

function keyPairOf({ cache }: Context, issuer: Issuer): KeyPair | { readonly reason: string; readonly problem: string } {
  const name = issuer.spec.ca?.secretName ?? '';
  const secret = cache.get(KINDS.Secret, caSecretNamespace(issuer), name);
  const unread = (why: string) => ({ reason: 'ErrGetKeyPair', problem: `Error getting keypair for CA issuer: ${why}` });
  if (secret === undefined) return unread(`secret "${name}" not found`);
  const { 'tls.crt': certificates = '', 'tls.key': keyText, 'ca.crt': ca = '' } = decoded(secret);
  const chain = splitPem(certificates);
  const [own] = chain;
  if (own === undefined || keyText === undefined) return unread(`secret "${name}" has no tls.crt and tls.key`);
  try {
    const key = createPrivateKey(keyText);
    if (new X509Certificate(own).ca) return { chain: [...chain, ...splitPem(ca).slice(0, 1)], key };
    return { reason: 'ErrInvalidKeyPair', problem: `the certificate in secret "${name}" is not a CA` };
  } catch {
    return unread(`key or certificate in secret "${name}" cannot be decoded`);
  }
}

function isPublic(name: string): boolean {
  return /\.[a-z]{2,}$/i.test(name) && !/(^|\.)(local|localhost|internal|svc|test)$/i.test(name);
}

function vaultProblem(name: string, issuer: Issuer): string | undefined {
  const { domains, forbids } = vaultRoleOf(issuer);
  const isAddress = /^[0-9.]+$|:/.test(name);
  if (isAddress) return forbids.includes('ip-sans') ? 'IP Subject Alternative Names are not allowed in this role' : undefined;
  const isForbidden = name === 'localhost' ? forbids.includes('localhost') : name.startsWith('*.') && forbids.includes('wildcards');
  const isInDomain = name === 'localhost' || domains === undefined || domains.some((d) => name === d || name.endsWith(`.${d}`));
  return isForbidden || !isInDomain ? `subject alternate name ${name} not allowed by this role` : undefined;
}

/** Returns the CA of a Vault issuer. */
export type VaultCas = (issuer: Issuer) => Promise<KeyPair>;

/** Creates the CA of each Vault issuer once. */
export function vaultCas(keys: KeySource, now: () => Date): VaultCas {
  const created = new Map<string, Promise<KeyPair>>();
  const create = async ({ metadata }: Issuer): Promise<KeyPair> => {
    const key = await keys({ algorithm: 'RSA', size: 2048, isCa: true });
    const notBefore = new Date(Math.floor(now().getTime() / 1000) * 1000);
    const notAfter = new Date(notBefore.getTime() + 10 * 365 * 86_400_000);
    const requestPem = createRequest(key, { commonName: `Vault of ${metadata.name}`, isCA: true });
    return { chain: [signRequest({ requestPem, key, nonce: metadata.uid ?? '', notBefore, notAfter })], key };
  };
  return (issuer) => memoize(created, issuer.metadata.uid ?? '', () => create(issuer));
}
