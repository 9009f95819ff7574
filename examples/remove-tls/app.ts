import { App, Chart } from 'cdk8s';
import { Acknowledgement, KafkaCluster, KafkaTls, Tls } from 'cdk8s-kafka-tls';

// TLS is removed, and clients know about it.
const app = new App();
const chart = new Chart(app, 'remove-tls', { namespace: 'demo' });

new KafkaTls(chart, 'orders', {
  cluster: KafkaCluster.existing('orders', { nodes: 6 }),
  tls: Tls.off({ acknowledge: [Acknowledgement.clientsLeaveTls()] }),
  job: { image: 'registry.example/kafka-tls@sha256:a9f773afc79b09107017df756d3b519f29e69f25c41cbaa0425df40158bece6e' },
});

app.synth();
