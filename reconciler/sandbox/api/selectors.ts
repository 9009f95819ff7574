/** Label and field selectors: those in the query of a list or watch, and those in objects. */
import type { KubeObject } from '#model/kube-object';
import { badRequest } from './failure';
import { valueAt } from './json';
import type { Resource } from './resources';
import type { LabelSelector } from './schemas/workloads';

export type Matches = (object: KubeObject) => boolean;

type Labels = Readonly<Record<string, string>>;
type Requirement = NonNullable<LabelSelector['matchExpressions']>[number];

const SET_BASED = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/;
const EQUALITY = /^([^=!\s]+)\s*(==|=|!=)\s*(\S*)$/;
const EXISTENCE = /^(!?)([^=!\s()]+)$/;

/** Returns the requirements of a label selector in its query form: `a=b,c!=d,e in (f,g),h,!i`. */
function parseLabelSelector(text: string): readonly Requirement[] {
  const parts = text.match(/(?:[^,(]|\([^)]*\))+/g) ?? [];
  return parts.map((part) => parseRequirement(part.trim()));
}

function parseRequirement(text: string): Requirement {
  const [, setKey, inOrNot, list = ''] = SET_BASED.exec(text) ?? [];
  if (setKey !== undefined)
    return { key: setKey, operator: inOrNot === 'in' ? 'In' : 'NotIn', values: list.split(',').map((value) => value.trim()) };
  const [, equalKey, comparison, value = ''] = EQUALITY.exec(text) ?? [];
  if (equalKey !== undefined) return { key: equalKey, operator: comparison === '!=' ? 'NotIn' : 'In', values: [value] };
  const [, not, key] = EXISTENCE.exec(text) ?? [];
  if (key === undefined) throw badRequest(`unable to parse requirement: found '${text}'`);
  return { key, operator: not === '!' ? 'DoesNotExist' : 'Exists' };
}

/** Tells whether labels match a `LabelSelector`; an empty one matches everything. */
export function matchesLabelSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Labels = {}): boolean {
  const isEqual = Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
  return isEqual && matchExpressions.every((requirement) => meets(labels, requirement));
}

function meets(labels: Labels, { key = '', operator, values = [] }: Requirement): boolean {
  const value = labels[key];
  if (operator === 'Exists') return value !== undefined;
  if (operator === 'DoesNotExist') return value === undefined;
  const isIn = value !== undefined && values.includes(value);
  return operator === 'In' ? isIn : !isIn;
}

function fieldSelector(resource: Resource, text: string): Matches {
  const known = ['metadata.name', 'metadata.namespace', ...resource.selectableFields];
  const tests = text.split(',').map((part): Matches => {
    const [, path, comparison, value] = EQUALITY.exec(part.trim()) ?? [];
    if (path === undefined) throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`);
    if (!known.includes(path)) throw badRequest(`"${path}" is not a known field selector: only ${known.map((k) => `"${k}"`).join(', ')}`);
    return (object) => (String(valueAt(object, path) ?? '') === value) === (comparison !== '!=');
  });
  return (object) => tests.every((matches) => matches(object));
}

/** Returns the test of a list's or watch's query. */
export function selection(resource: Resource, query: URLSearchParams): Matches {
  const matchExpressions = [...parseLabelSelector(query.get('labelSelector') ?? '')];
  const fields = query.get('fieldSelector') ?? '';
  const matchesFields = fields === '' ? () => true : fieldSelector(resource, fields);
  return (object) => matchesLabelSelector({ matchExpressions }, object.metadata.labels) && matchesFields(object);
}
