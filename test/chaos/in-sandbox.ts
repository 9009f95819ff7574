/** The sandbox as a setting for processes: its API over HTTPS, and time that passes faster for it and for them. */
import type { ExecutorName } from '#model/desired';
import { sandboxAddress } from '#reconciler/cli/sandbox-brokers';
import { createDialer } from '#reconciler/cluster/dial';
import { createSandbox, pooledKeys } from '#reconciler/sandbox/index';
import { clusterIn } from '../support/transports';
import { modelFacts, NAMESPACE, World } from '../support/world';
import type { Setting } from './processes';
import { scaledClock } from './scaled-clock';

/** A Lease runs out in two seconds, and a busy machine is not taken for a dead one. */
const FACTOR = 15;

/** A key takes a second on a busy machine, and that is the time in which a Lease has to be renewed: they are made before time passes. */
function makeKeys(): void {
  const keyFor = pooledKeys();
  for (const spec of [CA_KEY, CA_KEY, LEAF_KEY, LEAF_KEY]) void keyFor(spec);
}
const CA_KEY = { algorithm: 'RSA', size: 3072, isCa: true } as const;
const LEAF_KEY = { algorithm: 'RSA', size: 2048, isCa: false } as const;

/** Returns a sandbox of its own. */
export function inSandbox(executor: ExecutorName): Setting {
  makeKeys();
  const pace = { factor: FACTOR, startMs: Date.now() };
  const clock = scaledClock(pace);
  const sandbox = createSandbox({ clock, opsManager: executor === 'ops-request', keys: pooledKeys(), api: { namespaces: [NAMESPACE] } });
  const world = new World({}, () => ({
    namespace: NAMESPACE,
    clock,
    cluster: clusterIn(sandbox.api, clock),
    dialer: createDialer(clock, { addressOf: sandboxAddress }),
    facts: modelFacts(sandbox),
    send: (request) => sandbox.api.handle(request),
    start: () => sandbox.start(),
    stop: () => sandbox.stop(),
    run: (promise) => promise,
    pass: (ms) => clock.sleep(ms),
  }));
  return { executor, world, pace, handle: (request) => sandbox.api.handle(request) };
}
