/** The whole flow without a cluster: a Kafka without TLS gets TLS, its certificates are rotated, and a last run has nothing to do. */
import { nextSecond, type Script } from '../demo';

export const script: Script = async ({ comment, sandbox, synth, kafkaTls, summary }) => {
  comment('A cluster inside one process, with a Kafka that has no TLS: 3 controllers, 3 brokers.');
  await sandbox('--file', 'examples/kafka.yaml');
  comment('examples/quickstart/app.ts declares the TLS state. You commit the synthesised output. A plan changes nothing.');
  await synth('quickstart/app');
  await kafkaTls('plan');
  await kafkaTls('apply');
  comment('Rotate: every certificate must be issued after this instant. No pod restarts, and Git needs no one-shot object.');
  await synth('quickstart/app', { ISSUED_AFTER: await nextSecond() });
  await kafkaTls('apply', '--report', 'run.html');
  comment('Proof: a TLS handshake with every listener. Another run has nothing to do.');
  await kafkaTls('verify');
  await kafkaTls('apply');
  summary({
    'dist/quickstart.k8s.yaml': 'what you commit: the desired state, the Job, its permissions',
    'run.html': 'the rotation as a page: open it in a browser',
  });
};
