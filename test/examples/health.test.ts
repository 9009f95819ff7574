/**
 * The health checks of examples/argocd and examples/flux: in Argo CD's Lua and Flux's CEL, over recorded statuses and over every status of
 * operations that nothing disturbs.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { KINDS, type Kind, type KubeObject } from '#model/kube-object';
import { untyped } from '#test/support/untyped';
import { type CelHealth, celCheck, type HealthExpressions } from '../support/cel-health';
import { type LuaCheck, luaCheck } from '../support/lua-health';
import { KAFKAS, REQUESTS } from '../support/recorded-statuses';
import { historyOf, UNDISTURBED } from '../support/undisturbed-runs';

const scripts: Readonly<Record<string, string>> = parse(readFileSync('examples/argocd/argocd-cm.yaml', 'utf8')).data;
const [kustomization] = parseAllDocuments(readFileSync('examples/flux/kustomization.yaml', 'utf8'))
  .map((document) => document.toJS())
  .filter(({ kind }) => kind === 'Kustomization');
const expressions: readonly HealthExpressions[] = kustomization.spec.healthCheckExprs;

let argo: Readonly<Record<'Kafka' | 'KafkaOpsRequest', LuaCheck>>;
before(async () => {
  const check = (kind: Kind) => luaCheck(scripts[`resource.customizations.health.${kind.apiVersion.split('/')[0]}_${kind.kind}`] ?? '');
  argo = { Kafka: await check(KINDS.Kafka), KafkaOpsRequest: await check(KINDS.KafkaOpsRequest) };
});

function fluxCheck({ apiVersion, kind }: Kind): (object: KubeObject) => CelHealth {
  const found = expressions.find((e) => e.apiVersion === apiVersion && e.kind === kind);
  assert.ok(found !== undefined, `no expressions for ${kind}`);
  return celCheck(found);
}
const flux = { Kafka: fluxCheck(KINDS.Kafka), KafkaOpsRequest: fluxCheck(KINDS.KafkaOpsRequest) };

for (const [kind, recorded] of [
  ['Kafka', KAFKAS],
  ['KafkaOpsRequest', REQUESTS],
] as const) {
  describe(`health of a recorded ${kind}`, () => {
    for (const { name, object, ...health } of recorded) {
      test(`${name}: ${health.argo.status} in Argo CD`, () => assert.deepEqual(argo[kind](object), health.argo));
      test(`${name}: ${health.flux} in Flux`, () => assert.equal(flux[kind](object), health.flux));
    }
  });
}

describe('health during an operation', () => {
  for (const run of UNDISTURBED) {
    const sync = run.isWorstDuringSync;
    const inArgo = ['Healthy', 'Progressing', ...(sync ? ['Degraded', 'Progressing'] : []), 'Healthy'];
    const inFlux = ['Current', 'InProgress', ...(sync ? ['Failed', 'InProgress'] : []), 'Current'];
    test(`${run.name}: ${inArgo.join(', ')}`, async () => {
      const { kafka, requests } = await historyOf(run);
      assert.ok(
        kafka.some((k) => untyped(k.status)?.phase === run.worst),
        `the Kafka was ${run.worst} meanwhile`,
      );
      assert.deepEqual(changes(kafka.map((k) => argo.Kafka(k).status)), inArgo);
      assert.deepEqual(changes(requests.map((r) => argo.KafkaOpsRequest(r).status)), ['Progressing', 'Healthy']);
      assert.deepEqual(changes(kafka.map(flux.Kafka)), inFlux);
    });
  }
});

/** Each change once. */
function changes(states: readonly string[]): readonly string[] {
  return states.filter((state, i) => state !== states[i - 1]);
}
