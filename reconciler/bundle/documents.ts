/**
 * From a ConfigMap to a Bundle: parses every data key, checks its shape, and says all that is wrong at once, each with its path.
 *
 * A bundle is made by a program, but it passes through Git, editors, merges and templating tools on its way. What is checked here is
 * what the rest of the reconciler takes for granted; whether KubeDB and cert-manager accept it was checked when it was made.
 */

import { ACKNOWLEDGEMENTS, isContent, isFingerprint } from '#model/acknowledgement';
import { assembleBundle, type Bundle, DESIRED_KEY, documentKey } from '#model/bundle';
import { isClusterDomain } from '#model/cluster-domain';
import { BUNDLE_FORMAT, CUTOVERS, type Desired, EXECUTORS } from '#model/desired';
import { isMap, type KubeObject, refOf } from '#model/kube-object';
import { InvalidInputError } from '../errors';
import { objectOf } from '../input/kubernetes-schemas';
import {
  COUNT,
  closedMapOf,
  DURATION,
  expects,
  flawsOf,
  INSTANT,
  listOf,
  mapOf,
  NAME,
  oneOf,
  optional,
  TEXT,
  TEXT_MAP,
} from '../input/schema';
import { parseYaml } from '../input/yaml';
import { configMapChange } from './changed';

/** Tells whether an object is a ConfigMap that holds a bundle. */
export function holdsBundle(object: unknown): object is KubeObject {
  return (
    isMap(object) &&
    object.apiVersion === 'v1' &&
    object.kind === 'ConfigMap' &&
    isMap(object.metadata) &&
    isMap(object.data) &&
    DESIRED_KEY in object.data
  );
}

/** Returns the bundle in a ConfigMap; an InvalidInputError holds everything that is wrong with it. */
export function bundleFromConfigMap(configMap: KubeObject): Bundle {
  const problems = [...flawsOf(CONFIG_MAP, configMap)];
  if (problems.length > 0) throw new InvalidInputError(problems, { hint: HINT });
  const bundle = holdsBundle(configMap) ? readBundle(configMap, problems) : undefined;
  if (bundle !== undefined && problems.length === 0) return bundle;
  if (bundle === undefined && problems.length === 0) problems.push(`data has no key ${DESIRED_KEY}, so it is no bundle`);
  throw new InvalidInputError(problems, {
    subject: refOf(configMap),
    hint: HINT,
  });
}

const HINT = 'A bundle is made by synthesising a KafkaTls construct. Synthesise it again and apply the output unchanged.';

/** What it takes to speak of it at all. */
const CONFIG_MAP = mapOf({ metadata: mapOf({ name: NAME, namespace: optional(NAME) }) });

function readBundle(configMap: KubeObject, problems: string[]): Bundle | undefined {
  const documents = new Map<string, unknown>();
  for (const [key, text] of Object.entries<unknown>(configMap.data)) {
    const parsed = typeof text === 'string' ? parseYaml(text) : { problem: 'is not a text' };
    if ('problem' in parsed) problems.push(`${key}: ${parsed.problem}`);
    else if (parsed.values.length !== 1) problems.push(`${key}: holds ${parsed.values.length} documents instead of one`);
    else documents.set(key, parsed.values[0]);
  }
  if (documents.has(DESIRED_KEY)) problems.push(...desiredProblems(documents.get(DESIRED_KEY)));
  for (const [key, value] of documents) {
    if (key !== DESIRED_KEY) problems.push(...manifestProblems(key, value));
  }
  if (problems.length > 0) return undefined;
  const desired = documents.get(DESIRED_KEY) as Desired;
  const manifests = [...documents].filter(([key]) => key !== DESIRED_KEY).map(([, value]) => value as KubeObject);
  const bundle = assembleBundle(desired, manifests);
  if ('digest' in bundle) {
    const change = configMapChange(configMap, bundle);
    if (change === undefined) return bundle;
    problems.push(change);
    return undefined;
  }
  problems.push(...bundle);
  return undefined;
}

const CLUSTER_DOMAIN = expects('a DNS domain such as cluster.local', (v) => typeof v === 'string' && isClusterDomain(v));

const DESIRED = closedMapOf({
  formatVersion: COUNT,
  kafka: NAME,
  namespace: NAME,
  owner: TEXT,
  labels: optional(TEXT_MAP),
  clusterDomain: optional(CLUSTER_DOMAIN),
  nodes: optional(COUNT),
  executor: oneOf(EXECUTORS),
  issuedAfter: optional(INSTANT),
  beforeExpiry: optional(DURATION),
  acknowledge: listOf(
    closedMapOf({
      kind: oneOf(ACKNOWLEDGEMENTS),
      issuer: optional(TEXT),
      root: optional(expects('a SHA-256 fingerprint of 64 hexadecimal digits', isFingerprint)),
      content: optional(expects('the content of a TLS state such as 22be769b', isContent)),
    }),
  ),
  cutover: oneOf(CUTOVERS),
  unknownHealthPolicy: oneOf(['readiness', 'refuse']),
  retries: COUNT,
  deadlines: closedMapOf({
    issuance: DURATION,
    podReady: DURATION,
    gate: DURATION,
    foreignOperation: DURATION,
    requestAcceptance: DURATION,
    opsManagerDetection: DURATION,
  }),
});

function desiredProblems(value: unknown): readonly string[] {
  if (isMap(value) && typeof value.formatVersion === 'number' && value.formatVersion > BUNDLE_FORMAT) {
    // Nothing else can be judged: a newer format may hold other fields.
    return [
      `${DESIRED_KEY}: formatVersion ${value.formatVersion} was made by a newer version, this one reads up to ${BUNDLE_FORMAT}; use the image of the version that made it`,
    ];
  }
  return flawsOf(DESIRED, value).map((flaw) => `${DESIRED_KEY}: ${flaw}`);
}

const MANIFEST = mapOf({ apiVersion: TEXT, kind: TEXT, metadata: mapOf({ name: NAME, namespace: NAME }) });

function manifestProblems(key: string, value: unknown): readonly string[] {
  const problems = flawsOf(MANIFEST, value).map((flaw) => `${key}: ${flaw}`);
  if (problems.length > 0) return problems;
  const manifest = value as KubeObject;
  const itsKey = documentKey(manifest);
  if (key !== itsKey) return [`${key}: holds ${manifest.kind}/${manifest.metadata.name}, whose key is ${itsKey}`];
  return flawsOf(objectOf(manifest.kind), manifest).map((flaw) => `${key}: ${flaw}`);
}
