/** The requests of the product to the nodes of a Kafka, and a hook before and after each. */
import type { KafkaAdmin } from '#reconciler/ports';

export interface NodeRequest {
  readonly pod: string;
  readonly request: keyof KafkaAdmin;
}

export class NodeRequests {
  readonly list: NodeRequest[] = [];
  /** What the hooks throw ends the run. */
  onAsk: (() => void) | undefined;
  onAnswer: ((request: NodeRequest) => void) | undefined;

  /** Returns the administrator whose requests are noted here. */
  noting(admin: KafkaAdmin): KafkaAdmin {
    return {
      settings: (node, signal) => this.note({ pod: node.pod, request: 'settings' }, () => admin.settings(node, signal)),
      validate: (node, settings, signal) => this.note({ pod: node.pod, request: 'validate' }, () => admin.validate(node, settings, signal)),
      reload: (node, signal) => this.note({ pod: node.pod, request: 'reload' }, () => admin.reload(node, signal)),
    };
  }

  private async note<T>(request: NodeRequest, ask: () => Promise<T>): Promise<T> {
    this.onAsk?.();
    this.list.push(request);
    const answer = await ask();
    this.onAnswer?.(request);
    return answer;
  }
}
