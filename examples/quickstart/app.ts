import { App, Chart } from 'cdk8s';
import { Acknowledgement, KafkaCluster, KafkaTls, Tls, TlsIssuer } from 'cdk8s-kafka-tls';

// A Kafka that runs without TLS gets TLS with a new CA.
const app = new App();
const chart = new Chart(app, 'quickstart', { namespace: 'demo' });

// To rotate, write the present time into the code and commit. The demo passes the time as an environment variable.
const issuedAfter = process.env.ISSUED_AFTER;

new KafkaTls(chart, 'orders', {
  cluster: KafkaCluster.existing('orders', { nodes: 6 }),
  tls: Tls.on({
    issuer: TlsIssuer.selfSignedCa(),
    acknowledge: [Acknowledgement.clientsMoveToTls()],
    ...(issuedAfter === undefined ? {} : { issuedAfter }),
  }),
  job: { image: 'registry.example/kafka-tls@sha256:a9f773afc79b09107017df756d3b519f29e69f25c41cbaa0425df40158bece6e' },
});

app.synth();
