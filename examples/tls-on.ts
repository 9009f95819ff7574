/** "Yesterday's commit": `orders` has TLS. The examples that change or remove TLS continue from it. `adopt` shows how to turn TLS on. */
import { App, Chart } from 'cdk8s';
import { Acknowledgement, KafkaCluster, KafkaTls, Tls, TlsIssuer } from 'cdk8s-kafka-tls';

const app = new App();
const chart = new Chart(app, 'tls-on', { namespace: 'demo' });

new KafkaTls(chart, 'orders', {
  cluster: KafkaCluster.existing('orders', { nodes: 6 }),
  tls: Tls.on({
    issuer: TlsIssuer.selfSignedCa(),
    acknowledge: [Acknowledgement.clientsMoveToTls()],
  }),
  job: { image: 'registry.example/kafka-tls@sha256:a9f773afc79b09107017df756d3b519f29e69f25c41cbaa0425df40158bece6e' },
});

app.synth();
