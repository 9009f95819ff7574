/** Intended differences between our validation, the sandbox and KubeDB. A test fails on a difference that is not here, and on a reason without a difference. */

const CERT_MANAGER = 'cert-manager refuses the Certificate that KubeDB creates, and the request is stuck, for its spec is immutable';
const IGNORED = 'KubeDB accepts the field and ignores it';
const NO_SIGNER = 'KubeDB does not check the issuer, and waits for one that cannot exist';

/** Question -> why our validation refuses it and KubeDB accepts it. */
export const STRICTER: Readonly<Record<string, string>> = {
  'a Kafka whose pods could not be named': 'Kubernetes refuses the pods, long after the Kafka was accepted',
  'two entries for one alias': IGNORED,
  'a lifetime under an hour': CERT_MANAGER,
  'a renewal under five minutes': CERT_MANAGER,
  'a renewal that never ends': CERT_MANAGER,
  'a name for an address': CERT_MANAGER,
  'a dressed-up e-mail address': CERT_MANAGER,
  'an empty DNS name': CERT_MANAGER,
  'a Secret that cannot be named': 'Kubernetes refuses the Secret, long after the request was accepted',
  'an issuer of an unknown kind': NO_SIGNER,
  'an issuer of another group': NO_SIGNER,
  'an issuer of no group in a request': 'KubeDB refuses the same issuer in the Kafka, so that the request cannot succeed',
  'an issuer that cannot be named': NO_SIGNER,
  'TLS without an issuer': 'KubeDB completes no certificates then, and signs with a CA that is not declared',
  'a restart that carries TLS': IGNORED,
  'less than no retries': IGNORED,
};

/** Question -> why our validation accepts it and KubeDB refuses it. */
export const LAXER: Readonly<Record<string, string>> = {};

/** Question -> why the sandbox has another answer. */
export const IMITATED_OTHERWISE: Readonly<Record<string, string>> = {
  'half a broker': 'KubeDB fails to decode it before the API server validates it by the schema; the sandbox has a schema only',
};

/** Questions that the schema of a Kafka refuses only because KubeDB's webhook has changed the object before. */
export const SPOILT_BY_WEBHOOK: readonly string[] = ['an issuer of no group in a Kafka', 'an issuer of no group for one certificate'];

const EMPTY = 'Go writes empty fields; nothing reads them';
const PLACEMENT = 'the sandbox has no nodes to spread pods over';

/** Path in the spec of a Kafka -> why the sandbox completes it differently. */
export const COMPLETED_OTHERWISE: Readonly<Record<string, string>> = {
  'spec.autoOps': EMPTY,
  'spec.podTemplate': `${EMPTY}; ${PLACEMENT}`,
  'spec.podTemplate.controller': EMPTY,
  'spec.podTemplate.metadata': EMPTY,
  'spec.podTemplate.spec.containers[].resources': EMPTY,
  'spec.podTemplate.spec.initContainers[].resources': EMPTY,
  'spec.podTemplate.spec.podPlacementPolicy': PLACEMENT,
  'role.podTemplate.controller': EMPTY,
  'role.podTemplate.metadata': EMPTY,
  'role.podTemplate.spec.initContainers[].resources': EMPTY,
  'role.podTemplate.spec.podPlacementPolicy': PLACEMENT,
};
