/** The command that a plan prints as the next one: nothing that the plan was made with is lost, and a shell takes it as it is. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Bundle } from '#model/bundle';
import { applyCommand, type PlannedWith, withCommand } from '#reconciler/cli/next-command';

const bundle = { desired: { kafka: 'orders', namespace: 'demo' } } as Bundle;

const CASES: readonly { readonly flags: PlannedWith; readonly isOneOfSeveral?: boolean; readonly expect: string }[] = [
  { flags: {}, expect: '-f dist' },
  { flags: { file: 'dist/prod' }, expect: '-f dist/prod' },
  { flags: { namespace: 'demo' }, expect: '-f dist -n demo' },
  { flags: { namespace: 'demo' }, isOneOfSeveral: true, expect: '-f dist --name orders -n demo' },
  { flags: { configMap: { name: 'kafka-tls-orders' }, namespace: 'demo' }, expect: '--config-map kafka-tls-orders -n demo' },
  { flags: { configMap: { namespace: 'demo', name: 'kafka-tls-orders' } }, expect: '--config-map demo/kafka-tls-orders' },
  { flags: { retry: true }, expect: '-f dist --retry' },
  { flags: { takeOver: true }, expect: '-f dist --take-over' },
  { flags: { out: 'plan.json' }, expect: '-f dist --plan plan.json' },
  {
    flags: { kubeconfig: '/home/a b/config', context: "it's prod" },
    expect: `-f dist --kubeconfig '/home/a b/config' --context 'it'\\''s prod'`,
  },
  { flags: { file: '$(rm -r x)' }, expect: `-f '$(rm -r x)'` },
  {
    flags: { file: 'd', namespace: 'n', retry: true, takeOver: true, kubeconfig: 'k', context: 'c', reach: 'pod' },
    expect: '-f d -n n --take-over --retry --kubeconfig k --context c --reach pod',
  },
];

describe('the next command', () => {
  for (const { flags, isOneOfSeveral = false, expect } of CASES) {
    test(expect, () => assert.equal(applyCommand(flags, bundle, isOneOfSeveral), `kafka-tls apply ${expect}`));
  }
});

describe('a command that a hint names', () => {
  const flags: PlannedWith = { file: 'dist/prod', context: 'prod', out: 'plan.json' };
  for (const { name = '', given = flags, text, expect } of [
    { text: 'run "kafka-tls apply --retry".', expect: 'run "kafka-tls apply -f dist/prod --retry --context prod".' },
    { text: 'run "kafka-tls apply --take-over" once.', expect: 'run "kafka-tls apply -f dist/prod --take-over --context prod" once.' },
    { text: 'create it with "kafka-tls apply".', expect: 'create it with "kafka-tls apply -f dist/prod --context prod".' },
    { name: ', given twice', given: { retry: true }, text: '"kafka-tls apply --retry"', expect: '"kafka-tls apply -f dist --retry"' },
    { text: 'See "kafka-tls observe".', expect: 'See "kafka-tls observe".' },
  ]) {
    test(`${text}${name}`, () => assert.equal(withCommand(text, given, bundle, false), expect));
  }
});
