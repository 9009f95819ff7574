/** A sandbox in memory with its own fake clock, one Kafka, and what tests do with them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Condition, conditionOf, KINDS, type Kind, type KubeObject } from '#model/kube-object';
import { createSandbox, type Sandbox, type SandboxOptions } from '#reconciler/sandbox/index';
import { FakeClock } from '../../support/fake-clock';
import { pooledKeys } from '../../support/stored-keys';

export const NAMESPACE = 'demo';
export const KAFKA = 'orders';

/** An object whose fields a test reads without a view. */
// biome-ignore lint/suspicious/noExplicitAny: the assertions show which fields a test expects
export type LooseObject = KubeObject & Readonly<Record<'spec' | 'status' | 'data', any>>;

/** Registers a test that runs in its own sandbox. Time passes only when nothing else can happen. */
export function sandboxTest(name: string, body: (t: SandboxTest) => Promise<void>, options: Partial<SandboxOptions> = {}): void {
  test(name, async () => {
    const t = new SandboxTest(options);
    await t.sandbox.start();
    await t.create(KINDS.Namespace, NAMESPACE, {});
    try {
      await t.clock.run(body(t), 7 * 24 * 3_600_000);
    } finally {
      await t.sandbox.stop();
    }
  });
}

export class SandboxTest {
  readonly clock = new FakeClock();
  readonly sandbox: Sandbox;

  constructor(options: Partial<SandboxOptions>) {
    this.sandbox = createSandbox({ clock: this.clock, listeners: 'memory', keys: pooledKeys(), ...options });
  }

  /** Repeats `look` until it returns a value other than undefined and false. */
  async until<T>(what: string, look: () => Promise<T | undefined | false> | T | undefined | false, withinMs = 600_000): Promise<T> {
    const end = this.clock.monotonicMs() + withinMs;
    while (this.clock.monotonicMs() <= end) {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      await this.clock.sleep(25);
    }
    throw new Error(`${what}: not within ${withinMs} ms`);
  }

  /** Creates an object with the fields, in the test's namespace unless the metadata says otherwise. */
  create(kind: Kind, name: string, fields: object, metadata: object = {}): Promise<KubeObject> {
    const { apiVersion, kind: kindName, namespaced } = kind;
    const complete = { name, ...(namespaced ? { namespace: NAMESPACE } : {}), ...metadata };
    return this.sandbox.client.create({ apiVersion, kind: kindName, ...fields, metadata: complete });
  }

  createKafka(spec: object = {}, annotations: Record<string, string> = {}): Promise<KubeObject> {
    const topology = { controller: { replicas: 3 }, broker: { replicas: 3 } };
    return this.create(KINDS.Kafka, KAFKA, { spec: { version: '4.2.0', topology, ...spec } }, { annotations });
  }

  /** Creates a self-signed CA and an Issuer that signs with it; both have the same name. */
  async createIssuer(name: string): Promise<void> {
    const selfSigned = `${name}-selfsigned`;
    await this.create(KINDS.Issuer, selfSigned, { spec: { selfSigned: {} } });
    const key = { privateKey: { rotationPolicy: 'Never' }, duration: '43800h' };
    await this.create(KINDS.Certificate, name, {
      spec: { isCA: true, commonName: name, secretName: name, ...key, issuerRef: { name: selfSigned } },
    });
    await this.create(KINDS.Issuer, name, { spec: { ca: { secretName: name } } });
    await this.untilTrue(KINDS.Issuer, name, 'Ready');
  }

  createRequest(name: string, spec: object): Promise<KubeObject> {
    const common = { type: 'ReconfigureTLS', databaseRef: { name: KAFKA }, apply: 'Always', timeout: '10m' };
    return this.create(KINDS.KafkaOpsRequest, name, { spec: { ...common, ...spec } });
  }

  find(kind: Kind, name: string): Promise<LooseObject | undefined> {
    return this.sandbox.client.get(kind, kind.namespaced ? NAMESPACE : undefined, name) as Promise<LooseObject | undefined>;
  }

  async get(kind: Kind, name: string): Promise<LooseObject> {
    const object = await this.find(kind, name);
    assert.ok(object !== undefined, `${kind.kind} ${name} exists`);
    return object;
  }

  async list(kind: Kind): Promise<readonly KubeObject[]> {
    return (await this.sandbox.client.list(kind, NAMESPACE)).items;
  }

  async names(kind: Kind): Promise<readonly string[]> {
    return (await this.list(kind)).map((object) => object.metadata.name);
  }

  async patch(kind: Kind, name: string, patch: object): Promise<KubeObject> {
    return this.sandbox.client.patch(await this.get(kind, name), patch);
  }

  async delete(kind: Kind, name: string): Promise<void> {
    return this.sandbox.client.delete(await this.get(kind, name));
  }

  kafka(): Promise<LooseObject> {
    return this.get(KINDS.Kafka, KAFKA);
  }

  /** Sets or removes annotations of the Kafka. */
  annotate(annotations: Record<string, string | null>): Promise<KubeObject> {
    return this.patch(KINDS.Kafka, KAFKA, { metadata: { annotations } });
  }

  async condition(kind: Kind, name: string, type: string): Promise<Condition | undefined> {
    const object = await this.find(kind, name);
    return object && conditionOf(object, type);
  }

  /** Replaces a condition of an object, or removes it. */
  async setCondition(kind: Kind, name: string, type: string, condition?: Omit<Condition, 'type'>): Promise<void> {
    const object = await this.get(kind, name);
    const { generation: observedGeneration } = object.metadata;
    const conditions = ((object.status?.conditions ?? []) as readonly Condition[]).filter((c) => c.type !== type);
    const set = condition && { type, observedGeneration, lastTransitionTime: this.clock.now().toISOString(), ...condition };
    await this.sandbox.client.replaceStatus({
      ...object,
      status: { ...object.status, conditions: set === undefined ? conditions : [...conditions, set] },
    });
  }

  async untilTrue(kind: Kind, name: string, type: string): Promise<void> {
    await this.until(`${kind.kind} ${name} is ${type}`, async () => (await this.condition(kind, name, type))?.status === 'True');
  }

  untilReady(): Promise<LooseObject> {
    return this.until('the Kafka is Ready', async () => {
      const kafka = await this.kafka();
      return kafka.status?.phase === 'Ready' && kafka.status.observedGeneration === kafka.metadata.generation && kafka;
    });
  }

  /** Creates the Kafka and returns it once it is Ready. */
  async startKafka(spec: object = {}): Promise<LooseObject> {
    await this.createKafka(spec);
    return this.untilReady();
  }

  /** Returns the request once it has ended. */
  untilEnded(name: string): Promise<LooseObject> {
    return this.until(`request ${name} has ended`, async () => {
      const request = await this.get(KINDS.KafkaOpsRequest, name);
      return ['Successful', 'Failed', 'Skipped'].includes(request.status?.phase) && request;
    });
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
    return dialed.protocol === 'tls' ? dialed.chain[0]?.trim() : undefined;
  }
}
