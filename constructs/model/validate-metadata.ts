/** Rules of Kubernetes for the metadata of any object. */
import { isDnsSubdomain, isLabelValue, isQualifiedName } from './kubernetes-names';
import { mapIn } from './plain-data';
import type { Rule } from './rules';

const MOST_ANNOTATION_BYTES = 256 * 1024;
const KEY_HINT = 'Use letters, digits, "-", "_" and "." with at most 63 characters, after a domain and "/" if there is one.';
const VALUE_HINT = 'Use at most 63 letters, digits, "-", "_" and ".", beginning and ending with a letter or digit.';

/** The name of an object. */
export const IS_NAME = {
  must: isDnsSubdomain,
  message: 'that is not the name of a Kubernetes object. Use lower-case letters, digits, "-" and ".".',
} as const;

/** Returns the rules for a map of labels. */
export function labelRules(field: string): readonly Rule[] {
  const each = `${field}[*]`;
  return [
    { field: each, must: (_, { key }) => isQualifiedName(key), message: (_, { key }) => `"${key}" is not the key of a label. ${KEY_HINT}` },
    { field: each, must: isLabelValue, message: `that is not the value of a label. ${VALUE_HINT}` },
  ];
}

/** Returns the rules for a map of annotations. */
export function annotationRules(field: string): readonly Rule[] {
  const isKey = (key: string) => isQualifiedName(key.toLowerCase());
  const bytes = (annotations: unknown) => Buffer.byteLength(Object.entries(mapIn(annotations)).flat().join(''));
  return [
    {
      field: `${field}[*]`,
      must: (_, { key }) => isKey(key),
      message: (_, { key }) => `"${key}" is not the key of an annotation. ${KEY_HINT}`,
    },
    {
      field: `${field}[*]`,
      must: (value) => typeof value === 'string',
      message: 'the value of an annotation is a string. Put it into quotes.',
    },
    {
      field,
      must: (annotations) => bytes(annotations) <= MOST_ANNOTATION_BYTES,
      message: (annotations) =>
        `all annotations together have at most ${MOST_ANNOTATION_BYTES} bytes, these have ${bytes(annotations)}. Remove some of them.`,
      shows: '(annotations)',
    },
  ];
}

export const METADATA_RULES: readonly Rule[] = [
  { field: 'metadata.name', isRequired: true, ...IS_NAME },
  ...labelRules('metadata.labels'),
  ...annotationRules('metadata.annotations'),
];
