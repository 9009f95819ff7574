/** An API server that goes away in the middle of a run: exit 4, which costs no attempt of the Job, and the next run goes on. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { capabilitiesOf } from '#model/capabilities';
import { TransportError, type TransportResponse } from '#reconciler/cluster/http';
import { configMapOfBundle } from '../support/bundle-text';
import { kafkaTlsIn } from '../support/command-line';
import { desiredProps, on } from '../support/desired-states';
import { clusterIn, failure } from '../support/transports';
import { bundleOf, hasCondition, inMemory, KAFKA, kafkaManifest, World } from '../support/world';

const refused = (): TransportResponse => {
  throw new TransportError('connect ECONNREFUSED', { code: 'ECONNREFUSED', wasSent: false });
};
const cut = (): TransportResponse => {
  throw new TransportError('socket hang up', { code: 'ECONNRESET', wasSent: true });
};
const AWAY = [
  { name: 'refuses connections', answer: refused },
  { name: 'cuts connections', answer: cut },
  { name: 'answers 503', answer: () => failure(503, 'ServiceUnavailable', 'the server is starting') },
  { name: 'answers 429', answer: () => failure(429, 'TooManyRequests', 'too many requests') },
] as const;

for (const executor of ['native', 'ops-request'] as const) {
  describe(`executor ${executor}: an API server that`, () => {
    for (const { name, answer } of AWAY) {
      test(`${name} for minutes ends the run with exit 4, and the next one finishes its work`, async (t) => {
        const environment = inMemory({ opsManager: capabilitiesOf({ executor }).needsOpsManager });
        const { clock, sandbox } = environment;
        let isAway = false;
        const handle: typeof sandbox.api.handle = async (request) => (isAway ? answer() : sandbox.api.handle(request));
        const product = clusterIn({ handle }, clock);
        const world = await new World({}, () => environment).start(
          kafkaManifest(),
          configMapOfBundle(bundleOf(desiredProps(executor, on()))),
        );
        t.after(() => world.stop());
        await world.settle();
        const run = async (onText: (text: string) => void = () => {}) => {
          let printed = '';
          const stdout = (text: string) => {
            printed += text;
            onText(text);
          };
          const argv = ['apply', '--config-map', `${environment.namespace}/kafka-tls-${KAFKA}`];
          const ran = await kafkaTlsIn({ ...environment, product }, argv, { io: { stdout } });
          return { ...ran, evicted: [...printed.matchAll(/Pod\/\S+\/(\S+) evicted/g)].map(([, pod]) => pod) };
        };
        const first = await run((text) => {
          if (text.includes(' evicted')) isAway = true;
        });
        assert.equal(first.exitCode, 4, first.stderr);
        await environment.pass(300_000);
        isAway = false;
        const second = await run();
        assert.equal(second.exitCode, 0, second.stderr);
        const again = first.evicted.filter((pod) => second.evicted.includes(pod));
        if (executor === 'native') assert.deepEqual(again, [], 'no pod is restarted twice');
        assert.ok(!hasCondition(await world.kafka(), 'Paused'));
        assert.equal((await run()).exitCode, 0);
      });
    }
  });
}
