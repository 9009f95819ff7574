/**
 * Stand-in for the kubelet of pods of Jobs: each is one run of `kafka-tls` with the arguments of its container. The process of a
 * deleted pod receives SIGTERM. The Job controller, a real one or that of `job-controller.ts`, decides by the exit codes.
 */

import { KINDS, type KubeObject } from '#model/kube-object';
import { InterruptedError } from '#reconciler/errors';
import { ApiError, Client } from '#reconciler/sandbox/client';
import type { Ran } from './command-line';
import { untyped } from './untyped';
import type { TestEnvironment } from './world';

/** Starts `kafka-tls` as a pod would; the signal is SIGTERM. */
export type Start = (argv: readonly string[], pod: string, signal: AbortSignal) => Promise<Ran>;

/** One run of a process. */
export interface Run {
  readonly job: string;
  readonly terminate: () => void;
  /** Absent while it runs. */
  ran?: Ran;
}

export class JobRunner {
  readonly runs: Run[] = [];
  private readonly held = new Set<string>();
  private readonly begun = new Map<string, Run>();
  private readonly end = new AbortController();
  private readonly client: Client;
  private pods: readonly KubeObject[] = [];

  constructor(
    private readonly environment: TestEnvironment,
    private readonly launch: Start,
  ) {
    this.client = new Client({ send: environment.send, manager: 'kubelet' });
  }

  start(): void {
    void this.follow();
  }

  async stop(): Promise<void> {
    this.end.abort(new Error('the test is over'));
    for (const run of this.runs) run.terminate();
  }

  /** From now on no node has room for pods of this Job. */
  hold(job: string): void {
    this.held.add(job);
  }

  release(job: string): void {
    this.held.delete(job);
    this.look();
  }

  isIdle(): boolean {
    return this.runs.every(({ ran }) => ran !== undefined);
  }

  private async follow(): Promise<void> {
    const { cluster, namespace } = this.environment;
    for await (const pods of cluster.watch(KINDS.Pod, { namespace }, this.end.signal)) {
      this.pods = pods.filter((pod) => jobOf(pod) !== undefined);
      this.look();
    }
  }

  private look(): void {
    for (const pod of this.pods) {
      const { uid = '', deletionTimestamp } = pod.metadata;
      const run = this.begun.get(uid);
      if (deletionTimestamp !== undefined && run === undefined) this.do(this.client.delete(pod, { gracePeriodSeconds: 0 }));
      else if (deletionTimestamp !== undefined && run?.ran === undefined) run?.terminate();
      else if (deletionTimestamp !== undefined) this.do(this.client.delete(pod, { gracePeriodSeconds: 0 }));
      else if (run === undefined && !this.held.has(jobOf(pod) ?? '')) this.do(this.run(pod));
    }
  }

  private async run(pod: KubeObject): Promise<void> {
    const { name, uid = '' } = pod.metadata;
    const sigterm = new AbortController();
    const terminate = () => sigterm.abort(new InterruptedError('SIGTERM'));
    const run: Run = { job: jobOf(pod) ?? '', terminate };
    this.runs.push(run);
    this.begun.set(uid, run);
    await this.report(pod, 'Running', { running: { startedAt: this.instant() } });
    const ran = await this.launch(untyped(pod.spec).containers[0].args, name, sigterm.signal);
    const exited = { exitCode: ran.exitCode, reason: ran.exitCode === 0 ? 'Completed' : 'Error', finishedAt: this.instant() };
    run.ran = ran;
    await this.report(pod, ran.exitCode === 0 ? 'Succeeded' : 'Failed', { terminated: exited });
    this.look();
  }

  private async report(pod: KubeObject, phase: string, state: object): Promise<void> {
    const { namespace, name, uid } = pod.metadata;
    const [{ name: container, image }] = untyped(pod.spec).containers;
    const status = { name: container, image, imageID: image, ready: phase === 'Running', restartCount: 0, state };
    while (!this.end.signal.aborted) {
      const live = await this.client.get(KINDS.Pod, namespace, name);
      if (live === undefined || live.metadata.uid !== uid) return;
      try {
        await this.client.replaceStatus({ ...live, status: { ...untyped(live.status), phase, containerStatuses: [status] } });
        return;
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== 409) throw error;
      }
    }
  }

  private instant(): string {
    return this.environment.clock
      .now()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z');
  }

  /** Nothing awaits this work, so a mistake in it must end the process. */
  private do(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (this.end.signal.aborted || (error instanceof ApiError && error.code === 404)) return; // the pod is gone
      queueMicrotask(() => {
        throw error;
      });
    });
  }
}

function jobOf({ metadata }: KubeObject): string | undefined {
  return metadata.ownerReferences?.find(({ kind }) => kind === KINDS.Job.kind)?.name;
}
