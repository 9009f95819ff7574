/**
 * What is taken for granted of objects, by kind: the members that are read anywhere in this project, and their types.
 *
 * An API server guarantees most of it by its schemas. But what is behind an address may be a proxy, a CRD without a schema for a field, or
 * a version that does it otherwise; and objects come from files, too. Where this does not hold, the object is refused where it enters, and
 * the member is named. Nothing behind has to ask.
 *
 * It says nothing of whether an object makes sense: that is admission's business.
 */
import { KINDS } from '#model/kube-object';
import {
  ANY_TEXT,
  COUNT,
  DURATION,
  everyOf,
  expects,
  INSTANT,
  listOf,
  mapOf,
  NAME,
  NUMBER,
  nullable,
  oneOf,
  optional,
  type Rule,
  TEXT,
  TEXT_MAP,
  TEXTS,
  TRUTH,
  unseen,
} from './schema';

/** Node ids of controllers begin at 1000. */
const REPLICAS = expects('a whole number from 0 to 1000', (v) => Number.isInteger(v) && Number(v) >= 0 && Number(v) <= 1000);

const METADATA = mapOf({
  name: NAME,
  namespace: optional(NAME),
  uid: optional(ANY_TEXT),
  resourceVersion: optional(ANY_TEXT),
  generation: optional(COUNT),
  creationTimestamp: nullable(INSTANT),
  deletionTimestamp: optional(ANY_TEXT),
  labels: optional(TEXT_MAP),
  annotations: optional(TEXT_MAP),
  ownerReferences: nullable(listOf(mapOf({ uid: TEXT }))),
});

const CONDITION = mapOf({
  type: TEXT,
  status: TEXT,
  reason: optional(ANY_TEXT),
  message: optional(ANY_TEXT),
  observedGeneration: optional(NUMBER),
  lastTransitionTime: nullable(ANY_TEXT),
});

function statusWith(members: Readonly<Record<string, Rule>>): Rule {
  return nullable(
    mapOf({ conditions: nullable(listOf(CONDITION)), phase: optional(ANY_TEXT), observedGeneration: optional(NUMBER), ...members }),
  );
}

const ISSUER_REF = mapOf({ apiGroup: nullable(ANY_TEXT), kind: oneOf(['Issuer', 'ClusterIssuer']), name: NAME });

const SUBJECT = mapOf({
  organizations: optional(TEXTS),
  countries: optional(TEXTS),
  organizationalUnits: optional(TEXTS),
  localities: optional(TEXTS),
  provinces: optional(TEXTS),
  streetAddresses: optional(TEXTS),
  postalCodes: optional(TEXTS),
  serialNumber: optional(ANY_TEXT),
});

const ALTERNATIVE_NAMES = {
  dnsNames: optional(TEXTS),
  ipAddresses: optional(TEXTS),
  uris: optional(TEXTS),
  emailAddresses: optional(TEXTS),
};

const CERTIFICATES = optional(
  listOf(
    mapOf({
      alias: TEXT,
      issuerRef: optional(ISSUER_REF),
      secretName: optional(ANY_TEXT),
      subject: optional(SUBJECT),
      duration: optional(DURATION),
      renewBefore: optional(DURATION),
      privateKey: optional(mapOf({ encoding: optional(ANY_TEXT) })),
      ...ALTERNATIVE_NAMES,
    }),
  ),
);

/** `spec.tls` of a Kafka. */
export const TLS = mapOf({ issuerRef: ISSUER_REF, certificates: CERTIFICATES });

const NODES = optional(mapOf({ replicas: optional(REPLICAS), suffix: optional(NAME) }));
const REFERENCE = nullable(mapOf({ name: optional(ANY_TEXT) }));

const VOLUMES = nullable(
  listOf(mapOf({ name: TEXT, secret: optional(mapOf({ secretName: optional(ANY_TEXT), items: nullable(listOf(mapOf({}))) })) })),
);
const CONTAINERS = listOf(mapOf({ name: TEXT, volumeMounts: nullable(listOf(mapOf({ name: TEXT, mountPath: optional(ANY_TEXT) }))) }));
const CONTAINER_STATUSES = nullable(
  listOf(
    mapOf({
      name: TEXT,
      state: optional(
        mapOf({
          running: optional(mapOf({ startedAt: optional(INSTANT) })),
          waiting: nullable(mapOf({ reason: optional(ANY_TEXT), message: optional(ANY_TEXT) })),
        }),
      ),
    }),
  ),
);

const KAFKA = {
  spec: optional(
    mapOf({
      replicas: optional(REPLICAS),
      topology: optional(mapOf({ controller: NODES, broker: NODES })),
      enableSSL: optional(TRUTH),
      tls: optional(TLS),
      halted: optional(TRUTH),
      storageType: optional(ANY_TEXT),
      disableSecurity: optional(TRUTH),
      keystoreCredSecret: REFERENCE,
      authSecret: REFERENCE,
    }),
  ),
};

const REQUEST = {
  spec: mapOf({
    type: TEXT,
    databaseRef: mapOf({ name: TEXT }),
    tls: optional(
      mapOf({ issuerRef: optional(ISSUER_REF), certificates: CERTIFICATES, remove: optional(TRUTH), rotateCertificates: optional(TRUTH) }),
    ),
  }),
};

const CERTIFICATE = {
  spec: mapOf({
    secretName: TEXT,
    issuerRef: mapOf({ name: TEXT, kind: optional(ANY_TEXT), group: optional(ANY_TEXT) }),
    isCA: optional(TRUTH),
    commonName: optional(ANY_TEXT),
    subject: optional(mapOf({})),
    duration: optional(DURATION),
    renewBefore: optional(DURATION),
    usages: optional(TEXTS),
    ...ALTERNATIVE_NAMES,
  }),
  status: statusWith({ revision: optional(COUNT) }),
};

const ISSUER = { spec: optional(mapOf({ ca: optional(mapOf({ secretName: optional(ANY_TEXT) })) })) };

const POD = {
  spec: optional(mapOf({ containers: optional(CONTAINERS), volumes: VOLUMES })),
  status: statusWith({ containerStatuses: CONTAINER_STATUSES, initContainerStatuses: CONTAINER_STATUSES }),
};

const PET_SET = {
  spec: mapOf({
    replicas: optional(REPLICAS),
    updateStrategy: nullable(mapOf({ type: optional(ANY_TEXT) })),
    template: mapOf({ spec: mapOf({ containers: CONTAINERS, volumes: VOLUMES }) }),
    volumeClaimTemplates: nullable(listOf(mapOf({ metadata: mapOf({ name: TEXT }) }))),
  }),
  status: statusWith({ readyReplicas: optional(NUMBER), updatedReplicas: optional(NUMBER), updateRevision: optional(ANY_TEXT) }),
};

const BUDGET = { spec: optional(mapOf({ selector: nullable(mapOf({ matchLabels: nullable(everyOf(ANY_TEXT)) })) })) };

const LEASE = {
  spec: optional(
    mapOf({
      holderIdentity: nullable(ANY_TEXT),
      renewTime: nullable(ANY_TEXT),
      leaseDurationSeconds: nullable(COUNT),
      leaseTransitions: nullable(COUNT),
    }),
  ),
};

const MEMBERS: ReadonlyMap<string, Readonly<Record<string, Rule>>> = new Map<string, Readonly<Record<string, Rule>>>([
  [KINDS.Kafka.kind, KAFKA],
  [KINDS.KafkaOpsRequest.kind, REQUEST],
  [KINDS.Certificate.kind, CERTIFICATE],
  [KINDS.Issuer.kind, ISSUER],
  [KINDS.ClusterIssuer.kind, ISSUER],
  [KINDS.Pod.kind, POD],
  [KINDS.PetSet.kind, PET_SET],
  [KINDS.PodDisruptionBudget.kind, BUDGET],
  [KINDS.Lease.kind, LEASE],
  [KINDS.Secret.kind, { data: unseen(nullable(TEXT_MAP)) }],
  [KINDS.ConfigMap.kind, { data: nullable(TEXT_MAP) }],
]);

const RULES = new Map<string, Rule>();

/** Returns the rule for objects of a kind; every group's kind of this name is held to it. */
export function objectOf(kind: string): Rule {
  const known = RULES.get(kind);
  if (known !== undefined) return known;
  const rule = mapOf({ apiVersion: TEXT, kind: oneOf([kind]), metadata: METADATA, status: statusWith({}), ...MEMBERS.get(kind) });
  RULES.set(kind, rule);
  return rule;
}
