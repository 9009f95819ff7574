/**
 * Built-in kinds, with the members that this project reads. The types of `@kubernetes/client-node` are not used: their dates are `Date`
 * objects where JSON has strings, and nearly everything in them is optional, while an object that has passed its schema is known to have
 * what is read of it.
 */
import {
  ANY,
  COUNT,
  hidden,
  INSTANT,
  INTEGER,
  type Infer,
  integerThat,
  list,
  map,
  NON_EMPTY,
  nullable,
  optional,
  optionals,
  STRING,
  STRING_MAP,
  STRINGS,
  valueThat,
} from '../schema';
import { objectOf, STATUS, statusWith } from './metadata';

/** Node ids of controllers begin at 1000. */
export const REPLICAS = integerThat('a whole number from 0 to 1000', (replicas) => replicas >= 0 && replicas <= 1000);

const SECRET_VOLUME = map({ secretName: optional(STRING), items: nullable(list(map(optionals({ key: STRING, path: STRING })))) });
export const VOLUMES = nullable(
  list(map({ name: NON_EMPTY, secret: optional(SECRET_VOLUME), ...optionals({ emptyDir: ANY, ephemeral: ANY, csi: ANY }) })),
);
export const CONTAINERS = list(
  map({
    name: NON_EMPTY,
    volumeMounts: nullable(list(map({ name: NON_EMPTY, ...optionals({ mountPath: STRING, subPath: STRING, subPathExpr: STRING }) }))),
  }),
);

const CONTAINER_STATUS = map({
  name: NON_EMPTY,
  restartCount: optional(COUNT),
  state: optional(
    map({
      running: optional(map({ startedAt: optional(INSTANT) })),
      waiting: nullable(map(optionals({ reason: STRING, message: STRING }))),
    }),
  ),
});

export type ContainerStatus = Infer<typeof CONTAINER_STATUS>;

export const POD = objectOf('Pod', {
  spec: optional(map({ containers: optional(CONTAINERS), volumes: VOLUMES })),
  status: statusWith({ containerStatuses: nullable(list(CONTAINER_STATUS)), initContainerStatuses: nullable(list(CONTAINER_STATUS)) }),
});

const INT_OR_STRING = valueThat<number | string>('a number or a percentage', (v) => typeof v === 'number' || typeof v === 'string');
const REQUIREMENT = map({ key: STRING, operator: STRING, values: nullable(STRINGS) });
export type Requirement = Infer<typeof REQUIREMENT>;
const SELECTOR = map({ matchLabels: nullable(STRING_MAP), matchExpressions: nullable(list(REQUIREMENT)) });

export const POD_DISRUPTION_BUDGET = objectOf('PodDisruptionBudget', {
  spec: optional(map({ selector: nullable(SELECTOR), minAvailable: optional(INT_OR_STRING), maxUnavailable: optional(INT_OR_STRING) })),
  status: statusWith(optionals({ disruptionsAllowed: INTEGER, expectedPods: INTEGER, currentHealthy: INTEGER, desiredHealthy: INTEGER })),
});

export const LEASE = objectOf('Lease', {
  spec: optional(
    map({
      holderIdentity: nullable(STRING),
      renewTime: nullable(STRING),
      leaseDurationSeconds: nullable(COUNT),
      leaseTransitions: nullable(COUNT),
    }),
  ),
  status: STATUS,
});

export const SECRET = objectOf('Secret', { data: nullable(hidden(STRING_MAP)), status: STATUS });

export const CONFIG_MAP = objectOf('ConfigMap', { data: nullable(STRING_MAP), binaryData: optional(ANY), status: STATUS });
