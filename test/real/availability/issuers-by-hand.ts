/**
 * Issuers that exist before an operation because another team, or the administrator of a KubeDB without a reconciler, has created them. It shares
 * nothing with the issuers of the product.
 */
import { KINDS, type KubeObject, type ObjectRef } from '#model/kube-object';
import { untyped } from '../../support/untyped';
import type { World } from '../../support/world';
import { ISSUERS, type Setting } from './operations';

const SELF_SIGNED = 'self-signed';

/** Creates what a setting needs and the product does not create. */
export async function createIssuers(world: World, { issuer }: Setting, isByHand: boolean): Promise<void> {
  if (issuer === ISSUERS.sameRoot) await ensure(world, issuerManifest(issuer, { ca: { secretName: ISSUERS.first } }));
  if (issuer !== ISSUERS.otherRoot || !isByHand) return;
  await ensure(world, issuerManifest(SELF_SIGNED, { selfSigned: {} }));
  await ensure(world, caManifest(issuer));
  await ensure(world, issuerManifest(issuer, { ca: { secretName: issuer } }));
}

function issuerManifest(name: string, spec: object): KubeObject {
  const { apiVersion, kind } = KINDS.Issuer;
  return { apiVersion, kind, metadata: { name }, spec };
}

/** A root: its Secret has the name of its Issuer. */
function caManifest(name: string): KubeObject {
  const { apiVersion, kind } = KINDS.Certificate;
  const issuerRef = { group: 'cert-manager.io', kind: 'Issuer', name: SELF_SIGNED };
  const privateKey = { algorithm: 'ECDSA', size: 256 };
  return { apiVersion, kind, metadata: { name }, spec: { isCA: true, commonName: name, secretName: name, privateKey, issuerRef } };
}

/** Creates an object unless one of its name exists, and waits until it is Ready. */
async function ensure(world: World, manifest: KubeObject): Promise<void> {
  const kind = manifest.kind === KINDS.Issuer.kind ? KINDS.Issuer : KINDS.Certificate;
  const subject: ObjectRef = world.ref(kind, manifest.metadata.name);
  if ((await world.cluster.get(subject)) === undefined) {
    await world.cluster.create({ ...manifest, metadata: { ...manifest.metadata, namespace: world.namespace } });
  }
  const isReady = async () => {
    const { conditions = [] } = untyped((await world.cluster.get(subject))?.status) ?? {};
    return conditions.some((c: { type: string; status: string }) => c.type === 'Ready' && c.status === 'True');
  };
  await world.until(isReady);
}
