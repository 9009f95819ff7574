/**
 * From a ConfigMap to a Bundle: parses every data key, checks its shape, and says all that is wrong at once, each with its path.
 *
 * A bundle is made by a program, but it passes through Git, editors, merges and templating tools on its way. What is checked here is
 * what the rest of the reconciler takes for granted; whether KubeDB and cert-manager accept it was checked when it was made.
 */
import { assembleBundle, type Bundle, DESIRED_KEY, documentKey } from '../../constructs/model/bundle';
import { ACKNOWLEDGEMENTS, BUNDLE_FORMAT, CUTOVERS, type Desired, EXECUTORS } from '../../constructs/model/desired';
import { goDurationMs } from '../../constructs/model/go-duration';
import { type KubeObject, refOf } from '../../constructs/model/kube-object';
import { ANNOTATION_DIGEST } from '../../constructs/model/names';
import { InvalidInputError } from '../errors';
import { parseYaml } from './yaml-text';

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
  const problems: string[] = [];
  const bundle = holdsBundle(configMap) ? readBundle(configMap, problems) : undefined;
  if (bundle !== undefined && problems.length === 0) return bundle;
  if (bundle === undefined && problems.length === 0) problems.push(`data has no key ${DESIRED_KEY}, so it is no bundle`);
  throw new InvalidInputError(problems, {
    subject: refOf(configMap),
    hint: 'A bundle is made by synthesising a KafkaTls construct. Synthesise it again and apply the output unchanged.',
  });
}

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
    problems.push(...whatChangedIt(configMap, bundle));
    return problems.length === 0 ? bundle : undefined;
  }
  problems.push(...bundle);
  return undefined;
}

/** Between synth and cluster there may be tools that rewrite what passes through them. They do not know that there is a text in a text. */
function whatChangedIt({ metadata }: KubeObject, { desired, digest }: Bundle): readonly string[] {
  const { namespace, annotations } = metadata;
  if (namespace !== undefined && namespace !== desired.namespace) {
    const who = 'Kustomize\'s "namespace", Argo CD or Flux may have moved it; set the namespace of the chart instead';
    return [`${DESIRED_KEY}: namespace is ${desired.namespace}, but the ConfigMap is in ${namespace}: ${who}`];
  }
  const made = annotations?.[ANNOTATION_DIGEST];
  if (made === undefined || made === digest) return [];
  const who = "a Kustomize patch or Flux's postBuild.substitute may have changed it on its way";
  return [`data: its digest is ${digest}, and was ${made} when it was synthesised: ${who}`];
}

/** Says what is wrong with a value at a path, or nothing. */
type Rule = (value: unknown, path: string) => readonly string[];

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  if (isMap(value)) return 'a map';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'string' ? `"${value}"` : String(value);
}

function expects(what: string, isFine: (value: unknown) => boolean): Rule {
  return (value, path) => {
    const subject = path.replace(/: $/, ''); // the document itself
    if (value === undefined) return [`${subject}: is missing; ${what} is expected`];
    return isFine(value) ? [] : [`${subject}: is ${show(value)}; ${what} is expected`];
  };
}

function optional(rule: Rule): Rule {
  return (value, path) => (value === undefined ? [] : rule(value, path));
}

function oneOf(names: readonly string[]): Rule {
  return expects(`one of ${names.join(', ')}`, (v) => typeof v === 'string' && names.includes(v));
}

function listOf(rule: Rule): Rule {
  return (value, path) => {
    if (!Array.isArray(value)) return expects('a list', () => false)(value, path);
    return value.flatMap((item, i) => rule(item, `${path}[${i}]`));
  };
}

/** A map with these members and, if closed, no other ones. */
function mapOf(members: Readonly<Record<string, Rule>>, isClosed: boolean): Rule {
  return (value, path) => {
    if (!isMap(value)) return expects('a map', () => false)(value, path);
    const at = (key: string) => `${path}${path.endsWith(': ') ? '' : '.'}${key}`;
    const unknown = isClosed ? Object.keys(value).filter((key) => !(key in members)) : [];
    return [
      ...Object.entries(members).flatMap(([key, rule]) => rule(value[key], at(key))),
      ...unknown.map((key) => `${at(key)}: is unknown; the fields are ${Object.keys(members).join(', ')}`),
    ];
  };
}

const text = expects('a text', (v) => typeof v === 'string' && v !== '');
const count = expects('a whole number from 0', (v) => Number.isInteger(v) && Number(v) >= 0);
const duration = expects('a duration such as 5m or 1h30m', (v) => typeof v === 'string' && (goDurationMs(v) ?? -1) >= 0);
const instant = expects('an instant such as 2026-11-23T09:00:00Z', (v) => {
  return typeof v === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(v) && !Number.isNaN(Date.parse(v));
});

const DESIRED = mapOf(
  {
    formatVersion: count,
    kafka: text,
    namespace: text,
    owner: text,
    executor: oneOf(EXECUTORS),
    issuedAfter: optional(instant),
    beforeExpiry: optional(duration),
    acknowledge: listOf(mapOf({ kind: oneOf(ACKNOWLEDGEMENTS), issuer: optional(text) }, true)),
    cutover: oneOf(CUTOVERS),
    whenKafkaIsUnknown: oneOf(['readiness', 'refuse']),
    retries: count,
    deadlines: mapOf(
      { issuance: duration, podReady: duration, gate: duration, foreignOperation: duration, pickup: duration, claim: duration },
      true,
    ),
  },
  true,
);

function desiredProblems(value: unknown): readonly string[] {
  if (isMap(value) && typeof value.formatVersion === 'number' && value.formatVersion > BUNDLE_FORMAT) {
    // Nothing else can be judged: a newer format may hold other fields.
    return [
      `${DESIRED_KEY}: formatVersion ${value.formatVersion} was made by a newer version, this one reads up to ${BUNDLE_FORMAT}; use the image of the version that made it`,
    ];
  }
  return DESIRED(value, `${DESIRED_KEY}: `);
}

const MANIFEST = mapOf({ apiVersion: text, kind: text, metadata: mapOf({ name: text, namespace: text }, false) }, false);

const ISSUER_REF = mapOf({ apiGroup: optional(text), kind: oneOf(['Issuer', 'ClusterIssuer']), name: text }, false);
const TLS = mapOf(
  {
    issuerRef: optional(ISSUER_REF),
    certificates: optional(listOf(mapOf({ alias: text, issuerRef: optional(ISSUER_REF), duration: optional(duration) }, false))),
    remove: optional(expects('true or false', (v) => typeof v === 'boolean')),
    rotateCertificates: optional(expects('true or false', (v) => typeof v === 'boolean')),
  },
  false,
);
const REQUEST = mapOf({ spec: mapOf({ type: text, databaseRef: mapOf({ name: text }, false), tls: optional(TLS) }, false) }, false);

function manifestProblems(key: string, value: unknown): readonly string[] {
  const problems = MANIFEST(value, `${key}: `);
  if (problems.length > 0) return problems;
  const manifest = value as KubeObject;
  const itsKey = documentKey(manifest);
  if (key !== itsKey) return [`${key}: holds ${manifest.kind}/${manifest.metadata.name}, whose key is ${itsKey}`];
  return manifest.kind === 'KafkaOpsRequest' ? REQUEST(manifest, `${key}: `) : [];
}
