import { App, Chart } from 'cdk8s';
import { KafkaCluster, KafkaTls, Tls, TlsIssuer } from 'cdk8s-kafka-tls';

// Every certificate must be issued at this instant or later. To rotate again, write the present time and commit.
const app = new App();
const chart = new Chart(app, 'rotate', { namespace: 'demo' });

new KafkaTls(chart, 'orders', {
  cluster: KafkaCluster.existing('orders', { nodes: 6 }),
  tls: Tls.on({
    issuer: TlsIssuer.selfSignedCa(),
    issuedAfter: process.env.ISSUED_AFTER ?? '2026-11-23T09:00:00Z', // the demo passes the present time
  }),
  job: { image: 'registry.example/kafka-tls@sha256:a9f773afc79b09107017df756d3b519f29e69f25c41cbaa0425df40158bece6e' },
});

app.synth();
