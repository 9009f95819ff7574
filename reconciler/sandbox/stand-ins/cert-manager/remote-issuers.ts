/**
 * Issuers that cert-manager only passes requests on to: an ACME server, and a Vault with a role. Neither is there; what they answer is
 * imitated. The ACME server refuses names that the public DNS does not know, and no challenge for any other name is ever solved. The Vault
 * signs with a CA of its own whatever its role allows (`faults.ts`).
 */
import type { KubeObject } from '#model/kube-object';
import { vaultRoleOf } from '../faults';
import type { KeySource } from '../pki/keys';
import { createRequest, readRequest, signRequest } from '../pki/x509';
import type { NewCondition } from '../world';
import type { KeyPair } from './issuers';

/** Returns the condition of such an issuer, or undefined for one of another type. */
export function remoteReadiness({ spec }: KubeObject): Omit<NewCondition, 'type'> | undefined {
  if (spec?.acme !== undefined)
    return { status: 'True', reason: 'ACMEAccountRegistered', message: 'The ACME account was registered with the ACME server' };
  return spec?.vault === undefined ? undefined : { status: 'True', reason: 'VaultVerified', message: 'Vault verified' };
}

/** What becomes of a request that is passed on. */
export type Answer = { readonly refusal: string } | { readonly pending: string } | 'signs';

/** Returns what the server behind an issuer makes of a request. */
export function remoteAnswer(issuer: KubeObject, request: KubeObject): Answer {
  const names = readRequest(Buffer.from(request.spec.request, 'base64').toString('utf8')).names;
  if (issuer.spec?.acme !== undefined) return acmeAnswer(names, request);
  const forbidden =
    issuer.spec?.vault === undefined ? undefined : names.map((name) => vaultProblem(name, issuer)).find((p) => p !== undefined);
  if (forbidden === undefined) return 'signs';
  const url = `PUT ${issuer.spec.vault.server}/v1/${issuer.spec.vault.path}`;
  return {
    refusal: `Vault failed to sign certificate: failed to sign certificate by vault: Error making API request.\n\nURL: ${url}\nCode: 400. Errors:\n\n* ${forbidden}`,
  };
}

function acmeAnswer(names: readonly string[], { metadata: { namespace, name } }: KubeObject): Answer {
  const refused = names.find((n) => !isPublic(n));
  if (refused === undefined) return { pending: `Waiting on certificate issuance from order ${namespace}/${name}-1: "pending"` };
  const why = `Cannot issue for "${refused}": Domain name does not end with a valid public suffix (TLD)`;
  return {
    refusal: `Failed to wait for order resource "${name}-1" to become ready: order is in "errored" state: Failed to create Order: 400 urn:ietf:params:acme:error:rejectedIdentifier: ${why}`,
  };
}

function isPublic(name: string): boolean {
  return /\.[a-z]{2,}$/i.test(name) && !/(^|\.)(local|localhost|internal|svc|test)$/i.test(name);
}

function vaultProblem(name: string, issuer: KubeObject): string | undefined {
  const { domains, forbids } = vaultRoleOf(issuer);
  if (/^[0-9.]+$|:/.test(name)) return forbids('ip-sans') ? 'IP Subject Alternative Names are not allowed in this role' : undefined;
  const isForbidden = name === 'localhost' ? forbids('localhost') : name.startsWith('*.') && forbids('wildcards');
  const isInDomain = name === 'localhost' || domains === undefined || domains.some((d) => name === d || name.endsWith(`.${d}`));
  return isForbidden || !isInDomain ? `subject alternate name ${name} not allowed by this role` : undefined;
}

/** Makes the CA of each Vault once. */
export function vaultCas(keys: KeySource, now: () => Date): (issuer: KubeObject) => Promise<KeyPair> {
  const made = new Map<string, Promise<KeyPair>>();
  const make = async ({ metadata }: KubeObject): Promise<KeyPair> => {
    const key = await keys({ algorithm: 'RSA', size: 2048, isCa: true });
    const notBefore = new Date(Math.floor(now().getTime() / 1000) * 1000);
    const notAfter = new Date(notBefore.getTime() + 10 * 365 * 86_400_000);
    const requestPem = createRequest(key, { commonName: `Vault of ${metadata.name}`, isCA: true });
    return { chain: [signRequest({ requestPem, key, nonce: metadata.uid ?? '', notBefore, notAfter })], key };
  };
  return (issuer) => {
    const id = issuer.metadata.uid ?? issuer.metadata.name;
    const pair = made.get(id) ?? make(issuer);
    made.set(id, pair);
    return pair;
  };
}
