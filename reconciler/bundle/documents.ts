/**
 * From a ConfigMap to a Bundle: parses every data key, checks it by its schema, and reports all issues at once, each with its path.
 *
 * A bundle is made by a program, but it passes through Git, editors, merges and templating tools on its way. This file checks what the rest
 * of the reconciler takes for granted; whether KubeDB and cert-manager accept the manifests was checked when the bundle was made.
 */
import { assembleBundle, type Bundle, DESIRED_KEY, documentKey } from '#model/bundle';
import { BUNDLE_FORMAT, DESIRED } from '#model/desired';
import { schemaOf } from '#model/kinds/index';
import { isMap, type KubeObject, refOf } from '#model/kube-object';
import { formatIssues, formatPath, isValid, map, NAME, NON_EMPTY, optional, unknownParts } from '#model/schema';
import { InvalidInputError } from '../errors';
import { parseYaml } from '../input/yaml';
import { configMapChange } from './changed';

/** Tells whether an object is a ConfigMap that holds a bundle. */
export function holdsBundle(object: unknown): object is KubeObject & { readonly data: Readonly<Record<string, unknown>> } {
  return (
    isMap(object) &&
    object.apiVersion === 'v1' &&
    object.kind === 'ConfigMap' &&
    isMap(object.metadata) &&
    isMap(object.data) &&
    DESIRED_KEY in object.data
  );
}

const HINT = 'A bundle is made by synthesising a KafkaTls construct. Synthesise it again and apply the output unchanged.';

/** What every message about a ConfigMap needs. */
const CONFIG_MAP = map({ metadata: map({ name: NAME, namespace: optional(NAME) }) });

/** Returns the bundle in a ConfigMap; an InvalidInputError holds everything that is wrong with it. */
export function bundleFromConfigMap(configMap: KubeObject): Bundle {
  const issues = formatIssues(CONFIG_MAP, configMap);
  if (issues.length > 0) throw new InvalidInputError(issues, { hint: HINT });
  const read = holdsBundle(configMap) ? readBundle(configMap, configMap.data) : [`data has no key ${DESIRED_KEY}, so it is no bundle`];
  if ('digest' in read) return read;
  throw new InvalidInputError(read, { subject: refOf(configMap), hint: HINT });
}

/** Returns the bundle, or everything that is wrong with it. */
function readBundle(configMap: KubeObject, data: Readonly<Record<string, unknown>>): Bundle | readonly string[] {
  const documents = Object.entries(data).map(([key, text]) => ({ key, ...readDocument(text) }));
  const desired = documents.find(({ key }) => key === DESIRED_KEY)?.value;
  const manifests = documents.filter(({ key }) => key !== DESIRED_KEY);
  const problems = [
    ...documents.flatMap(({ key, problem }) => (problem === undefined ? [] : [`${key}: ${problem}`])),
    ...(desired === undefined ? [] : desiredProblems(desired)),
    ...manifests.flatMap(({ key, value }) => (value === undefined ? [] : manifestProblems(key, value))),
  ];
  if (problems.length > 0 || !isValid(DESIRED, desired)) return problems;
  const bundle = assembleBundle(
    desired,
    manifests.map(({ value }) => value as KubeObject),
  );
  if (!('digest' in bundle)) return bundle;
  const change = configMapChange(configMap, bundle);
  return change === undefined ? bundle : [change];
}

function readDocument(text: unknown): { readonly value?: unknown; readonly problem?: string } {
  const parsed = typeof text === 'string' ? parseYaml(text) : { problem: 'is not a string' };
  if ('problem' in parsed) return { problem: parsed.problem };
  const [value] = parsed.values;
  return parsed.values.length === 1 ? { value } : { problem: `holds ${parsed.values.length} documents instead of one` };
}

function desiredProblems(value: unknown): readonly string[] {
  if (isMap(value) && typeof value.formatVersion === 'number' && value.formatVersion > BUNDLE_FORMAT) {
    // Nothing else can be judged: a newer format may hold other fields.
    return [
      `${DESIRED_KEY}: formatVersion ${value.formatVersion} was made by a newer version, this one reads up to ${BUNDLE_FORMAT}; use the image of the version that made it`,
    ];
  }
  const unknown = unknownParts(DESIRED, value).map(({ keys, known }) => {
    return `${formatPath(keys)}: is unknown; the fields are ${known.join(', ')}`;
  });
  return [...formatIssues(DESIRED, value), ...unknown].map((issue) => `${DESIRED_KEY}: ${issue}`);
}

const MANIFEST = map({ apiVersion: NON_EMPTY, kind: NON_EMPTY, metadata: map({ name: NAME, namespace: NAME }) });

function manifestProblems(key: string, value: unknown): readonly string[] {
  if (!isValid(MANIFEST, value)) return formatIssues(MANIFEST, value).map((issue) => `${key}: ${issue}`);
  const ownKey = documentKey(value);
  if (key !== ownKey) return [`${key}: holds ${value.kind}/${value.metadata.name}, whose key is ${ownKey}`];
  return formatIssues(schemaOf(value.kind), value).map((issue) => `${key}: ${issue}`);
}
