/** The whole flow without a cluster: a Kafka without TLS gets TLS, its certificates are rotated, and a last run has nothing to do. */
import { nextSecond, type Script } from '../demo';

export const script: Script = async ({ comment, sandbox, synth, kafkaTls }) => {
  comment('A cluster inside one process, with a Kafka that has no TLS: 3 controllers, 3 brokers.');
  await sandbox('--no-ops-manager', '--file', 'examples/kafka.yaml');
  comment('examples/quickstart/app.ts declares the TLS state. You commit the synthesised output.');
  await synth('quickstart/app');
  comment('The steps, in order, each with its reason. This changes nothing.');
  await kafkaTls('plan');
  comment('Apply the plan: certificates first, then one pod at a time. Each is verified before the next.');
  await kafkaTls('apply');
  comment('Proof: a TLS handshake with every listener, compared with the certificate in its Secret.');
  await kafkaTls('verify');
  comment('Rotate: every certificate must be issued after this instant. No pod restarts, and Git needs no one-shot object.');
  await synth('quickstart/app', { ISSUED_AFTER: await nextSecond() });
  await kafkaTls('apply');
  comment('Apply again: there is nothing to do.');
  await kafkaTls('apply');
};
