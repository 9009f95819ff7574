/**
 * The questions of `test/admission` put to a real Kubernetes API, in separate namespaces.
 *
 * - Where KubeDB's webhooks are registered, everything is asked: the answers are those that were recorded (UPDATE_GOLDEN=1 records them
 *   again), and our validation and the sandbox are held to them.
 * - Where they are not, KubeDB's kinds alone are there, from `../shared/crds`: what the API server refuses by their
 *   schemas is what was recorded, and it accepts the rest.
 *
 * KubeDB's operators must not be at work there: they would carry out the requests that are asked about.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createApi } from '#reconciler/sandbox/api/api';
import { comparison, verdict } from '../admission/comparison';
import { SPOILT_BY_WEBHOOK } from '../admission/differences';
import { QUESTIONS } from '../admission/questions';
import { record, recordedAnswers, withoutMessages } from '../admission/recorded';
import { type Answers, ask } from '../admission/stage';
import { type Client, clientOf, inProcess, type Json } from '../sandbox/contract/client';
import { WITHOUT_KUBEDB } from './kubedb-kinds';

/** A cluster to ask in. */
export interface Connection {
  /** File with a kubeconfig that may do everything. */
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

export function admissionSuite(connect: () => Promise<Connection>): void {
  describe("KubeDB's admission on a real API", { skip: WITHOUT_KUBEDB }, () => {
    let connection: Connection;
    let hasWebhooks = false;
    let [kubedb, sandbox]: Answers[] = [];
    before(async () => {
      connection = await connect();
      const client = clientOf(connection.kubeconfig);
      hasWebhooks = await asksKubeDb(client);
      kubedb = await ask(client);
      sandbox = await ask(inProcess(createApi({ now: () => new Date() })));
      if (hasWebhooks && process.env.UPDATE_GOLDEN === '1') record(kubedb);
    });
    after(() => connection?.stop());

    test('its webhooks answer as recorded', (t) => {
      if (!hasWebhooks) return t.skip("KubeDB's webhooks are not registered");
      const { verdicts, completed, endings } = recordedAnswers();
      assert.deepEqual(withoutMessages(kubedb as Answers), { verdicts, completed, endings });
    });

    test('its schemas refuse what was recorded', () => {
      const recorded = recordedAnswers().verdicts;
      const bySchema = QUESTIONS.filter(({ name }) => recorded[name]?.by !== 'webhook' && !SPOILT_BY_WEBHOOK.includes(name));
      const differing = bySchema.filter(({ name }) => verdict(kubedb?.verdicts[name]) !== verdict(recorded[name]));
      assert.deepEqual(
        differing.map(({ name }) => `${name}: ${kubedb?.verdicts[name]?.message}`),
        [],
      );
    });

    describe('as it answers now, or as recorded where it has no webhooks', () => {
      comparison(
        () => (hasWebhooks ? (kubedb as Answers) : recordedAnswers()),
        () => sandbox as Answers,
      );
    });
  });
}

/** Whether an admission webhook is registered for Kafkas. */
async function asksKubeDb({ send }: Client): Promise<boolean> {
  const { body } = await send('GET', '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations');
  const rules: readonly Json[] = body.items.flatMap((c: Json) => c.webhooks ?? []).flatMap((w: Json) => w.rules ?? []);
  return rules.some(({ apiGroups, resources }) => apiGroups.includes('kubedb.com') && resources.includes('kafkas'));
}
