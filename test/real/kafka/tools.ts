/** What Kafka's own command line tools say, read from what they print. */
import { runTool } from './jvm';

export interface ToolPartition {
  readonly topic: string;
  readonly partition: number;
  readonly leader?: number | undefined;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
}

export interface ToolReplica {
  readonly nodeId: number;
  readonly status: string;
  readonly lastCaughtUpMs: number;
}

export class Tools {
  constructor(
    private readonly classPath: string,
    private readonly bootstrap: string,
  ) {}

  async createTopic(name: string, partitions: number, replicas: number, minimum: number): Promise<void> {
    const sizes = ['--partitions', String(partitions), '--replication-factor', String(replicas)];
    await this.topics('--create', '--topic', name, ...sizes, '--config', `min.insync.replicas=${minimum}`);
  }

  /** `kafka-topics --describe`. */
  async partitions(): Promise<readonly ToolPartition[]> {
    const text = await this.topics('--describe');
    return text.split('\n').flatMap((line) => {
      const field = (name: string) => new RegExp(`\\b${name}: (\\S*)`).exec(line)?.[1] ?? '';
      const partition = field('Partition');
      if (partition === '') return [];
      const leader = Number(field('Leader'));
      return [
        {
          topic: field('Topic'),
          partition: Number(partition),
          leader: Number.isNaN(leader) || leader < 0 ? undefined : leader,
          replicas: ids(field('Replicas')),
          isr: ids(field('Isr')).sort((a, b) => a - b),
        },
      ];
    });
  }

  /** `kafka-metadata-quorum describe --replication`. */
  async quorum(): Promise<readonly ToolReplica[]> {
    const main = 'org.apache.kafka.tools.MetadataQuorumCommand';
    const text = await runTool(this.classPath, main, ['--bootstrap-server', this.bootstrap, 'describe', '--replication']);
    const [head = '', ...lines] = text.trim().split('\n');
    const columns = head.split('\t').map((c) => c.trim());
    return lines.map((line) => {
      const cells = line.split('\t').map((c) => c.trim());
      const cell = (name: string) => cells[columns.indexOf(name)] ?? '';
      return { nodeId: Number(cell('NodeId')), status: cell('Status'), lastCaughtUpMs: Number(cell('LastCaughtUpTimestamp')) };
    });
  }

  private topics(...args: readonly string[]): Promise<string> {
    return runTool(this.classPath, 'org.apache.kafka.tools.TopicCommand', ['--bootstrap-server', this.bootstrap, ...args]);
  }
}

function ids(text: string): number[] {
  return text.split(',').filter(Boolean).map(Number);
}
