/**
 * The kinds that this project reads: their schemas and types. An object is validated where it enters the program (an answer of the API
 * server, a bundle, an observation), and from there on it has the type of its kind.
 *
 * `isKind` narrows an object whose kind is not known; `asKind` is for an object that was read or made as one of a kind.
 */
import { formatRef, type KubeObject, refOf } from '../kube-object';
import type { Infer, Schema } from '../schema';
import { CERTIFICATE, CLUSTER_ISSUER, ISSUER } from './cert-manager';
import { KAFKA, KAFKA_OPS_REQUEST, PET_SET } from './kubedb';
import { CONFIG_MAP, LEASE, POD, POD_DISRUPTION_BUDGET, SECRET } from './kubernetes';
import { objectOf, STATUS } from './metadata';

const SCHEMAS = {
  Kafka: KAFKA,
  KafkaOpsRequest: KAFKA_OPS_REQUEST,
  PetSet: PET_SET,
  Certificate: CERTIFICATE,
  Issuer: ISSUER,
  ClusterIssuer: CLUSTER_ISSUER,
  Pod: POD,
  PodDisruptionBudget: POD_DISRUPTION_BUDGET,
  Lease: LEASE,
  Secret: SECRET,
  ConfigMap: CONFIG_MAP,
} as const;

/** Kinds with a schema. */
export type KnownKind = keyof typeof SCHEMAS;
export type ObjectOf<K extends KnownKind> = Infer<(typeof SCHEMAS)[K]>;
export type Kafka = ObjectOf<'Kafka'>;
export type KafkaOpsRequest = ObjectOf<'KafkaOpsRequest'>;
export type PetSet = ObjectOf<'PetSet'>;
export type Certificate = ObjectOf<'Certificate'>;
export type Issuer = ObjectOf<'Issuer'>;
export type Pod = ObjectOf<'Pod'>;
export type PodDisruptionBudget = ObjectOf<'PodDisruptionBudget'>;
export type Lease = ObjectOf<'Lease'>;
export type Secret = ObjectOf<'Secret'>;
export type ConfigMap = ObjectOf<'ConfigMap'>;

const OTHERS = new Map<string, Schema<KubeObject>>();

/** Returns the schema of a kind; of one that nothing is read of, the schema of what all kinds have in common. */
export function schemaOf(kind: string): Schema<KubeObject> {
  const known: Schema<KubeObject> | undefined = Object.hasOwn(SCHEMAS, kind) ? SCHEMAS[kind as KnownKind] : OTHERS.get(kind);
  if (known !== undefined) return known;
  const schema = objectOf(kind, { status: STATUS });
  OTHERS.set(kind, schema);
  return schema;
}

/** Tells whether an object is of a kind. */
export function isKind<K extends KnownKind>(kind: K, object: KubeObject): object is ObjectOf<K> {
  return object.kind === kind;
}

/** Returns an object with the type of its kind; throws when it is of another kind. */
export function asKind<K extends KnownKind, O extends KubeObject | undefined>(kind: K, object: O): ObjectOf<K> | Extract<O, undefined> {
  if (object === undefined) return object as Extract<O, undefined>;
  if (isKind(kind, object)) return object;
  throw new TypeError(`${formatRef(refOf(object))} is not a ${kind}`);
}
