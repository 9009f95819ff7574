/** A Kafka that already runs, in plain YAML, gets certificates of the company's CA, and an application gets a client certificate. */
import type { Script } from '../demo';

export const script: Script = async ({ comment, sandbox, synth, kafkaTls }) => {
  comment("A cluster with KubeDB's ops-manager, the company's CA as a ClusterIssuer, and a Kafka without TLS.");
  await sandbox('--file', 'examples/adopt/corp-ca.yaml', '--file', 'examples/kafka.yaml');
  comment('The Kafka in Git is unchanged; examples/adopt/app.ts adds the desired TLS state.');
  await synth('adopt/app');
  await kafkaTls('plan');
  await kafkaTls('apply');
  comment('Proof: a TLS handshake with every listener, compared with the certificate in its Secret.');
  await kafkaTls('verify');
  comment('Apply again: there is nothing to do.');
  await kafkaTls('apply');
};
