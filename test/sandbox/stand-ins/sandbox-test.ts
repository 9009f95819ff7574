/** A sandbox in memory with a clock of its own, a Kafka to try things on, and what tests ask of it. */
import assert from 'node:assert/strict';
import { conditionOf, KINDS, type Kind, type KubeObject } from '#model/kube-object';
import { createSandbox, pooledKeys, type Sandbox, type SandboxOptions } from '#reconciler/sandbox/index';
import { FakeClock } from '#test/support/fake-clock';

export const NAMESPACE = 'demo';
export const KAFKA = 'orders';

export class SandboxTest {
  readonly clock = new FakeClock();
  readonly sandbox: Sandbox;

  private constructor(options: Partial<SandboxOptions>) {
    this.sandbox = createSandbox({ clock: this.clock, listeners: 'memory', keys: pooledKeys(), ...options });
  }

  /** Runs a test in a sandbox of its own; time passes only when nothing else can happen. */
  static async run(options: Partial<SandboxOptions>, body: (t: SandboxTest) => Promise<void>): Promise<void> {
    const t = new SandboxTest(options);
    await t.sandbox.start();
    await t.create(KINDS.Namespace, { name: NAMESPACE, namespace: undefined }, {});
    try {
      await t.clock.run(body(t), 7 * 24 * 3_600_000);
    } finally {
      await t.sandbox.stop();
    }
  }

  /** Looks again and again until something is there. */
  async until<T>(what: string, look: () => Promise<T | undefined>, withinMs = 600_000): Promise<T> {
    const end = this.clock.monotonicMs() + withinMs;
    while (true) {
      const found = await look();
      if (found !== undefined) return found;
      if (this.clock.monotonicMs() > end) throw new Error(`${what}: not within ${withinMs} ms`);
      await this.clock.sleep(25);
    }
  }

  async create(
    kind: Kind,
    metadata: { name: string; namespace?: string | undefined; annotations?: Record<string, string> },
    rest: object,
  ): Promise<KubeObject> {
    const place = kind.namespaced ? { namespace: NAMESPACE } : {};
    const given = Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== undefined)) as { name: string };
    return this.sandbox.client.create({ apiVersion: kind.apiVersion, kind: kind.kind, ...rest, metadata: { ...place, ...given } });
  }

  createKafka(spec: object = {}, annotations: Record<string, string> = {}): Promise<KubeObject> {
    const topology = { topology: { controller: { replicas: 3 }, broker: { replicas: 3 } } };
    return this.create(KINDS.Kafka, { name: KAFKA, annotations }, { spec: { version: '4.2.0', ...topology, ...spec } });
  }

  /** A self-signed CA and an Issuer that signs with it, all named alike. */
  async createIssuer(name: string): Promise<void> {
    await this.create(KINDS.Issuer, { name: `${name}-selfsigned` }, { spec: { selfSigned: {} } });
    await this.create(
      KINDS.Certificate,
      { name },
      {
        spec: {
          isCA: true,
          commonName: name,
          secretName: name,
          duration: '43800h',
          privateKey: { rotationPolicy: 'Never' },
          issuerRef: { name: `${name}-selfsigned` },
        },
      },
    );
    await this.create(KINDS.Issuer, { name }, { spec: { ca: { secretName: name } } });
    await this.until(`Issuer ${name}`, async () => ((await this.isTrue(KINDS.Issuer, name, 'Ready')) ? true : undefined));
  }

  async createRequest(name: string, spec: object): Promise<KubeObject> {
    return this.create(
      KINDS.KafkaOpsRequest,
      { name },
      { spec: { type: 'ReconfigureTLS', databaseRef: { name: KAFKA }, apply: 'Always', timeout: '10m', ...spec } },
    );
  }

  async get(kind: Kind, name: string): Promise<KubeObject> {
    const object = await this.sandbox.client.get(kind, kind.namespaced ? NAMESPACE : undefined, name);
    assert.ok(object !== undefined, `${kind.kind} ${name} is there`);
    return object;
  }

  async list(kind: Kind): Promise<readonly KubeObject[]> {
    return (await this.sandbox.client.list(kind, NAMESPACE)).items;
  }

  kafka(): Promise<KubeObject> {
    return this.get(KINDS.Kafka, KAFKA);
  }

  async isTrue(kind: Kind, name: string, condition: string): Promise<boolean> {
    const object = await this.sandbox.client.get(kind, kind.namespaced ? NAMESPACE : undefined, name);
    return object !== undefined && conditionOf(object, condition)?.status === 'True';
  }

  untilReady(): Promise<KubeObject> {
    return this.until('the Kafka is Ready', async () => {
      const kafka = await this.kafka();
      return kafka.status?.phase === 'Ready' && kafka.status.observedGeneration === kafka.metadata.generation ? kafka : undefined;
    });
  }

  /** Returns the request once it is over. */
  untilOver(name: string, withinMs?: number): Promise<KubeObject> {
    const over = async () => {
      const request = await this.get(KINDS.KafkaOpsRequest, name);
      return ['Successful', 'Failed', 'Skipped'].includes(request.status?.phase) ? request : undefined;
    };
    return this.until(`request ${name} is over`, over, withinMs);
  }

  /** Returns a value of a Secret as text. */
  async secret(name: string, key: string): Promise<string> {
    const secret = await this.get(KINDS.Secret, name);
    return Buffer.from(secret.data?.[key] ?? '', 'base64').toString('utf8');
  }

  /** Returns the leaf that a pod serves, in PEM; undefined for plaintext. */
  served(pod: string, listener: 'BROKER' | 'CONTROLLER' = 'BROKER'): string | undefined {
    const dialed = this.sandbox.dial(NAMESPACE, pod, listener);
    assert.ok(dialed !== undefined, `${pod} listens`);
    return dialed.protocol === 'tls' ? dialed.chain[0] : undefined;
  }
}
