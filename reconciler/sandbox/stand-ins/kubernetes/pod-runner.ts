/** What runs pods: the stand-in for kubelets, or a runner from outside that takes its place. */
import type { Controller } from '../controller';
import type { Health } from '../kafka/processes';
import type { Kafka, Pod } from '../kinds';

export interface PodRunner extends Controller<Pod> {
  /** Checks a Kafka as KubeDB does, with a client that trusts these certificates (PEM); undefined: a client without TLS. */
  health(kafka: Kafka, trust: readonly string[] | undefined): Health;
  /** Calls back when something happens to the pods of a Kafka that no object in the API shows. */
  onChange(listener: (namespace: string, kafka: string) => void): void;
  /** Ends everything that runs. */
  stopAll(): void;
}
