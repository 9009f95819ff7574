/**
 * Key stores that Kafka refuses to load in place of the one that it has loaded, planted into the mounted folder of one pod behind the
 * reconciler's back. Real cert-manager issues them, from the Certificate of the server with one change each.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { KINDS, type KubeObject } from '#model/kube-object';
import { brokerCertificateName } from '#model/tls';
import { untyped } from '../../support/untyped';
import { KAFKA } from '../../support/world';
import type { Place } from './place';

const FOLDER = '/var/private/ssl';
const STORE = 'server.keystore.jks';
const OTHER = 'planted-other';

/** What differs from the certificate in the Secret, and how Kafka words its refusal, at the request or in its log. */
export interface Planted {
  readonly name: string;
  readonly refusal: RegExp;
  /** Changes of the Certificate's spec; undefined: no key store at all. */
  readonly change: ((spec: Spec) => object) | undefined;
}

interface Spec {
  readonly dnsNames: readonly string[];
  readonly keystores: { readonly jks: { readonly passwordSecretRef: object } };
}

const UNREADABLE = /Failed to load SSL keystore .* of type JKS/;

export const PLANTED = {
  garbage: { name: 'garbage', refusal: UNREADABLE, change: undefined },
  password: {
    name: 'another password',
    refusal: UNREADABLE,
    change: ({ keystores }) => ({ keystores: { jks: { ...keystores.jks, passwordSecretRef: { name: OTHER, key: 'password' } } } }),
  },
  subject: {
    name: 'another subject',
    refusal: /DistinguishedName does not match:\s+existing=\{alias=certificate/,
    change: () => ({ commonName: 'another-name' }),
  },
  names: {
    name: 'fewer names',
    refusal: /SubjectAltNames do not match/,
    change: ({ dnsNames }) => ({ dnsNames: dnsNames.slice(1) }),
  },
  issuer: {
    name: 'another CA',
    refusal: /DistinguishedName does not match:\s+existing=\{alias=ca/,
    change: () => ({ issuerRef: { group: 'cert-manager.io', kind: 'Issuer', name: OTHER } }),
  },
} as const satisfies Readonly<Record<string, Planted>>;

/** Creates the CA and the password that no pod knows. */
export async function createOthers({ world }: Place): Promise<void> {
  const at = (name: string) => ({ name, namespace: world.namespace });
  const issuer = (name: string, spec: object): KubeObject => ({ ...typeOf(KINDS.Issuer), metadata: at(name), spec });
  await world.cluster.create({ ...typeOf(KINDS.Secret), metadata: at(OTHER), data: { password: base64('not-the-password') } });
  await world.cluster.create(issuer(`${OTHER}-root`, { selfSigned: {} }));
  await world.cluster.create(
    certificate(world.namespace, `${OTHER}-ca`, {
      isCA: true,
      commonName: OTHER,
      secretName: `${OTHER}-ca`,
      issuerRef: { group: 'cert-manager.io', kind: 'Issuer', name: `${OTHER}-root` },
    }),
  );
  await world.cluster.create(issuer(OTHER, { ca: { secretName: `${OTHER}-ca` } }));
}

/** Puts a key store into the folder of a pod, and keeps the kubelet from replacing it until the pod starts again. */
export async function plant(place: Place, pod: string, planted: Planted): Promise<void> {
  const store = planted.change === undefined ? Buffer.from('not a key store') : await storeOf(place, pod, planted.change);
  const folder = place.environment
    .pods()
    .find((p) => p.name === pod)
    ?.mounts.get(FOLDER);
  if (folder === undefined) throw new Error(`${pod} mounts no ${FOLDER}`);
  place.environment.kubelet.held.add(pod);
  writeFileSync(path.join(folder, STORE), store);
}

async function storeOf({ world }: Place, pod: string, change: (spec: Spec) => object): Promise<Buffer> {
  const live = await world.cluster.get(world.ref(KINDS.Certificate, brokerCertificateName(KAFKA, 'server')));
  const spec = untyped(live).spec;
  const name = `planted-${pod}-${Date.now()}`;
  await world.cluster.create(certificate(world.namespace, name, { ...spec, ...change(spec), secretName: name }));
  const secret = world.ref(KINDS.Secret, name);
  const store = async () => untyped(await world.cluster.get(secret))?.data?.['keystore.jks'];
  await world.until(async () => (await store()) !== undefined);
  return Buffer.from(await store(), 'base64');
}

function certificate(namespace: string, name: string, spec: object): KubeObject {
  return { ...typeOf(KINDS.Certificate), metadata: { name, namespace }, spec };
}

function typeOf({ apiVersion, kind }: Pick<KubeObject, 'apiVersion' | 'kind'>) {
  return { apiVersion, kind };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
