/** The rules of an object's metadata, and the parts of it that the API makes. */
import { type FieldProblem, invalidValue, problemsOf, tooLong } from './field-problem';
import type { Draft } from './json';

const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

/** Returns a uid; the same number gives the same one, so that runs can be repeated. */
export function uidOf(number: number): string {
  return `5a4db0c5-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
}

/** Returns the five characters that complete `generateName`. */
export function nameSuffix(number: number): string {
  let rest = number * 7919;
  return Array.from({ length: 5 }, () => {
    const letter = SUFFIX_ALPHABET[rest % SUFFIX_ALPHABET.length];
    rest = Math.floor(rest / SUFFIX_ALPHABET.length);
    return letter;
  }).join('');
}

const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const MAX_ANNOTATION_BYTES = 262_144;

/** Returns the problems of an object's name, labels, annotations and finalizers. */
export function metadataProblems({ apiVersion, metadata }: Draft): FieldProblem[] {
  const { name, labels = {}, annotations = {}, finalizers = [] } = metadata;
  // Roles and bindings may have any name that fits into a URL.
  const isFree = apiVersion.startsWith('rbac.');
  const bytes = Object.entries(annotations).reduce((sum, [key, value]) => sum + key.length + Buffer.byteLength(value), 0);
  return [
    ...problemsOf(
      !isFree && !DNS_SUBDOMAIN.test(name) && invalidValue('metadata.name', name, SUBDOMAIN_RULE),
      name.length > 253 && invalidValue('metadata.name', name, 'must be no more than 253 characters'),
    ),
    ...Object.entries(labels).flatMap(([key, value]) => [...keyProblems('metadata.labels', key), ...labelValueProblems(value)]),
    ...Object.keys(annotations).flatMap((key) => keyProblems('metadata.annotations', key)),
    ...problemsOf(bytes > MAX_ANNOTATION_BYTES && tooLong('metadata.annotations', MAX_ANNOTATION_BYTES)),
    ...finalizers.flatMap((key) => keyProblems('metadata.finalizers', key)),
  ];
}

function keyProblems(field: string, key: string): FieldProblem[] {
  const [name = '', prefix, ...more] = key.split('/').reverse();
  const [first] = problemsOf(
    more.length > 0 && invalidValue(field, key, "a qualified name must consist of a name with an optional DNS subdomain prefix and '/'"),
    name.length > 63 && invalidValue(field, key, 'name part must be no more than 63 characters'),
    !QUALIFIED_NAME.test(name) && invalidValue(field, key, "name part must consist of alphanumeric characters, '-', '_' or '.'"),
    prefix !== undefined && !DNS_SUBDOMAIN.test(prefix) && invalidValue(field, key, `prefix part ${SUBDOMAIN_RULE}`),
  );
  return first === undefined ? [] : [first];
}

function labelValueProblems(value: string): FieldProblem[] {
  const detail = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.'";
  return problemsOf(
    value.length > 63 && invalidValue('metadata.labels', value, 'must be no more than 63 characters'),
    value !== '' && !QUALIFIED_NAME.test(value) && invalidValue('metadata.labels', value, detail),
  );
}
