/** The place of an event in the plan, as `[3/8]` shows it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KINDS, type ObjectRef, ref } from '#model/kube-object';
import { StepNumbers } from '#reconciler/execute/step-numbers';
import { partsOf, type Step } from '#reconciler/model/plan';

const kafka = ref(KINDS.Kafka, 'demo', 'orders');
const pod = (name: string) => ref(KINDS.Pod, 'demo', name);
const certificate = (name: string) => ref(KINDS.Certificate, 'demo', name);
const step = (kind: Step['kind'], subject: ObjectRef, parts: Readonly<Record<string, readonly ObjectRef[]>> = {}) => {
  const lists = Object.entries(parts).map(([name, subjects]) => [name, subjects.map((s) => ({ subject: s, findings: [] }))]);
  return { kind, subject, findings: [], ...Object.fromEntries(lists) } as unknown as Step;
};
const request = (pods: readonly ObjectRef[]) => step('submitOpsRequest', ref(KINDS.KafkaOpsRequest, 'demo', 'rotate'), { pods });
const NATIVE = [
  request([]),
  step('issue', kafka, { certificates: [certificate('server'), certificate('client')] }),
  step('evict', kafka, { pods: ['a', 'b', 'c'].map(pod) }),
  step('resume', kafka),
  step('verify', kafka),
];
const BY_KUBEDB = [request(['a', 'b'].map(pod)), step('verify', kafka)];

interface Case {
  readonly name: string;
  readonly steps: readonly Step[];
  /** Steps that are begun, by index, and subjects of events. */
  readonly happens: readonly (number | ObjectRef)[];
  readonly expect: readonly number[];
}

const CASES: readonly Case[] = [
  { name: 'a wait of the first step is not that of the last, which has the same subject', steps: NATIVE, happens: [0, kafka], expect: [1] },
  { name: 'steps side by side have their own', steps: NATIVE, happens: [1, certificate('server'), certificate('client')], expect: [2, 3] },
  {
    name: 'and none goes back',
    steps: NATIVE,
    happens: [1, certificate('client'), certificate('server'), certificate('client')],
    expect: [2, 3, 3],
  },
  {
    name: 'pods are counted as they restart',
    steps: NATIVE,
    happens: [2, kafka, pod('c'), pod('c'), kafka, pod('a'), pod('b')],
    expect: [4, 4, 4, 4, 5, 6],
  },
  { name: 'an object of no step is of the step at work', steps: NATIVE, happens: [2, pod('a'), certificate('server')], expect: [4, 4] },
  { name: 'the last step comes last', steps: NATIVE, happens: [2, pod('b'), 3, kafka, 4, kafka], expect: [4, 7, 8] },
  {
    name: "the ops-manager's restarts have their own while its request is followed",
    steps: BY_KUBEDB,
    happens: [0, kafka, pod('b'), pod('a'), 1, kafka],
    expect: [1, 2, 3, 4],
  },
];

describe('the number of an event', () => {
  for (const { name, steps, happens, expect } of CASES) {
    test(name, () => {
      const numbers = new StepNumbers(steps);
      const seen = happens.flatMap((what) => {
        if (typeof what !== 'number') return [numbers.of({ subject: what })];
        numbers.begin(what);
        return [];
      });
      assert.deepEqual(
        seen.map((s) => s.number),
        expect,
      );
      assert.ok(seen.every((s) => s.of === steps.flatMap(partsOf).length));
    });
  }
});
