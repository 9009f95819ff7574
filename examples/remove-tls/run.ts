/** TLS is removed, in the open: the plan says what clients will see, and Git acknowledges that they know. */
import { demo } from '../demo';

demo(async ({ yesterday, say, synth, kafkaTls }) => {
  await yesterday();
  say('Today: TLS goes away. The plan says what clients will see.');
  await synth('remove-tls/app');
  await kafkaTls('plan');
  await kafkaTls('apply');
  say('Proof: every listener answers in plaintext.');
  await kafkaTls('verify');
  say('Apply again: there is nothing to do.');
  await kafkaTls('apply');
});
