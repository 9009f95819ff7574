/** Bundles as they stand in files: a ConfigMap with one data key a document. */
import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { type Bundle, bundleDocuments } from '#model/bundle';
import { BUNDLE_FORMAT, DEFAULT_DEADLINES, type Desired } from '#model/desired';
import { KINDS, type KubeObject } from '#model/kube-object';
import { bundleName, convergeRequestName, LABEL_KAFKA, restartRequestName, rotateRequestName } from '#model/names';
import { type TlsState, tlsHash } from '#model/tls';

const ISSUER = { apiGroup: 'cert-manager.io', kind: 'Issuer', name: 'orders-ca' } as const;

/** Returns a desired state with defaults; `change` may also break it. */
export function desiredOf(change: Readonly<Record<string, unknown>> = {}): Desired {
  const desired: Desired = {
    formatVersion: BUNDLE_FORMAT,
    kafka: 'orders',
    namespace: 'demo',
    owner: 'demo/orders',
    executor: 'native',
    acknowledge: [{ kind: 'clientsMoveToTls' }],
    cutover: 'rolling',
    unknownHealthPolicy: 'readiness',
    retries: 1,
    deadlines: DEFAULT_DEADLINES,
  };
  return { ...desired, ...change };
}

/** Returns the manifests of a desired state: an issuer and the three candidate requests. */
export function manifestsOf(desired: Desired, tls: TlsState = { issuerRef: ISSUER, certificates: [] }): readonly KubeObject[] {
  const { kafka, namespace } = desired;
  const object = (kind: { apiVersion: string; kind: string }, name: string, spec: object): KubeObject => {
    return { apiVersion: kind.apiVersion, kind: kind.kind, metadata: { name, namespace, labels: { [LABEL_KAFKA]: kafka } }, spec };
  };
  const request = (name: string, spec: object) =>
    object(KINDS.KafkaOpsRequest, name, { databaseRef: { name: kafka }, apply: 'Always', ...spec });
  const converge = request(convergeRequestName(kafka, tlsHash(kafka, tls)), {
    type: 'ReconfigureTLS',
    tls: tls === 'off' ? { remove: true } : tls,
  });
  const restart = request(restartRequestName(kafka, '').replace(/-$/, ''), { type: 'Restart' });
  if (tls === 'off') return [converge, restart];
  const rotate = request(rotateRequestName(kafka, '').replace(/-$/, ''), { type: 'ReconfigureTLS', tls: { rotateCertificates: true } });
  return [object(KINDS.Issuer, tls.issuerRef.name, { ca: { secretName: tls.issuerRef.name } }), converge, rotate, restart];
}

/** Returns the ConfigMap of a bundle. `data` replaces or adds keys. */
export function bundleConfigMap(desired: Desired = desiredOf(), data: Readonly<Record<string, unknown>> = {}, tls?: TlsState): KubeObject {
  return configMapOf(desired, manifestsOf(desired, tls), data);
}

/** Returns the ConfigMap that a bundle is read from. */
export function configMapOfBundle({ desired, issuerManifests, brokerCertificates, kafka, converge, rotate, restart }: Bundle): KubeObject {
  const manifests = [...issuerManifests, ...brokerCertificates, kafka, converge, rotate, restart].filter((m) => m !== undefined);
  return configMapOf(desired, manifests);
}

/** Writes a bundle to a file and returns the path. */
export function bundleFile(file: string, bundle: Bundle): string {
  writeFileSync(file, yaml(configMapOfBundle(bundle)));
  return file;
}

function configMapOf(desired: Desired, manifests: readonly KubeObject[], data: Readonly<Record<string, unknown>> = {}): KubeObject {
  const documents = Object.entries(bundleDocuments(desired, manifests));
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: bundleName(desired.kafka), namespace: desired.namespace, labels: { [LABEL_KAFKA]: desired.kafka } },
    data: { ...Object.fromEntries(documents.map(([key, value]) => [key, yaml(value)])), ...data },
  };
}

/** Returns a value as YAML that Kubernetes reads back as the same. */
export function yaml(value: unknown): string {
  return stringify(value, { version: '1.1', lineWidth: 0 });
}
