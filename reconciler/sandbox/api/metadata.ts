/** What the API makes and demands of an object's metadata. */
import { type FieldProblem, invalidValue } from './field-problem';
import { isTree, type Tree } from './json';

const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

/** Returns a uid; the same number gives the same one, so that runs can be repeated. */
export function uidOf(number: number): string {
  return `5a4db0c5-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
}

/** Returns the five characters that `generateName` is completed with. */
export function nameSuffix(number: number): string {
  let rest = number * 7919;
  return Array.from({ length: 5 }, () => {
    const letter = SUFFIX_ALPHABET[rest % SUFFIX_ALPHABET.length];
    rest = Math.floor(rest / SUFFIX_ALPHABET.length);
    return letter;
  }).join('');
}

/** Returns what is wrong with an object's name, labels and annotations. */
export function metadataProblems(object: Tree): FieldProblem[] {
  const { name, labels, annotations, finalizers } = object.metadata;
  const problems: FieldProblem[] = [];
  // Roles and bindings may be called anything that fits into a URL.
  if (!DNS_SUBDOMAIN.test(name) && !String(object.apiVersion).startsWith('rbac.'))
    problems.push(invalidValue('metadata.name', name, SUBDOMAIN_RULE));
  if (String(name).length > 253) problems.push(invalidValue('metadata.name', name, 'must be no more than 253 characters'));
  for (const [key, value] of Object.entries(isTree(labels) ? labels : {}))
    problems.push(...keyProblems('metadata.labels', key), ...labelValueProblems(value));
  for (const key of Object.keys(isTree(annotations) ? annotations : {})) problems.push(...keyProblems('metadata.annotations', key));
  const size = Object.entries(isTree(annotations) ? annotations : {}).reduce(
    (sum, [key, value]) => sum + key.length + Buffer.byteLength(String(value)),
    0,
  );
  if (size > 262_144)
    problems.push({ reason: 'FieldValueInvalid', field: 'metadata.annotations', detail: 'Too long: may not be more than 262144 bytes' });
  for (const key of Array.isArray(finalizers) ? finalizers : []) problems.push(...keyProblems('metadata.finalizers', key));
  return problems;
}

const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";

function keyProblems(field: string, key: string): FieldProblem[] {
  const parts = key.split('/');
  const name = parts.at(-1) ?? '';
  if (parts.length > 2)
    return [invalidValue(field, key, "a qualified name must consist of a name with an optional DNS subdomain prefix and '/'")];
  if (name.length > 63) return [invalidValue(field, key, 'name part must be no more than 63 characters')];
  if (!QUALIFIED_NAME.test(name)) return [invalidValue(field, key, "name part must consist of alphanumeric characters, '-', '_' or '.'")];
  if (parts.length === 2 && !DNS_SUBDOMAIN.test(parts[0] ?? '')) return [invalidValue(field, key, `prefix part ${SUBDOMAIN_RULE}`)];
  return [];
}

function labelValueProblems(value: unknown): FieldProblem[] {
  if (typeof value !== 'string') return [invalidValue('metadata.labels', value, 'must be a string')];
  if (value.length > 63) return [invalidValue('metadata.labels', value, 'must be no more than 63 characters')];
  if (value !== '' && !QUALIFIED_NAME.test(value))
    return [
      invalidValue(
        'metadata.labels',
        value,
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.'",
      ),
    ];
  return [];
}
