/** Label and field selectors, as list and watch take them in their query. */
import type { KubeObject } from '../../../constructs/model/kube-object';
import { badRequest } from './failure';
import { valueAt } from './json';
import type { Resource } from './resources';

export type Matches = (object: KubeObject) => boolean;

type Labels = Readonly<Record<string, string>>;
type Requirement = (labels: Labels) => boolean;

const SET_BASED = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/;
const EQUALITY = /^([^=!\s]+)\s*(==|=|!=)\s*(\S*)$/;

function requirement(text: string): Requirement {
  const set = SET_BASED.exec(text);
  if (set !== null) {
    const [, key = '', operator, values = ''] = set;
    const wanted = values.split(',').map((v) => v.trim());
    return operator === 'in' ? (l) => wanted.includes(l[key] ?? '\0') : (l) => !wanted.includes(l[key] ?? '\0');
  }
  const equality = EQUALITY.exec(text);
  if (equality !== null) {
    const [, key = '', operator, value = ''] = equality;
    return operator === '!=' ? (l) => l[key] !== value : (l) => l[key] === value;
  }
  const exists = /^(!?)([^=!\s()]+)$/.exec(text);
  if (exists === null) throw badRequest(`unable to parse requirement: found '${text}'`);
  const [, not, key = ''] = exists;
  return not === '!' ? (l) => l[key] === undefined : (l) => l[key] !== undefined;
}

/** Returns the test of a label selector in its query form: `a=b,c!=d,e in (f,g),h,!i`. */
export function labelSelector(text: string): (labels: Labels | undefined) => boolean {
  const parts = text.match(/(?:[^,(]|\([^)]*\))+/g) ?? [];
  const requirements = parts.map((part) => requirement(part.trim()));
  return (labels = {}) => requirements.every((matches) => matches(labels));
}

interface LabelSelector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}

/** Tells whether labels match a `LabelSelector` object; an empty one matches everything. */
export function matchesLabelSelector(selector: LabelSelector, labels: Labels = {}): boolean {
  const equal = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return (
    equal &&
    (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const value = labels[key];
      if (operator === 'Exists') return value !== undefined;
      if (operator === 'DoesNotExist') return value === undefined;
      const isIn = value !== undefined && values.includes(value);
      return operator === 'In' ? isIn : !isIn;
    })
  );
}

function fieldSelector(resource: Resource, text: string): Matches {
  const known = ['metadata.name', 'metadata.namespace', ...resource.selectableFields];
  const tests = text.split(',').map((part): Matches => {
    const match = EQUALITY.exec(part.trim());
    if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`);
    const [, path = '', operator, value = ''] = match;
    if (!known.includes(path)) throw badRequest(`"${path}" is not a known field selector: only ${known.map((k) => `"${k}"`).join(', ')}`);
    return (object) => (String(valueAt(object, path) ?? '') === value) === (operator !== '!=');
  });
  return (object) => tests.every((matches) => matches(object));
}

/** Returns the test of a list's or watch's query. */
export function selection(resource: Resource, query: URLSearchParams): Matches {
  const labels = query.get('labelSelector');
  const fields = query.get('fieldSelector');
  const byLabels = labels === null || labels === '' ? undefined : labelSelector(labels);
  const byFields = fields === null || fields === '' ? undefined : fieldSelector(resource, fields);
  return (object) => (byLabels?.(object.metadata.labels) ?? true) && (byFields?.(object) ?? true);
}
