/** The main job from end to end, with no cluster: a Kafka without TLS gets TLS, its certificates are rotated, and then nothing is left to do. */
import { demo, nextSecond } from '../demo';

demo(async ({ say, sandbox, synth, kafkaTls }) => {
  say('A cluster inside one process, with a Kafka that has no TLS: 3 controllers, 3 brokers.');
  await sandbox('--no-ops-manager', '--file', 'examples/kafka.yaml');
  say('examples/quickstart/app.ts says what TLS should be. What it synthesises is what you commit.');
  await synth('quickstart/app');
  say('What would be done, in order, and why. Nothing is changed.');
  await kafkaTls('plan');
  say('Do it: certificates first, then one pod at a time, each proven before the next.');
  await kafkaTls('apply');
  say('Proof: a TLS handshake with every listener, compared with what its Secret holds.');
  await kafkaTls('verify');
  say('Rotate: every certificate has to be issued after this instant. No memory, no one-shot object.');
  await synth('quickstart/app', { ISSUED_AFTER: await nextSecond() });
  await kafkaTls('apply');
  say('Apply again: there is nothing to do.');
  await kafkaTls('apply');
});
