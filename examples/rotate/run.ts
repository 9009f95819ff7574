/** Every certificate is issued anew, because Git says since when. */
import { demo, nextSecond } from '../demo';

demo(async ({ yesterday, say, synth, kafkaTls }) => {
  await yesterday();
  say('Today: every certificate has to be issued at this instant or later.');
  await synth('rotate/app', { ISSUED_AFTER: await nextSecond() });
  await kafkaTls('plan');
  await kafkaTls('apply');
  say('Proof: a TLS handshake with every listener, compared with what its Secret holds.');
  await kafkaTls('verify');
  say('Apply again: there is nothing to do, however often.');
  await kafkaTls('apply');
});
