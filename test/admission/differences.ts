/** Where we, the sandbox and KubeDB are not of one mind, on purpose. A test fails on any difference that is not here, and on any that is gone. */

const CERT_MANAGER = 'cert-manager refuses the Certificate that KubeDB makes of it, and the request is stuck: nobody can edit it';
const IGNORED = 'KubeDB accepts it and does not do what it says';
const NO_SIGNER = 'KubeDB looks at no issuer; it would wait for one that cannot exist';

/** Question -> why our validation refuses what KubeDB accepts. */
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
  'an issuer of no group in a request': 'its Kafka could not be changed to it: there the same is refused',
  'an issuer that cannot be named': NO_SIGNER,
  'TLS without an issuer': 'KubeDB completes nothing then, and signs with a CA that nobody declared',
  'a restart that carries TLS': IGNORED,
  'less than no retries': IGNORED,
};

/** Question -> why our validation accepts what KubeDB refuses. */
export const LAXER: Readonly<Record<string, string>> = {};

/** Question -> why the sandbox answers otherwise. */
export const IMITATED_OTHERWISE: Readonly<Record<string, string>> = {
  'half a broker': 'KubeDB cannot decode it before the API server looks at the schema; the sandbox has a schema only',
};

/** Refused by the schema of a Kafka, but only after KubeDB's webhook has made it wrong: without the webhook nobody refuses it. */
export const SPOILT_BY_WEBHOOK: readonly string[] = ['an issuer of no group in a Kafka', 'an issuer of no group for one certificate'];

const EMPTY = 'Go writes fields that hold nothing; nobody reads them';
const PLACEMENT = 'pods of the sandbox have no place to be spread over';

/** Path in the spec of a Kafka -> why the sandbox completes it otherwise. */
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
