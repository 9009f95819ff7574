/** Keeps a file with the CA certificates that clients trust, from an object of the cluster, the way that the README tells clients to. */
import { renameSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const POLL_MS = 500;

export class TrustFile {
  private content = '';
  private isStopped = false;
  private readonly running: Promise<void>;

  constructor(
    readonly path: string,
    /** Returns PEM certificates, or undefined while there are none. */
    private readonly read: () => Promise<string | undefined>,
  ) {
    this.running = this.follow();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.running;
  }

  private async follow(): Promise<void> {
    while (!this.isStopped) {
      const next = await this.read().catch(() => undefined);
      if (next !== undefined && next !== this.content) this.replace(next);
      await pause(POLL_MS);
    }
  }

  /** By a rename, as a kubelet does. */
  private replace(content: string): void {
    this.content = content;
    writeFileSync(`${this.path}.next`, content);
    renameSync(`${this.path}.next`, this.path);
  }
}
