/** A fleet. Every Kafka has a separate chart, so each has a separate file in dist/: a new Kafka adds one file and changes no other. */
import { App, Chart } from 'cdk8s';
import { Acknowledgement, KafkaCluster, KafkaTls, Tls, TlsIssuer } from 'cdk8s-kafka-tls';

const FLEET = [
  { namespace: 'payments', kafka: 'orders', nodes: 6 },
  { namespace: 'shipping', kafka: 'parcels', nodes: 3 },
];

const app = new App();
for (const { namespace, kafka, nodes } of FLEET) {
  new KafkaTls(new Chart(app, `${namespace}-${kafka}`, { namespace }), 'tls', {
    cluster: KafkaCluster.existing(kafka, { nodes }),
    tls: Tls.on({ issuer: TlsIssuer.clusterIssuer('corp-ca'), acknowledge: [Acknowledgement.clientsMoveToTls()] }),
    job: { image: 'registry.example/kafka-tls@sha256:a9f773afc79b09107017df756d3b519f29e69f25c41cbaa0425df40158bece6e' },
  });
}
app.synth();
