/** The place of an event in the plan, as `[3/8]` shows it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KINDS, type ObjectRef, ref } from '#model/kube-object';
import { StepNumbers } from '#reconciler/execute/step-numbers';
import type { Step } from '#reconciler/model/plan';

const kafka = ref(KINDS.Kafka, 'demo', 'orders');
const pod = (name: string) => ref(KINDS.Pod, 'demo', name);
const certificate = (name: string) => ref(KINDS.Certificate, 'demo', name);
const step = (kind: Step['kind'], subject: ObjectRef, by?: string) => ({ kind, subject, findings: [], by }) as unknown as Step;
const NATIVE = [
  step('submitOpsRequest', ref(KINDS.KafkaOpsRequest, 'demo', 'rotate')),
  step('issue', certificate('server')),
  step('issue', certificate('client')),
  ...['a', 'b', 'c'].map((name) => step('evict', pod(name), 'kafka-tls')),
  step('resume', kafka),
  step('verify', kafka),
];
const BY_KUBEDB = [
  step('submitOpsRequest', ref(KINDS.KafkaOpsRequest, 'demo', 'rotate')),
  ...['a', 'b'].map((name) => step('evict', pod(name), 'ops-manager')),
  step('verify', kafka),
];

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
    happens: [3, kafka, pod('c'), pod('c'), kafka, pod('a'), pod('b')],
    expect: [4, 4, 4, 4, 5, 6],
  },
  { name: 'an object of no step is of the step at work', steps: NATIVE, happens: [3, pod('a'), certificate('server')], expect: [4, 4] },
  { name: 'the last step comes last', steps: NATIVE, happens: [3, pod('b'), 6, kafka, 7, kafka], expect: [4, 7, 8] },
  {
    name: "the ops-manager's restarts have their own while its request is followed",
    steps: BY_KUBEDB,
    happens: [0, kafka, pod('b'), pod('a'), 3, kafka],
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
      assert.ok(seen.every((s) => s.of === steps.length));
    });
  }
});
