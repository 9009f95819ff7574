/** Mutations of valid input: values with members replaced, dropped, doubled or added, and texts with bytes lost or inserted. */
import fc from 'fast-check';

/** One thing that happens to a value. Plain, so that a counterexample can be read and shrinks to few of them. */
export interface Mutation {
  /** Where: from 0, the outermost place, to 1, the innermost; small ones are near the top, where there are few. */
  readonly place: number;
  readonly act: 'replace' | 'drop' | 'repeat' | 'add' | 'rename';
  readonly value: unknown;
}

const nested = (depth: number): unknown => Array.from({ length: depth }).reduce<unknown>((inner) => ({ a: [inner] }), 'deep');
const poisoned = (text: string): unknown => JSON.parse(text);

const ODD_WORDS =
  'x . .. ../../x a/b True false null 1e999 -5m 1h 9999999999h off tls constructor {} [] __proto__ toString 9999-12-31T23:59:59Z 2026-02-30T00:00:00Z -000001-01-01T00:00:00Z';

/** Values that are of the wrong type or size at any place. */
const ODD_VALUES: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 1e9, 2 ** 53, 1e308],
  ...ODD_WORDS.split(' '),
  ...['', ' ', '{"server": null}', '{"issuerRef": {}}', '\u0000', '\u202e\u001b[31m', 'ü\ud800'],
  ...[[], {}, [null], [[]], [{}], ['x', 'x'], { name: null }, { a: 1 }, 'x'.repeat(10_000), Array.from({ length: 300 }).fill({})],
  ...[nested(40), poisoned('{"__proto__": {"name": "x"}}'), poisoned('{"constructor": {"prototype": {}}}'), { toString: 1 }],
];

/** Deeper than a call stack. */
export const ABYSS = 20_000;

export const anyMutation: fc.Arbitrary<Mutation> = fc.record({
  place: fc.nat(10_000).map((n) => n / 10_000),
  act: fc.constantFrom('replace' as const, 'drop' as const, 'repeat' as const, 'add' as const, 'rename' as const),
  value: fc.constantFrom(...ODD_VALUES),
});

export const anyMutations = fc.array(anyMutation, { minLength: 1, maxLength: 4 });

interface Place {
  readonly holder: Record<string, unknown> | unknown[];
  readonly key: string;
  readonly depth: number;
}

/** Returns a copy of a JSON value to which all this happened. */
export function mutated(value: unknown, mutations: readonly Mutation[]): unknown {
  const root = { value: structuredClone(value) };
  for (const mutation of mutations) {
    const places = placesIn(root).sort((a, b) => a.depth - b.depth);
    const place = places[Math.min(Math.floor(mutation.place ** 3 * places.length), places.length - 1)];
    if (place !== undefined) mutate(place, mutation);
  }
  return root.value ?? null; // the whole of it may be gone
}

function placesIn(value: unknown, depth = 0): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [{ holder, key, depth }, ...placesIn(holder[key], depth + 1)]);
}

function mutate({ holder, key }: Place, { act, value }: Mutation): void {
  const copy = structuredClone(value);
  if (Array.isArray(holder)) {
    const at = Number(key);
    if (act === 'replace' || act === 'rename') holder[at] = copy;
    else if (act === 'drop') holder.splice(at, 1);
    else holder.splice(at, 0, act === 'add' ? copy : structuredClone(holder[at]));
    return;
  }
  const had = holder[key];
  const name = typeof value === 'string' ? value : 'added';
  if (act === 'drop' || act === 'rename') delete holder[key];
  if (act === 'replace') define(holder, key, copy);
  if (act === 'repeat') define(holder, key, [had, had]);
  if (act === 'rename') define(holder, name, had);
  if (act === 'add') define(holder, name, copy);
}

/** An own member, also when it is named `__proto__`. */
function define(holder: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

/** One thing that happens to a text. */
export interface Slip {
  readonly act: 'cut' | 'lose' | 'insert' | 'repeat';
  /** Where, in thousandths of the text. */
  readonly at: number;
  readonly length: number;
  readonly text: string;
}

const ODD_TEXTS = [
  ...['\n', '\r\n', '\t', '\u0000', '\uFEFF', '\u2028', '---\n', '...\n', ': ', '- ', '&a ', '? ', '<<: *a', '!!set {x}'],
  ...['{', '}', '[', ']', '"', "'", '#', '|', '>', '%', '!', '*a', '0o7', '.inf', '2026-11-23', '\ud800', 'ü', 'x'.repeat(5_000)],
  ...['!!binary x', '!!js/function x'],
];

export const anySlips = fc.array(
  fc.record({
    act: fc.constantFrom('cut' as const, 'lose' as const, 'insert' as const, 'repeat' as const),
    at: fc.integer({ min: 0, max: 1_000 }),
    length: fc.integer({ min: 1, max: 60 }),
    text: fc.constantFrom(...ODD_TEXTS),
  }),
  { minLength: 1, maxLength: 4 },
);

/** Returns a text to which all this happened. */
export function slipped(text: string, slips: readonly Slip[]): string {
  return slips.reduce((now, { act, at, length, text: put }) => {
    const i = Math.floor((now.length * at) / 1_000);
    const [before, after] = [now.slice(0, i), now.slice(i)];
    if (act === 'cut') return before;
    if (act === 'lose') return before + after.slice(length);
    return before + (act === 'insert' ? put : after.slice(0, length)) + after;
  }, text);
}
