/** A Certificate of another owner in the namespace of the Kafka. */
import { KINDS, type KubeObject } from '#model/kube-object';
import type { World } from './world';

export async function createForeignCertificate(world: World, name: string, issuer: string, usages: readonly string[]): Promise<void> {
  const spec = {
    secretName: `${name}-tls`,
    commonName: name,
    usages,
    issuerRef: { group: 'cert-manager.io', kind: 'Issuer', name: issuer },
  };
  const metadata = { name, namespace: world.namespace };
  await world.cluster.create({ apiVersion: KINDS.Certificate.apiVersion, kind: 'Certificate', metadata, spec } as KubeObject);
}
