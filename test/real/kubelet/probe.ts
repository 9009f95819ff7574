/**
 * Whether a node may be called Ready, asked from Kafka itself: over its LOCAL listener, or a controller's CONTROLLER listener, and a connection
 * that is kept. No JVM runs for it, and no code of the product.
 *
 *   broker      it is registered and not fenced, it is in every ISR that it belongs to, and it has the metadata that the leader has
 *   controller  it answers, and the leader says that it is caught up
 *
 * A cut-off broker believes its last metadata. So a leader's word about it counts, too, and without a leader no node is Ready.
 */
import type { Role } from '#reconciler/sandbox/stand-ins/kubedb/layout';
import { type Endpoint, KafkaConnection, type Metadata, type Quorum } from './wire';

/** Kafka's default of `controller.quorum.fetch.timeout.ms`: who fetched less than this ago follows. */
const CAUGHT_UP_WITHIN_MS = 2_000;

interface Answer {
  readonly metadata: Metadata | undefined;
  readonly quorum: Quorum | undefined;
}

export class Probe {
  private connection: KafkaConnection | undefined;

  constructor(
    readonly node: { readonly id: number; readonly role: Role },
    private readonly endpoint: Endpoint,
  ) {}

  /** Returns what the node reports; undefined if it does not answer. */
  async ask(): Promise<Answer | undefined> {
    try {
      if (this.connection?.isOpen !== true) this.connection = await KafkaConnection.open(this.endpoint);
      const metadata = this.node.role === 'controller' ? undefined : await this.connection.metadata();
      return { metadata, quorum: await this.connection.quorum() };
    } catch {
      this.close();
      return undefined;
    }
  }

  close(): void {
    this.connection?.close();
    this.connection = undefined;
  }
}

/** Returns which of the nodes answer. */
export async function answering(probes: readonly Probe[]): Promise<ReadonlySet<Probe>> {
  const answers = await Promise.all(probes.map(async (probe) => ((await probe.ask()) === undefined ? [] : [probe])));
  return new Set(answers.flat());
}

/** Returns which of the nodes of one Kafka are in sync. */
export async function inSync(probes: readonly Probe[]): Promise<ReadonlySet<Probe>> {
  const answers = new Map<Probe, Answer>();
  const ask = async (probe: Probe) => {
    const answer = await probe.ask();
    if (answer !== undefined) answers.set(probe, answer);
  };
  await Promise.all(probes.map(ask));
  // Of the controllers, only the leader answers the question about the quorum.
  const isLeader = ([{ node }, { quorum }]: readonly [Probe, Answer]) => node.role !== 'broker' && quorum?.leaderId === node.id;
  const led = [...answers].find(isLeader)?.[1].quorum;
  return new Set([...answers].filter(([probe, answer]) => isInSync(probe, answer, led)).map(([probe]) => probe));
}

function isInSync({ node }: Probe, { metadata, quorum }: Answer, led: Quorum | undefined): boolean {
  if (node.role === 'controller') return led !== undefined && isCaughtUp(node.id, led);
  if (metadata === undefined || quorum === undefined) return false;
  const own = metadata.partitions.filter((p) => p.replicas.includes(node.id));
  return metadata.brokers.includes(node.id) && own.every((p) => p.isr.includes(node.id)) && isCaughtUp(node.id, quorum);
}

function isCaughtUp(id: number, { leaderId, caughtUp }: Quorum): boolean {
  if (id === leaderId) return true;
  const [at = -1, leaderAt = -1] = [caughtUp.get(id), caughtUp.get(leaderId)];
  return at >= 0 && leaderAt - at <= CAUGHT_UP_WITHIN_MS;
}
