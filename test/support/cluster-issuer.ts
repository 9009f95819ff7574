/** A ClusterIssuer with a CA that a run cannot read: it is in the namespace of cert-manager. */
import { KINDS } from '#model/kube-object';
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
