/** Issuers of another owner: a ClusterIssuer with a CA that a run cannot read, since it is in the namespace of cert-manager, and an Issuer. */
import { KINDS, type Kind, type KubeObject } from '#model/kube-object';
import { untyped } from './untyped';
import type { World } from './world';

export async function createClusterIssuer(world: World, name: string): Promise<void> {
  const namespace = 'cert-manager';
  const { apiVersion } = KINDS.Issuer;
  await world.cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await world.cluster.create({ apiVersion, kind: 'Issuer', metadata: { name: 'self-signed', namespace }, spec: { selfSigned: {} } });
  const spec = { secretName: name, isCA: true, commonName: name, duration: '43800h', issuerRef: { kind: 'Issuer', name: 'self-signed' } };
  await world.cluster.create({ apiVersion, kind: 'Certificate', metadata: { name, namespace }, spec });
  await world.cluster.create({ apiVersion, kind: 'ClusterIssuer', metadata: { name }, spec: { ca: { secretName: name } } });
  await world.environment.pass(60_000);
}

/** A self-signed CA in the namespace of the Kafka, with an Issuer of it. */
export async function createForeignIssuer(world: World, name: string): Promise<void> {
  const { namespace } = world;
  const { apiVersion } = KINDS.Issuer;
  const create = async (kind: Kind, own: string, spec: object) => {
    await world.cluster.create({ apiVersion, kind: kind.kind, metadata: { name: own, namespace }, spec } as KubeObject);
    const isTrue = ({ type, status }: { readonly type: string; readonly status: string }) => type === 'Ready' && status === 'True';
    await world.until(async () => (untyped((await world.cluster.get(world.ref(kind, own)))?.status)?.conditions ?? []).some(isTrue));
  };
  await create(KINDS.Issuer, `${name}-selfsigned`, { selfSigned: {} });
  const issuerRef = { group: 'cert-manager.io', kind: 'Issuer', name: `${name}-selfsigned` };
  const privateKey = { rotationPolicy: 'Never' };
  await create(KINDS.Certificate, name, { secretName: name, isCA: true, commonName: name, duration: '43800h', privateKey, issuerRef });
  await create(KINDS.Issuer, name, { ca: { secretName: name } });
}
