/** Issuers: whether they can sign, and with what. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { hasTrueCondition, KINDS, type Kind, type KubeObject } from '#model/kube-object';
import { type Controller, ownKey } from '../controller';
import { splitPem } from '../pki/x509';
import { conditionsOf, decoded, type NewCondition, type World, withCondition, writeStatus } from '../world';
import { remoteReadiness } from './remote-issuers';

/** Where the Secrets of ClusterIssuers are. */
export const CLUSTER_RESOURCE_NAMESPACE = 'cert-manager';

/** cert-manager's reference to an issuer; kind and group have defaults that are not stored. */
export interface CertManagerIssuerRef {
  readonly name: string;
  readonly kind?: string;
  readonly group?: string;
}

export interface KeyPair {
  /** The CA certificate, then those above it: the others of `tls.crt` in any order, and the first of `ca.crt`. */
  readonly chain: readonly string[];
  readonly key: KeyObject;
}

export function issuerController(world: World, kind: Kind): Controller {
  return {
    name: `cert-manager-${kind.plural}`,
    watches: [
      { kind, keys: ownKey },
      {
        kind: KINDS.Secret,
        keys: (secret) =>
          world.cache
            .list(kind)
            .filter((i) => i.spec?.ca?.secretName === secret.metadata.name && secretNamespace(i) === secret.metadata.namespace)
            .flatMap(ownKey),
      },
    ],
    reconcile: async ({ namespace, name }) => {
      const issuer = world.cache.get(kind, namespace, name);
      if (issuer === undefined || issuer.metadata.deletionTimestamp !== undefined) return undefined;
      const ready: NewCondition = { type: 'Ready', observedGeneration: issuer.metadata.generation ?? 1, ...readiness(world, issuer) };
      await writeStatus(world, issuer, { ...issuer.status, conditions: withCondition(conditionsOf(issuer), ready, world.clock.now()) });
      return undefined;
    },
  };
}

function readiness(world: World, issuer: KubeObject): Omit<NewCondition, 'type'> {
  if (issuer.spec?.selfSigned !== undefined) return { status: 'True', reason: 'IsReady', message: '' };
  const remote = remoteReadiness(issuer);
  if (remote !== undefined) return remote;
  if (issuer.spec?.ca === undefined)
    return { status: 'False', reason: 'NotImitated', message: 'the sandbox knows selfSigned, ca, vault and acme issuers' };
  const pair = keyPairOf(world, issuer);
  if ('problem' in pair) return { status: 'False', reason: pair.reason, message: pair.problem };
  return { status: 'True', reason: 'KeyPairVerified', message: 'Signing CA verified' };
}

/** Returns what a CA issuer signs with, or why it cannot. */
export function keyPairOf({ cache }: World, issuer: KubeObject): KeyPair | { readonly reason: string; readonly problem: string } {
  const name: string = issuer.spec.ca.secretName;
  const secret = cache.get(KINDS.Secret, secretNamespace(issuer), name);
  const unread = (why: string) => ({ reason: 'ErrGetKeyPair', problem: `Error getting keypair for CA issuer: ${why}` });
  if (secret === undefined) return unread(`secret "${name}" not found`);
  const data = decoded(secret);
  const chain = splitPem(data['tls.crt'] ?? '');
  const [own] = chain;
  if (own === undefined || data['tls.key'] === undefined) return unread(`secret "${name}" has no tls.crt and tls.key`);
  try {
    const key = createPrivateKey(data['tls.key']);
    const certificate = new X509Certificate(own);
    if (!certificate.ca) return { reason: 'ErrInvalidKeyPair', problem: `the certificate in secret "${name}" is not a CA` };
    return { chain: [...chain, ...splitPem(data['ca.crt'] ?? '').slice(0, 1)], key };
  } catch {
    return unread(`key or certificate in secret "${name}" cannot be decoded`);
  }
}

function secretNamespace(issuer: KubeObject): string | undefined {
  return issuer.metadata.namespace ?? CLUSTER_RESOURCE_NAMESPACE;
}

/** Returns the issuer that is referred to from a namespace. */
export function findIssuer({ cache }: World, namespace: string | undefined, { kind, name }: CertManagerIssuerRef): KubeObject | undefined {
  return kind === KINDS.ClusterIssuer.kind ? cache.get(KINDS.ClusterIssuer, undefined, name) : cache.get(KINDS.Issuer, namespace, name);
}

/** Tells whether two references mean the same issuer. */
export function isSameIssuer(a: CertManagerIssuerRef, b: CertManagerIssuerRef): boolean {
  return formatIssuer(a) === formatIssuer(b);
}

/** Returns a reference with its defaults filled in. */
export function formatIssuer({ group, kind, name }: CertManagerIssuerRef): string {
  return `${kind || 'Issuer'}.${group || 'cert-manager.io'}/${name}`;
}

/** Tells whether an issuer says that it is Ready. */
export function isReadyIssuer(issuer: KubeObject): boolean {
  return hasTrueCondition(issuer, 'Ready');
}
