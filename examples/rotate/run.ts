/** Every certificate is issued again and loaded without a restart, because `issuedAfter` in Git is later than the existing ones. */
import { nextSecond, type Script } from '../demo';

export const script: Script = async ({ yesterday, comment, synth, kafkaTls }) => {
  await yesterday();
  comment('Today: every certificate must be issued at this instant or later.');
  await synth('rotate/app', { ISSUED_AFTER: await nextSecond() });
  await kafkaTls('plan');
  await kafkaTls('apply');
  comment('Proof: a TLS handshake with every listener, compared with the certificate in its Secret.');
  await kafkaTls('verify');
  comment('Apply again: there is nothing to do, however often.');
  await kafkaTls('apply');
};
