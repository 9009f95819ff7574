/** The health checks of examples/argocd and examples/flux, judged by Argo CD's own Lua interpreter and by Flux's own evaluation of CEL. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import type { KubeObject } from '#model/kube-object';
import { untyped } from '#test/support/untyped';
import type { HealthExpressions } from '../support/cel-health';
import { KAFKAS, REQUESTS, type RecordedStatus } from '../support/recorded-statuses';
import { build } from './go';

const CHECKS = [
  { kind: 'Kafka', apiVersion: 'kubedb.com/v1', group: 'kubedb.com', recorded: KAFKAS },
  { kind: 'KafkaOpsRequest', apiVersion: 'ops.kubedb.com/v1alpha1', group: 'ops.kubedb.com', recorded: REQUESTS },
];

interface Answer {
  readonly status: string;
  readonly message?: string;
  readonly error?: string;
}

describe('health', () => {
  let ask: (questions: readonly object[]) => readonly Answer[];
  before(async () => {
    const { binary } = await build({ name: 'health' });
    ask = (questions) => {
      const { stdout, stderr, status } = spawnSync(binary, { input: JSON.stringify(questions), encoding: 'utf8' });
      assert.equal(status, 0, stderr);
      return JSON.parse(stdout);
    };
  });

  for (const { kind, group, recorded } of CHECKS) {
    test(`${kind} in Argo CD's Lua`, () => {
      const scripts = parse(readFileSync('examples/argocd/argocd-cm.yaml', 'utf8')).data;
      const lua: string = scripts[`resource.customizations.health.${group}_${kind}`];
      const answers = ask(recorded.map(({ object }) => ({ object, lua })));
      assert.deepEqual(
        named(answers, recorded),
        named(
          recorded.map(({ argo }) => argo),
          recorded,
        ),
      );
    });
  }

  for (const { kind, apiVersion, recorded } of CHECKS) {
    test(`${kind} in Flux's CEL`, () => {
      const kustomization = documents('examples/flux/kustomization.yaml').find((m) => m.kind === 'Kustomization');
      const all: readonly HealthExpressions[] = untyped(kustomization?.spec)?.healthCheckExprs;
      const cel = all.find((e) => e.apiVersion === apiVersion && e.kind === kind);
      const answers = ask(recorded.map(({ object }) => ({ object, cel })));
      // What an expression cannot be asked of is waited for.
      const seen = answers.map(({ status, error }) => (error === undefined ? status : 'InProgress'));
      assert.deepEqual(
        named(seen, recorded),
        named(
          recorded.map(({ flux }) => flux),
          recorded,
        ),
      );
    });
  }
});

function named(values: readonly unknown[], recorded: readonly RecordedStatus[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(recorded.map(({ name }, i) => [name, values[i]]));
}

function documents(file: string): readonly KubeObject[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS());
}
