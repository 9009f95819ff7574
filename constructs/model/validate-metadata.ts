/** What Kubernetes refuses in the metadata of any object. */
import { type KubeObject, refOf } from './kube-object';
import { isDnsSubdomain, isLabelValue, isQualifiedName } from './kubernetes-names';
import { type Violation, violationsFor } from './violation';

const MOST_ANNOTATION_BYTES = 256 * 1024;
const KEY_HINT = 'Use letters, digits, "-", "_" and "." with at most 63 characters, after a domain and "/" if there is one.';

/** Returns what is wrong with the name, labels and annotations of an object. */
export function metadataViolations(object: KubeObject): readonly Violation[] {
  const { name, labels = {}, annotations = {} } = object.metadata;
  const badNameFound = isDnsSubdomain(name) ? [] : [badName(object, 'metadata.name', name)];
  return [
    ...badNameFound,
    ...labelViolations(object, 'metadata.labels', labels),
    ...annotationViolations(object, 'metadata.annotations', annotations),
  ];
}

/** Returns what is wrong with labels, `field` being where they stand. */
export function labelViolations(object: KubeObject, field: string, labels: Readonly<Record<string, unknown>>): readonly Violation[] {
  const { error } = violationsFor(refOf(object));
  return Object.entries(labels).flatMap(([key, value]) => [
    ...(isQualifiedName(key) ? [] : [error(`${field}[${key}]`, value, `"${key}" is not the key of a label`, KEY_HINT)]),
    ...(typeof value === 'string' && isLabelValue(value)
      ? []
      : [
          error(
            `${field}[${key}]`,
            value,
            'that is not the value of a label',
            'Use at most 63 letters, digits, "-", "_" and ".", beginning and ending with a letter or digit.',
          ),
        ]),
  ]);
}

/** Returns what is wrong with annotations, `field` being where they stand. */
export function annotationViolations(
  object: KubeObject,
  field: string,
  annotations: Readonly<Record<string, unknown>>,
): readonly Violation[] {
  const { error } = violationsFor(refOf(object));
  const bytes = Buffer.byteLength(Object.entries(annotations).flat().join(''));
  const tooLarge = error(field, `${bytes} bytes`, `all annotations together have at most ${MOST_ANNOTATION_BYTES}`, 'Take something out.');
  const malformed = Object.entries(annotations).flatMap(([key, value]) => [
    ...(isQualifiedName(key.toLowerCase()) ? [] : [error(`${field}[${key}]`, value, `"${key}" is not the key of an annotation`, KEY_HINT)]),
    ...(typeof value === 'string' ? [] : [error(`${field}[${key}]`, value, 'the value of an annotation is a text', 'Put it into quotes.')]),
  ]);
  return bytes > MOST_ANNOTATION_BYTES ? [...malformed, tooLarge] : malformed;
}

/** Returns the complaint about a text that cannot be the name of an object. */
export function badName(object: KubeObject, field: string, value: unknown): Violation {
  return violationsFor(refOf(object)).error(
    field,
    value,
    'that is not the name of a Kubernetes object',
    'Use lower-case letters, digits, "-" and ".".',
  );
}
