/** Writes the Kafka that is already in Git and its desired TLS state to one file in dist/, which Flux applies. */
import path from 'node:path';
import { App, Chart, Include } from 'cdk8s';
import { Acknowledgement, KafkaCluster, KafkaTls, Tls, TlsIssuer } from 'cdk8s-kafka-tls';

const app = new App();
const chart = new Chart(app, 'orders', { namespace: 'demo' });

new Include(chart, 'kafka', { url: path.join(__dirname, 'kafka.yaml') });
new KafkaTls(chart, 'tls', {
  cluster: KafkaCluster.existing('orders', { nodes: 6 }),
  tls: Tls.on({ issuer: TlsIssuer.clusterIssuer('corp-ca'), acknowledge: [Acknowledgement.clientsMoveToTls()] }),
  job: { image: 'registry.example/kafka-tls@sha256:a9f773afc79b09107017df756d3b519f29e69f25c41cbaa0425df40158bece6e' },
});

app.synth();
