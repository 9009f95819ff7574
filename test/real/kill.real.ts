/**
 * Real processes, killed at their writes to a real API server, as the ServiceAccount and with the Role that the constructs emit. By default
 * one run is killed at every kind of write; with CHAOS_KILL=all at every write, each from the beginning, which takes hours.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { capabilitiesOf } from '#model/capabilities';
import { EXECUTORS, type ExecutorName } from '#model/desired';
import { assertSameEnd, onceAtEveryWrite, repeatedly } from '../chaos/killed-processes';
import type { Setting } from '../chaos/process-runner';
import { OPERATIONS } from '../chaos/program';
import { World } from '../support/world';
import { type Environments, realEnvironments } from './environment';
import { firstOfEachKind } from './first-of-each-kind';
import { WITHOUT_KUBEDB } from './kubedb-kinds';
import { passedOn } from './passed-on';

const BY_DEFAULT: readonly string[] = ['add TLS', 'rotate'];
const isAll = process.env.CHAOS_KILL === 'all';

/** A Lease expires within five seconds, and a control plane on a busy machine still renews it in time. Instants are the server's. */
const PACE = { factor: 6 };

describe('killed on a real API server', { skip: WITHOUT_KUBEDB, concurrency: 2 }, () => {
  const environments = realEnvironments();

  for (const executor of EXECUTORS) {
    for (const operation of OPERATIONS.filter(({ name }) => isAll || BY_DEFAULT.includes(name))) {
      test(`${executor}: ${operation.name}: whichever way a process is killed, the next one finishes its job`, async (t) => {
        const open = () => inRealCluster(environments(), executor);
        if (isAll) return t.diagnostic(await onceAtEveryWrite(open, operation));
        const { kinds, aim } = firstOfEachKind();
        const killed = await assertSameEnd(
          open,
          operation,
          repeatedly(() => aim),
        );
        t.diagnostic(`${killed}: ${kinds.join(', ')}`);
        assert.ok(kinds.includes('create kafkaopsrequests'), 'an operation was requested');
      });
    }
  }
});

/** Returns a new namespace, in which requests are sent on in the name of the ServiceAccount. */
function inRealCluster(environments: Environments, executor: ExecutorName): Setting {
  const options = { opsManager: capabilitiesOf({ executor }).needsOpsManager };
  const environment = environments.environment(executor, options);
  return {
    executor,
    world: new World(options, () => environment),
    pace: PACE,
    handle: (request) => passedOn(environment.sendAsProduct, request),
  };
}
