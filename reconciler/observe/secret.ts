/** A Secret without its values: which keys it has, and what its certificates say. The one place that decodes Secrets to look at them. */
import type { KubeObject } from '../../constructs/model/kube-object';
import { withoutPasswords } from '../../constructs/model/kubedb';
import { isSignedBy, keyEncodingOf, readCas, readCertificates } from '../certificates';
import type { CaFacts, CaProblem, SecretFacts } from '../plan/observation';

/** Returns what may be known of a Secret. Of its annotations only cert-manager's: others can hold a copy of its data. */
export function secretFacts(secret: KubeObject): SecretFacts {
  const chain = decodedOf(secret, 'tls.crt');
  const ca = decodedOf(secret, 'ca.crt');
  const read = chain === undefined ? undefined : readCertificates(chain);
  const readCa = ca === undefined ? undefined : readCas(ca);
  const leaf = read?.certificates[0];
  const keyEncoding = keyEncodingOf(decodedOf(secret, 'tls.key') ?? '');
  const unreadable = [problem('tls.crt', read?.unreadable), problem('ca.crt', readCa?.unreadable)]
    .filter((p) => p !== undefined)
    .join('; ');
  return {
    name: secret.metadata.name,
    uid: secret.metadata.uid ?? '',
    resourceVersion: secret.metadata.resourceVersion ?? '',
    keys: Object.keys(secret.data ?? {}).sort(),
    annotations: Object.fromEntries(
      Object.entries(secret.metadata.annotations ?? {}).filter(([key]) => key.startsWith('cert-manager.io/')),
    ),
    ...(leaf === undefined ? {} : { leaf }),
    ...(readCa === undefined ? {} : { ca: readCa.certificates }),
    ...(leaf === undefined || ca === undefined ? {} : { isSignedByCa: isSignedBy(chain ?? '', ca) }),
    ...(keyEncoding === undefined ? {} : { keyEncoding }),
    ...(unreadable === '' ? {} : { unreadable }),
  };
}

function problem(key: string, unreadable: string | undefined): string | undefined {
  return unreadable === undefined ? undefined : `${key}: ${unreadable}`;
}

/** Returns the PEM of the CA certificates that a pod with this Secret trusts. */
export function trustOf(secret: KubeObject | undefined): readonly string[] {
  const ca = secret === undefined ? undefined : decodedOf(secret, 'ca.crt');
  return ca === undefined ? [] : [ca];
}

/**
 * Returns the root that a CA issuer with this Secret puts into `ca.crt` of what it issues: the self-signed certificate of its chain, else
 * the last. Undefined when there is none.
 */
export function signingCa(secret: KubeObject): CaFacts | undefined {
  const chain = readCas(decodedOf(secret, 'tls.crt') ?? '').certificates;
  return chain.find((c) => c.subject === c.issuer) ?? chain.at(-1);
}

/** Returns why a CA issuer cannot sign with this Secret, as cert-manager would find; dates are not looked at. Undefined: it can. */
export function caProblem(secret: KubeObject | undefined): CaProblem | undefined {
  if (secret === undefined) return { problem: 'does not exist', isFinal: false };
  const missing = ['tls.crt', 'tls.key'].filter((key) => !decodedOf(secret, key));
  if (missing.length > 0) return { problem: `lacks ${missing.join(' and ')}`, isFinal: false };
  const { certificates, unreadable } = readCertificates(decodedOf(secret, 'tls.crt') ?? '');
  const [own] = certificates;
  if (own === undefined) return { problem: `has a tls.crt that cannot be read: ${unreadable}`, isFinal: true };
  return own.isCa ? undefined : { problem: `holds the certificate of no CA (${own.subject || 'unnamed'})`, isFinal: true };
}

/** Returns the configuration in a Secret, without the lines that hold a password or a login. */
export function configOf(secret: KubeObject): Readonly<Record<string, string>> {
  const keys = Object.keys(secret.data ?? {}).sort();
  return Object.fromEntries(keys.map((key) => [key, withoutPasswords(decodedOf(secret, key) ?? '')]));
}

function decodedOf(secret: KubeObject, key: string): string | undefined {
  const value: unknown = secret.data?.[key];
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : undefined;
}
