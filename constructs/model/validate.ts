/**
 * All violations of a bundle at once. The manifests are those of the output, after patches by the user, so that patches and `extraSpec`
 * cannot bypass a rule.
 *
 *     each document by its kind     validate-schema.ts  validate-kafka.ts  validate-request.ts  validate-tls.ts  validate-certificate.ts
 *     between documents             validate-bundle.ts
 *     `desired.yaml`                validate-desired.ts
 *
 * Only the cluster knows whether an issuer, a KafkaVersion or a Secret exists: `kafka-tls plan` checks that.
 */
import { type KubeObject, refOf } from './kube-object';
import { checkRules } from './rules';
import { bundleViolations, type Draft } from './validate-bundle';
import { CERTIFICATE_RULES, ISSUER_RULES } from './validate-certificate';
import { desiredViolations } from './validate-desired';
import { kafkaViolations } from './validate-kafka';
import { METADATA_RULES } from './validate-metadata';
import { requestViolations } from './validate-request';
import { conformToSchema } from './validate-schema';
import { type Violation, violationsFor } from './violation';

/** Returns all violations of a bundle, errors and warnings. */
export function validate(draft: Draft): readonly Violation[] {
  const ofDesired = desiredViolations(draft);
  // The names of all objects are made of these two, and would all be reported.
  if (ofDesired.some(({ field }) => field === 'kafka' || field === 'namespace')) return ofDesired;
  return [
    ...ofDesired,
    ...draft.manifests.flatMap(manifestViolations),
    ...bundleViolations({ ...draft, manifests: draft.manifests.map((manifest) => conformToSchema(manifest).object) }),
  ];
}

/** Rules of each kind besides its schema. */
const BY_KIND: Readonly<Record<string, (manifest: KubeObject) => readonly Violation[]>> = {
  Kafka: kafkaViolations,
  KafkaOpsRequest: requestViolations,
  Certificate: (certificate) => checkRules(certificate, CERTIFICATE_RULES),
  Issuer: (issuer) => checkRules(issuer, ISSUER_RULES),
};

/** Returns all violations of one manifest. */
export function manifestViolations(manifest: KubeObject): readonly Violation[] {
  const secrets = keyMaterial(manifest);
  if (secrets.length > 0) return secrets;
  const { object, violations } = conformToSchema(manifest);
  const further = BY_KIND[manifest.kind]?.({ ...object, spec: object.spec ?? {} }) ?? [];
  return [...checkRules(manifest, METADATA_RULES), ...violations, ...further];
}

/** The message must not show the value, because the value must not be in Git. */
function keyMaterial(manifest: KubeObject): readonly Violation[] {
  const { error } = violationsFor(refOf(manifest));
  if (manifest.kind === 'Secret')
    return [error('kind', manifest.kind, 'a bundle is in Git, where a Secret must not be', 'Refer to it by name.')];
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(JSON.stringify(manifest))) return [];
  const why = 'a bundle is in Git, where a private key must not be';
  return [error('spec', '(a private key)', why, 'Put it into a Secret and refer to the Secret.')];
}
