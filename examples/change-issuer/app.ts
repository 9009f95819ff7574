import { App, Chart } from 'cdk8s';
import { Acknowledgement, KafkaCluster, KafkaTls, Tls, TlsIssuer } from 'cdk8s-kafka-tls';

// From now on a new root signs, and clients must trust it. This change creates the root, so the name of its issuer acknowledges it.
const app = new App();
const chart = new Chart(app, 'change-issuer', { namespace: 'demo' });

new KafkaTls(chart, 'orders', {
  cluster: KafkaCluster.existing('orders', { nodes: 6 }),
  tls: Tls.on({
    issuer: TlsIssuer.selfSignedCa({ name: 'orders-ca-2' }),
    acknowledge: [Acknowledgement.trustRootChangesTo('orders-ca-2')],
  }),
  job: { image: 'registry.example/kafka-tls@sha256:a9f773afc79b09107017df756d3b519f29e69f25c41cbaa0425df40158bece6e' },
});

app.synth();
