/** TLS is removed: the plan describes the effect on clients, and Git acknowledges that they are prepared. */
import type { Script } from '../demo';

export const script: Script = async ({ yesterday, comment, synth, kafkaTls }) => {
  await yesterday();
  comment('Today: TLS is removed. The plan describes the effect on clients.');
  await synth('remove-tls/app');
  await kafkaTls('plan');
  await kafkaTls('apply');
  comment('Proof: every listener answers in plaintext.');
  await kafkaTls('verify');
  comment('Apply again: there is nothing to do.');
  await kafkaTls('apply');
};
