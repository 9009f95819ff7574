/** Compares our validation and the sandbox with KubeDB's answers: the same verdicts, the same completed specs, the same side effects. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manifestViolations } from '#model/validate';
import type { Json } from '../sandbox/contract/client';
import { COMPLETED_OTHERWISE, IMITATED_OTHERWISE, LAXER, STRICTER } from './differences';
import { MANIFESTS, QUESTIONS } from './questions';
import type { Answer, Answers } from './stage';

/** Registers the tests. The answers are read when the tests run. */
export function comparison(kubedb: () => Answers, sandbox: () => Answers): void {
  test('every question has its own name', () => {
    const names = QUESTIONS.map((q) => q.name);
    assert.deepEqual([...new Set(names)], names);
  });

  test('our validation is stricter than KubeDB only for a reason', () => {
    const stricter = MANIFESTS.filter((m) => isRefused(m.name, kubedb()) === false && violations(m).length > 0);
    assert.deepEqual(
      unexplained(
        stricter.map((m) => m.name),
        STRICTER,
      ),
      [],
    );
  });

  test('our validation is laxer than KubeDB only for a reason', () => {
    const laxer = MANIFESTS.filter((m) => isRefused(m.name, kubedb()) && violations(m).length === 0);
    assert.deepEqual(
      unexplained(
        laxer.map((m) => m.name),
        LAXER,
      ),
      [],
    );
  });

  test('the sandbox gives the same verdicts', () => {
    const differing = QUESTIONS.filter(({ name }) => verdict(sandbox().verdicts[name]) !== verdict(kubedb().verdicts[name]));
    const shown = (name: string) => `${name}: ${verdict(sandbox().verdicts[name])}, KubeDB ${verdict(kubedb().verdicts[name])}`;
    assert.deepEqual(
      unexplained(
        differing.map((q) => q.name),
        IMITATED_OTHERWISE,
        shown,
      ),
      [],
    );
  });

  test('the sandbox completes a Kafka in the same way', () => {
    const found = new Map<string, string>();
    for (const [name, spec] of Object.entries(kubedb().completed))
      for (const [path, text] of differences(sandbox().completed[name], spec, 'spec')) found.set(anyOf(path), `${name}: ${path} ${text}`);
    assert.deepEqual(
      unexplained([...found.keys()], COMPLETED_OTHERWISE, (path) => found.get(path) ?? path),
      [],
    );
  });

  test('the sandbox resumes a Kafka after the same phases', () => assert.deepEqual(sandbox().endings, kubedb().endings));
}

/** Returns the differences without a reason, and the reasons without a difference. */
function unexplained(
  found: readonly string[],
  reasons: Readonly<Record<string, string>>,
  shown = (name: string) => name,
): readonly string[] {
  return [
    ...found.filter((name) => reasons[name] === undefined).map((name) => `${shown(name)}: a difference without a reason`),
    ...Object.keys(reasons)
      .filter((name) => !found.includes(name))
      .map((name) => `${name}: a reason without a difference`),
  ];
}

function violations(manifest: (typeof MANIFESTS)[number]) {
  return manifestViolations(manifest.create).filter((v) => v.severity === 'error');
}

function isRefused(name: string, { verdicts }: Answers): boolean | undefined {
  const answer = verdicts[name];
  return answer === undefined ? undefined : answer.status >= 300;
}

/** The part of an answer by which a program can decide. */
export function verdict(answer: Answer | undefined): string {
  if (answer === undefined) return 'was not asked';
  return [answer.by === undefined ? 'accepts' : `${answer.by} refuses`, answer.status, ...(answer.fields ?? [])].join(' ');
}

/** Returns the paths at which two values differ, with both values. */
function differences(ours: Json, theirs: Json, at: string): readonly (readonly [string, string])[] {
  const isMap = (value: Json) => typeof value === 'object' && value !== null;
  if (!isMap(ours) || !isMap(theirs)) {
    return ours === theirs ? [] : [[at, `is ${JSON.stringify(ours)}, of KubeDB ${JSON.stringify(theirs)}`]];
  }
  const keys = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  return [...keys].flatMap((key) => differences(ours[key], theirs[key], Array.isArray(theirs) ? `${at}[${key}]` : `${at}.${key}`));
}

/** A reason for one role or one item of a list holds for all. */
function anyOf(path: string): string {
  return path.replace(/^spec\.topology\.(controller|broker)/, 'role').replace(/\[\d+\]/g, '[]');
}

/** Returns all answers as a table for people. */
export function table(kubedb: Answers, sandbox: Answers): string {
  const ours = new Map(MANIFESTS.map((m) => [m.name, violations(m).length > 0 ? 'refuses' : 'accepts']));
  const rows = QUESTIONS.map(({ name }) => {
    const { [name]: theirs } = kubedb.verdicts;
    const imitation = verdict(sandbox.verdicts[name]) === verdict(theirs) ? 'same' : 'differs';
    return [
      theirs === undefined ? '?' : `${theirs.status} ${theirs.by ?? ''}`,
      ours.get(name) ?? '-',
      imitation,
      name,
      theirs?.message ?? '',
    ];
  });
  const head = ['KUBEDB', 'OURS', 'SANDBOX', 'INPUT', 'MESSAGE'];
  const width = (i: number) => Math.max(...[head, ...rows].map((row) => (row[i] ?? '').length));
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(width(i))))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
