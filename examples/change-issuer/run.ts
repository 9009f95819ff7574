/** Another CA signs, so nodes and clients must trust another root: three rotations lead the nodes there, and Git acknowledges the clients. */
import type { Script } from '../demo';

export const script: Script = async ({ yesterday, comment, synth, kafkaTls }) => {
  await yesterday();
  comment('Today: orders-ca-2 signs. Its root is a new one, and the plan describes the effect on clients.');
  await synth('change-issuer/app');
  await kafkaTls('plan');
  await kafkaTls('apply');
  comment('Proof: a TLS handshake with every listener, compared with the certificate in its Secret.');
  await kafkaTls('verify');
  comment('Apply again: there is nothing to do.');
  await kafkaTls('apply');
};
