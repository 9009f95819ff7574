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
    assertExplained(new Map(stricter.map((m) => [m.name, 'refused here only'])), STRICTER);
  });

  test('our validation is laxer than KubeDB only for a reason', () => {
    const laxer = MANIFESTS.filter((m) => isRefused(m.name, kubedb()) && violations(m).length === 0);
    assertExplained(new Map(laxer.map((m) => [m.name, 'refused by KubeDB only'])), LAXER);
  });

  test('the sandbox gives the same verdicts', () => {
    const both = QUESTIONS.map(({ name }) => [name, verdict(sandbox().verdicts[name]), verdict(kubedb().verdicts[name])] as const);
    const differing = both.filter(([, ours, theirs]) => ours !== theirs);
    assertExplained(new Map(differing.map(([name, ours, theirs]) => [name, `${ours}, KubeDB ${theirs}`])), IMITATED_OTHERWISE);
  });

  test('the sandbox completes a Kafka in the same way', () => {
    const found = new Map<string, string>();
    for (const [name, spec] of Object.entries(kubedb().completed))
      for (const [path, text] of differences(sandbox().completed[name], spec, 'spec')) found.set(anyOf(path), `${name}: ${path} ${text}`);
    assertExplained(found, COMPLETED_OTHERWISE);
  });

  test('the sandbox resumes a Kafka after the same phases', () => assert.deepEqual(sandbox().endings, kubedb().endings));
}

/** Asserts that every difference has a reason, and every reason a difference. */
function assertExplained(found: ReadonlyMap<string, string>, reasons: Readonly<Record<string, string>>): void {
  const unexplained = [...found].filter(([name]) => reasons[name] === undefined).map(([name, text]) => `${name} (${text}): no reason`);
  const unneeded = Object.keys(reasons).filter((name) => !found.has(name));
  assert.deepEqual([...unexplained, ...unneeded.map((name) => `${name}: a reason without a difference`)], []);
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
