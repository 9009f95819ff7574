/** Another CA signs, so another root has to be trusted: by the nodes, which the roll sees to, and by clients, which Git acknowledges. */
import { demo } from '../demo';

demo(async ({ yesterday, say, synth, kafkaTls }) => {
  await yesterday();
  say('Today: orders-ca-2 signs. Its root is another one, and the plan says what that does to clients.');
  await synth('change-issuer/app');
  await kafkaTls('plan');
  await kafkaTls('apply');
  say('Proof: a TLS handshake with every listener, compared with what its Secret holds.');
  await kafkaTls('verify');
  say('Apply again: there is nothing to do.');
  await kafkaTls('apply');
});
