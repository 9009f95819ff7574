/** A Kafka that has been running for long, in plain YAML, gets certificates of the company's CA, and an application one of its own. */
import { demo } from '../demo';

demo(async ({ say, sandbox, synth, kafkaTls }) => {
  say("A cluster with KubeDB's ops-manager, the company's CA as a ClusterIssuer, and a Kafka without TLS.");
  await sandbox('--file', 'examples/adopt/corp-ca.yaml', '--file', 'examples/kafka.yaml');
  say('The Kafka stays as it is in Git; examples/adopt/app.ts adds what its TLS should be.');
  await synth('adopt/app');
  await kafkaTls('plan');
  await kafkaTls('apply');
  say('Proof: a TLS handshake with every listener, compared with what its Secret holds.');
  await kafkaTls('verify');
  say('Apply again: there is nothing to do.');
  await kafkaTls('apply');
});
