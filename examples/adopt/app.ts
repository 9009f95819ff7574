import { ApiObject, App, Chart, Duration } from 'cdk8s';
import { Acknowledgement, ClientCertificate, KafkaCluster, KafkaTls, Tls, TlsIssuer } from 'cdk8s-kafka-tls';

const app = new App();
const chart = new Chart(app, 'adopt', { namespace: 'demo' });

// The Kafka stays a plain manifest in Git without enableSSL and tls, so neither Argo CD nor Flux changes these fields.
const storage = (size: string) => ({ accessModes: ['ReadWriteOnce'], resources: { requests: { storage: size } } });
new ApiObject(chart, 'kafka', {
  apiVersion: 'kubedb.com/v1',
  kind: 'Kafka',
  metadata: { name: 'orders' },
  spec: {
    version: '4.2.0',
    topology: {
      controller: { replicas: 3, storage: storage('2Gi') },
      broker: { replicas: 3, storage: storage('10Gi') },
    },
  },
});

const orders = new KafkaTls(chart, 'orders', {
  cluster: KafkaCluster.existing('orders', { nodes: 6 }),
  tls: Tls.on({
    issuer: TlsIssuer.clusterIssuer('corp-ca'),
    server: { duration: Duration.days(60), dnsNames: ['orders.example.org'] },
    acknowledge: [Acknowledgement.clientsMoveToTls()],
  }),
  job: { image: 'registry.example/kafka-tls@sha256:a9f773afc79b09107017df756d3b519f29e69f25c41cbaa0425df40158bece6e' },
});
new ClientCertificate(chart, 'billing', { kafkaTls: orders, name: 'orders-billing', commonName: 'billing' });

app.synth();
