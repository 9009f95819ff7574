/** The members that objects of all kinds have. */
import {
  ANY,
  BOOLEAN,
  COUNT,
  INSTANT,
  type Infer,
  list,
  type MapSchema,
  map,
  NAME,
  NON_EMPTY,
  NUMBER,
  nullable,
  optional,
  optionals,
  type Schema,
  STRING,
  STRING_MAP,
  STRINGS,
  stringThat,
} from '../schema';

const OWNER_REFERENCE = map({
  apiVersion: STRING,
  kind: STRING,
  name: STRING,
  uid: NON_EMPTY,
  ...optionals({ controller: BOOLEAN, blockOwnerDeletion: BOOLEAN }),
});

const METADATA = map({
  name: NAME,
  namespace: optional(NAME),
  uid: optional(STRING),
  resourceVersion: optional(STRING),
  generation: optional(COUNT),
  creationTimestamp: nullable(INSTANT),
  deletionTimestamp: optional(STRING),
  labels: optional(STRING_MAP),
  annotations: optional(STRING_MAP),
  ownerReferences: optional(list(OWNER_REFERENCE)),
  finalizers: optional(STRINGS),
  managedFields: optional(list(ANY)),
});
export type ObjectMeta = Infer<typeof METADATA>;

const CONDITION = map({
  type: NON_EMPTY,
  status: NON_EMPTY,
  reason: optional(STRING),
  message: optional(STRING),
  observedGeneration: optional(NUMBER),
  lastTransitionTime: nullable(STRING),
});
/** The form of a condition that KubeDB, cert-manager and Kubernetes share. */
export type Condition = Infer<typeof CONDITION>;

type Entries = Readonly<Record<string, Schema>>;

/** A status with conditions and these further members. */
export function statusWith<const E extends Entries>(members: E) {
  const common = { conditions: nullable(list(CONDITION)), phase: optional(STRING), observedGeneration: optional(NUMBER) };
  return nullable(map({ ...common, ...members }));
}

/** A status of which only the common members are read. */
export const STATUS = statusWith({});

/** An object of a kind; other groups' kinds of the same name follow the schema, too. */
export function objectOf<const E extends Entries>(kind: string, members: E) {
  const header = { apiVersion: NON_EMPTY, kind: stringThat(`one of ${kind}`, (text) => text === kind), metadata: METADATA };
  return map({ ...header, ...members }) as MapSchema<typeof header & E>;
}
