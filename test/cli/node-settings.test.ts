/** Settings of nodes, which decide whether a rotation restarts pods: how commands read them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, type TestContext, test } from 'node:test';
import type { KafkaAdmin } from '#reconciler/ports';
import { bundleFile } from '../support/bundle-text';
import { kafkaTls, kafkaTlsIn } from '../support/command-line';
import { desiredProps, on } from '../support/desired-states';
import { mayDoAnything, startSecured } from '../support/world';

const folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-settings-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A Kafka with TLS, and a bundle that asks for a rotation. */
async function rotationDue(t: TestContext) {
  const world = await startSecured('native', on());
  t.after(() => world.stop());
  const bundle = world.bundle(desiredProps('native', on({ issuedAfter: world.clock.now().toISOString() })));
  return { environment: world.environment, file: bundleFile(path.join(folder, 'rotated.yaml'), bundle) };
}

test('observe reads the settings of nodes, so that a plan of the observation loads certificates without a restart', async (t) => {
  const { environment, file } = await rotationDue(t);
  const product = mayDoAnything(environment.cluster);
  const { stdout, exitCode, stderr } = await kafkaTlsIn({ ...environment, product }, ['observe', '-f', file]);
  assert.equal(exitCode, 0, stderr);
  const observation = path.join(folder, 'observation.json');
  writeFileSync(observation, stdout);
  const planned = await kafkaTls(['plan', '--observation', observation, '-f', file]);
  assert.match(planned.stdout, /6 reload\./);
  assert.match(planned.stdout, /No pod restarts: nodes load the certificate while they run/);
});

test('a Ready node that does not answer is asked once more', async (t) => {
  const { environment, file } = await rotationDue(t);
  const product = mayDoAnything(environment.cluster);
  const planned = async (failures: number) => {
    const left = new Map<string, number>();
    const admin: KafkaAdmin = {
      ...environment.admin,
      settings: async (node, signal) => {
        const open = left.get(node.pod) ?? failures;
        left.set(node.pod, open - 1);
        return open > 0 ? { unknown: 'no answer within 10 s' } : environment.admin.settings(node, signal);
      },
    };
    return (await kafkaTlsIn({ ...environment, product, admin }, ['plan', '-f', file])).stdout;
  };
  assert.match(await planned(1), /No pod restarts: nodes load the certificate while they run/);
  assert.match(await planned(2), /the settings cannot be read here \(orders-controller-\d: no answer within 10 s\)/);
});
