/** The objects of a new API: namespaces and KubeDB's catalog. */
import { KINDS, type KubeObject } from '#model/kube-object';

export const SEED_NAMESPACES: readonly string[] = ['default', 'kube-system', 'cert-manager'];

const INIT_IMAGE = 'ghcr.io/kubedb/kafka-init:4.0-v2';

/** KafkaVersions of KubeDB's catalog. Versions from 4.0 on have an init container. */
const VERSIONS = [
  { version: '3.9.0', image: 'ghcr.io/kubedb/kafka-kraft:3.9.0' },
  { version: '4.0.0', image: 'ghcr.io/appscode-images/kafka:4.0.0', initContainer: { image: INIT_IMAGE } },
  { version: '4.2.0', image: 'ghcr.io/appscode-images/kafka:4.2.0', initContainer: { image: INIT_IMAGE } },
];

export function seedObjects(namespaces: readonly string[]): readonly KubeObject[] {
  return [
    ...namespaces.map((name) => ({ apiVersion: 'v1', kind: KINDS.Namespace.kind, metadata: { name } })),
    ...VERSIONS.map(({ version, image, ...init }) => ({
      apiVersion: KINDS.KafkaVersion.apiVersion,
      kind: KINDS.KafkaVersion.kind,
      metadata: { name: version },
      spec: {
        version,
        db: { image },
        ...init,
        connectCluster: { image: `ghcr.io/appscode-images/kafka-connect-cluster:${version}` },
        cruiseControl: { image: `ghcr.io/appscode-images/kafka-cruise-control:${version}` },
        securityContext: { runAsUser: 1001 },
      },
    })),
  ];
}
