/**
 * KubeDB's health check of a Kafka, for the provisioner's status: a client with the protocol of the Kafka's spec, KubeDB's user and the CA of
 * the client certificate asks every broker for its metadata over a new connection. Unlike KubeDB's, it writes no message. Brokers that want a
 * client certificate refuse it.
 */
import { isEqual } from '#model/kube-object';
import { keyOf } from '#reconciler/sandbox/stand-ins/cache';
import type { Health } from '#reconciler/sandbox/stand-ins/kafka/processes';
import type { Kafka } from '#reconciler/sandbox/stand-ins/kinds';
import { PORTS, tlsOf } from '#reconciler/sandbox/stand-ins/kubedb/layout';
import { type Endpoint, KafkaConnection } from './wire';

const TIMEOUT_MS = 5_000;
const UNKNOWN: Health = { isAccepting: false, isComplete: false };

export interface CheckedBroker {
  readonly id: number;
  readonly address: string;
  readonly fqdn: string;
}

export interface HealthOptions {
  /** The brokers that a Kafka should have; undefined for one that does not run. */
  readonly brokersOf: (kafka: Kafka) => readonly (CheckedBroker | undefined)[];
  readonly loginOf: (kafka: Kafka) => Endpoint['login'];
  readonly onChange: (kafka: Kafka) => void;
}

/** A Kafka that was asked about. */
interface Checked {
  kafka: Kafka;
  trust: readonly string[] | undefined;
  health: Health;
}

export class HealthChecks {
  private readonly checked = new Map<string, Checked>();

  constructor(private readonly options: HealthOptions) {}

  /** Returns the result of the last check. From the first call on, the Kafka is checked. */
  health(kafka: Kafka, trust: readonly string[] | undefined): Health {
    const key = keyOf(kafka);
    const known = this.checked.get(key);
    if (known === undefined) this.checked.set(key, { kafka, trust, health: UNKNOWN });
    else Object.assign(known, { kafka, trust });
    return known?.health ?? UNKNOWN;
  }

  /** Checks every Kafka once. */
  async run(): Promise<void> {
    for (const checked of this.checked.values()) {
      const health = await this.check(checked);
      const isChanged = !isEqual(health, checked.health);
      checked.health = health;
      if (isChanged) this.options.onChange(checked.kafka);
    }
  }

  private async check({ kafka, trust }: Checked): Promise<Health> {
    const login = this.options.loginOf(kafka);
    const serves = async (broker: CheckedBroker | undefined) => {
      if (broker === undefined) return false;
      const tls = tlsOf(kafka) === undefined ? {} : { tls: { servername: broker.fqdn, ca: trust ?? [] } };
      const endpoint = { host: broker.address, port: PORTS.BROKER, timeoutMs: TIMEOUT_MS, ...tls, ...(login && { login }) };
      return KafkaConnection.open(endpoint)
        .then((connection) => connection.metadata().finally(() => connection.close()))
        .then(
          ({ brokers }) => brokers.includes(broker.id),
          () => false,
        );
    };
    const serving = await Promise.all(this.options.brokersOf(kafka).map(serves));
    return { isAccepting: serving.includes(true), isComplete: serving.length > 0 && !serving.includes(false) };
  }
}
