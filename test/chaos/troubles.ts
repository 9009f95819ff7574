/** Makes things go wrong in a cluster, and sees to it that they are over after a while. */
import { KINDS, type KubeObject, type ref } from '#model/kube-object';
import { KAFKA, type MemoryPlace, type World } from '../support/world';
import type { Fault } from './schedule';
import type { Wire } from './wire';

const HOUR_MS = 3_600_000;

export class Troubles {
  private open = 0;

  constructor(
    private readonly world: World,
    private readonly place: MemoryPlace,
    private readonly wire: Wire,
  ) {}

  get areOver(): boolean {
    return this.open === 0;
  }

  async cause(fault: Fault): Promise<void> {
    const { wire, place, world } = this;
    const times = 1 + (fault.choice % 3);
    switch (fault.name) {
      case 'conflict':
      case 'throttled':
      case 'server error':
        return wire.expect(fault.name, times);
      case 'no answer':
      case 'lost answer':
        return wire.expect(fault.name);
      case 'watches cut':
        return wire.cutWatches();
      case 'watches silent':
        return wire.silenceWatches();
      case 'watches expired':
        return wire.expireWatches();
      case 'clock jumped':
        return place.clock.jump(fault.choice % 2 === 0 ? HOUR_MS : -HOUR_MS);
      case 'issuer slow':
        return this.annotateIssuers({ 'sandbox.kafka-tls/issuance-takes': '3m' }, fault);
      case 'issuer failing':
        return this.annotateIssuers({ 'sandbox.kafka-tls/issuance-fails': 'no quota left' }, fault);
      case 'eviction forbidden':
        return this.forbidEvictions(fault);
      case 'pod crashing':
        return this.annotateKafka('crash-loop', await this.pod(fault), fault);
      case 'pod unready':
        return this.annotateKafka('never-ready', await this.pod(fault), fault);
      case 'replica behind':
        return this.annotateKafka('behind', await this.pod(fault, 'broker'), fault);
      case 'controller lagging':
        return this.annotateKafka('behind', await this.pod(fault, 'controller'), fault);
      case 'pod gone': {
        const name = await this.pod(fault);
        return place.cluster.delete(world.ref(KINDS.Pod, name), (await world.podUids())[name] ?? '');
      }
      case 'Kafka edited':
        return this.change(world.ref(KINDS.Kafka, KAFKA), (kafka) => ({
          ...kafka,
          metadata: { ...kafka.metadata, labels: { ...kafka.metadata.labels, [`team-${fault.choice}`]: 'payments' } },
        }));
      case 'foreign operation':
        return this.foreignOperation(fault);
      case 'Secret replaced':
        return this.replaceSecret(fault);
      case 'killed':
      case 'frozen':
        throw new Error(`${fault.name} happens to a run, not to the cluster`);
    }
  }

  /** Undoes something after a while. */
  private later({ forMs }: Fault, undo: () => Promise<void>): void {
    this.open++;
    void this.place.clock.sleep(forMs).then(async () => {
      await undo();
      this.open--;
    });
  }

  private async pod({ choice }: Fault, role?: 'broker' | 'controller'): Promise<string> {
    const names = Object.keys(await this.world.podUids()).sort();
    const fitting = names.filter((n) => role === undefined || n.includes(role));
    const among = fitting.length > 0 ? fitting : names;
    return among[choice % among.length] ?? `${KAFKA}-0`;
  }

  /** Reads, changes and writes, as often as somebody else is faster. */
  private async change(subject: ReturnType<typeof ref>, change: (object: KubeObject) => KubeObject): Promise<void> {
    for (let attempt = 0; attempt < 20; attempt++) {
      const object = await this.place.cluster.get(subject);
      if (object === undefined) return;
      try {
        await this.place.cluster.replace(change(object));
        return;
      } catch (error) {
        if ((error as { status?: number }).status !== 409) throw error;
      }
    }
  }

  private annotate(subject: ReturnType<typeof ref>, annotations: Record<string, string>): Promise<void> {
    return this.change(subject, (o) => ({ ...o, metadata: { ...o.metadata, annotations: { ...o.metadata.annotations, ...annotations } } }));
  }

  private async annotateKafka(fault: string, pod: string, of: Fault): Promise<void> {
    const subject = this.world.ref(KINDS.Kafka, KAFKA);
    await this.annotate(subject, { [`sandbox.kafka-tls/${fault}`]: pod });
    this.later(of, () => this.annotate(subject, { [`sandbox.kafka-tls/${fault}`]: '' }));
  }

  private async annotateIssuers(annotations: Record<string, string>, fault: Fault): Promise<void> {
    const empty = Object.fromEntries(Object.keys(annotations).map((key) => [key, '']));
    const all = async (values: Record<string, string>) => {
      for (const issuer of await this.place.cluster.list(KINDS.Issuer, { namespace: this.world.namespace }))
        await this.annotate(this.world.ref(KINDS.Issuer, issuer.metadata.name), values);
    };
    await all(annotations);
    this.later(fault, () => all(empty));
  }

  private async forbidEvictions(fault: Fault): Promise<void> {
    const all = async (maxUnavailable: number) => {
      for (const budget of await this.place.cluster.list(KINDS.PodDisruptionBudget, { namespace: this.world.namespace }))
        await this.change(this.world.ref(KINDS.PodDisruptionBudget, budget.metadata.name), (b) => ({
          ...b,
          spec: { ...b.spec, maxUnavailable },
        }));
    };
    await all(0);
    this.later(fault, () => all(1)); // as KubeDB has it
  }

  private async foreignOperation(fault: Fault): Promise<void> {
    const name = `scale-out-${fault.choice}`;
    const subject = this.world.ref(KINDS.KafkaOpsRequest, name);
    if ((await this.place.cluster.get(subject)) !== undefined) return;
    const { apiVersion, kind } = KINDS.KafkaOpsRequest;
    const spec = { type: 'VerticalScaling', databaseRef: { name: KAFKA }, verticalScaling: { node: { resources: {} } } };
    await this.place.cluster.create({ apiVersion, kind, metadata: { name, namespace: this.world.namespace }, spec });
    this.later(fault, async () => {
      const request = await this.place.cluster.get(subject);
      if (request === undefined) return;
      await this.place.cluster.replace(
        { ...request, status: { ...request.status, phase: 'Successful', conditions: [] } },
        { status: true },
      );
    });
  }

  private async replaceSecret({ choice }: Fault): Promise<void> {
    const subject = this.world.ref(KINDS.Secret, `${KAFKA}-${choice % 2 === 0 ? 'server' : 'client'}-cert`);
    const secret = await this.place.cluster.get(subject);
    if (secret !== undefined) await this.place.cluster.delete(subject, secret.metadata.uid ?? '');
  }
}
