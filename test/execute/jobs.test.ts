/** From a commit to the cluster, in memory; `npm run test:real` has the same with the real Job controller and real processes. */
import { capabilitiesOf } from '#model/capabilities';
import type { ExecutorName } from '#model/desired';
import { KINDS } from '#model/kube-object';
import { bundleName } from '#model/names';
import { kafkaTls } from '../support/command-line';
import type { JobSetting } from '../support/job-fixture';
import { jobs } from '../support/jobs';
import { clusterIn, failure } from '../support/transports';
import { inMemory, KAFKA, World } from '../support/world';

for (const executor of ['native', 'ops-request'] as const) jobs(executor, () => inSandbox(executor));

/** Slow enough to be looked at once a second. */
const UNHURRIED = { issuanceMs: 1_500, podStartMs: 500, opsStepMs: 500 };

function inSandbox(executor: ExecutorName): JobSetting {
  const environment = inMemory({ opsManager: capabilitiesOf({ executor }).needsOpsManager, sandbox: { timing: UNHURRIED } });
  const { sandbox, clock, dialer, facts, admin, namespace } = environment;
  const { apiVersion, plural } = KINDS.RoleBinding;
  const roleBinding = `/apis/${apiVersion}/namespaces/${namespace}/${plural}/${bundleName(KAFKA)}`;
  const writes: string[] = [];
  const cluster = clusterIn(
    {
      handle: async (request) => {
        // The sandbox checks no rights. `constructs/reconciler-role.test.ts` is about those of the Role.
        const binding = await sandbox.api.handle({ method: 'GET', path: roleBinding, headers: {} });
        if (binding.status !== 200) return failure(403, 'Forbidden', 'no RoleBinding gives this ServiceAccount any rights');
        if (request.method !== 'GET' && !request.path.startsWith('/apis/authorization'))
          writes.push(`${request.method} ${request.path.replace(/\?.*/, '')}`);
        return sandbox.api.handle(request);
      },
    },
    clock,
  );
  return {
    world: new World({}, () => environment),
    writes,
    isWithoutJobs: true,
    start: (argv, pod, signal) => {
      const connection = { cluster, dialer, facts, admin, namespace, random: (n: number) => 'x'.repeat(n), identity: pod, close: () => {} };
      return kafkaTls(argv, { io: { signal }, outside: { clock, connect: async () => connection } });
    },
  };
}
