/**
 * One reconciler a Kafka: a Lease of coordination.k8s.io, held while a task runs.
 *
 * 1. A Lease without a holder, or of ours, is taken at once. That of another is taken when its holder and renewTime were seen unchanged
 *    for the whole of its duration, measured here: clocks of two machines are never compared.
 * 2. While the task runs the Lease is renewed every third of its duration. A holder that has not managed to for half its duration says
 *    that it holds nothing, so that it stops writing well before somebody else may begin.
 * 3. Afterwards it is given back by naming no holder, so that the next run need not wait.
 *
 * A Lease is not a fence: a write that is on its way when it is lost still arrives. That is why every write carries a resourceVersion or uid.
 */
import { KINDS, type KubeObject, ref } from '../../constructs/model/kube-object';
import { BlockedError, ClusterError } from '../errors';
import { type Clock, type Cluster, type ProgressEvent, REPEAT_WAIT_MS, type Report } from '../ports';

export const LEASE_DURATION_SECONDS = 30;
const RENEW_EVERY_MS = (LEASE_DURATION_SECONDS * 1000) / 3;
/** Without a renewal for this long the Lease counts as lost. */
const TRUSTED_FOR_MS = (LEASE_DURATION_SECONDS * 1000) / 2;
const LOOK_EVERY_MS = 2_000;
const RETRY_RENEWAL_MS = 1_000;

export interface LeaseOptions {
  readonly namespace: string;
  readonly name: string;
  /** Names this run, and no other: pod name or host, and something unique. */
  readonly identity: string;
  /** How long to wait for another holder. */
  readonly waitMs: number;
  readonly report: Report;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
}

export interface HeldLease {
  /** Tells whether writing is still allowed. */
  isHeld(): boolean;
}

/** Runs the task while holding the Lease; throws a BlockedError that names the holder when it cannot be had in time. */
export async function withLease<T>(
  cluster: Cluster,
  clock: Clock,
  options: LeaseOptions,
  task: (held: HeldLease) => Promise<T>,
): Promise<T> {
  const lease = new Lease(cluster, clock, options);
  await lease.acquire();
  const stop = new AbortController();
  const renewing = lease.keep(stop.signal);
  try {
    return await task(lease);
  } finally {
    stop.abort();
    await renewing;
    await lease.release();
  }
}

class Lease implements HeldLease {
  private readonly subject;
  private object: KubeObject | undefined;
  private renewedAtMs = Number.NEGATIVE_INFINITY;
  private isLost = false;

  constructor(
    private readonly cluster: Cluster,
    private readonly clock: Clock,
    private readonly options: LeaseOptions,
  ) {
    this.subject = ref(KINDS.Lease, options.namespace, options.name);
  }

  isHeld(): boolean {
    return !this.isLost && this.clock.monotonicMs() - this.renewedAtMs < TRUSTED_FOR_MS;
  }

  async acquire(): Promise<void> {
    const { clock, options } = this;
    const end = clock.monotonicMs() + options.waitMs;
    let seen = { mark: '', sinceMs: 0, holder: '' };
    const startMs = clock.monotonicMs();
    let reportedAtMs = Number.NEGATIVE_INFINITY;
    while (true) {
      const found = await this.cluster.get(this.subject);
      const holder: string = found?.spec?.holderIdentity ?? '';
      const mark = `${holder} ${found?.spec?.renewTime ?? ''}`;
      if (holder !== '' && (holder !== seen.holder || clock.monotonicMs() - reportedAtMs >= REPEAT_WAIT_MS)) {
        reportedAtMs = clock.monotonicMs();
        this.say('waiting', `held by ${holder}`, { holder, wait: { elapsedMs: reportedAtMs - startMs, deadlineMs: options.waitMs } });
      }
      if (mark !== seen.mark) seen = { mark, holder, sinceMs: clock.monotonicMs() };
      const durationMs = (found?.spec?.leaseDurationSeconds ?? LEASE_DURATION_SECONDS) * 1000;
      const isExpired = clock.monotonicMs() - seen.sinceMs >= durationMs;
      if ((holder === '' || holder === options.identity || isExpired) && (await this.take(found))) return;
      if (clock.monotonicMs() >= end) throw holder === '' ? this.notCreated() : this.blocked(holder);
      await clock.sleep(LOOK_EVERY_MS, options.signal);
    }
  }

  /** Renews until told to stop. */
  async keep(signal: AbortSignal): Promise<void> {
    for (let waitMs = RENEW_EVERY_MS; !this.isLost; ) {
      try {
        await this.clock.sleep(waitMs, signal);
      } catch {
        return;
      }
      waitMs = (await this.renew()) ? RENEW_EVERY_MS : RETRY_RENEWAL_MS;
    }
  }

  /** Best effort: a Lease that cannot be given back runs out by itself. */
  async release(): Promise<void> {
    if (this.isLost || this.object === undefined) return;
    const { object } = this;
    try {
      await this.cluster.replace({ ...object, spec: { ...object.spec, holderIdentity: '', renewTime: this.instant() } });
    } catch (error) {
      this.say(
        'warning',
        `not given back, it runs out in ${LEASE_DURATION_SECONDS} s: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  private async take(found: KubeObject | undefined): Promise<boolean> {
    const startedMs = this.clock.monotonicMs();
    const now = this.instant();
    const spec = {
      holderIdentity: this.options.identity,
      leaseDurationSeconds: LEASE_DURATION_SECONDS,
      acquireTime: now,
      renewTime: now,
      leaseTransitions: found === undefined ? 0 : (found.spec?.leaseTransitions ?? 0) + 1,
    };
    return this.write(startedMs, () =>
      found === undefined
        ? this.cluster.create({
            apiVersion: this.subject.apiVersion,
            kind: this.subject.kind,
            metadata: { name: this.options.name, namespace: this.options.namespace },
            spec,
          })
        : this.cluster.replace({ ...found, spec: { ...found.spec, ...spec } }),
    );
  }

  private async renew(): Promise<boolean> {
    const startedMs = this.clock.monotonicMs();
    try {
      const { object } = this;
      if (
        object !== undefined &&
        (await this.write(startedMs, () => this.cluster.replace({ ...object, spec: { ...object.spec, renewTime: this.instant() } })))
      )
        return true;
      // Somebody wrote it in between: perhaps only a label.
      const found = await this.cluster.get(this.subject);
      this.isLost = found?.spec?.holderIdentity !== this.options.identity;
      if (this.isLost)
        this.say('warning', `was taken over by ${found?.spec?.holderIdentity || 'nobody, it was deleted'}; nothing more is written`);
      else this.object = found;
      return false;
    } catch (error) {
      this.say('warning', `not renewed: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  }

  /** Returns false when somebody else was faster. The time counts from before the request: the server may have written it then. */
  private async write(startedMs: number, write: () => Promise<KubeObject>): Promise<boolean> {
    try {
      this.object = await write();
      this.renewedAtMs = startedMs;
      return true;
    } catch (error) {
      if (error instanceof ClusterError && (error.status === 409 || error.reason === 'NotFound')) return false;
      throw error;
    }
  }

  private blocked(holder: string): BlockedError {
    return new BlockedError(`another run works on this Kafka: ${holder} holds the Lease and renews it.`, {
      subject: this.subject,
      hint: 'Run again when it is done. A run that was killed loses the Lease after half a minute.',
    });
  }

  /** Others were always faster, or its namespace is not there. */
  private notCreated(): BlockedError {
    return new BlockedError('the Lease cannot be created.', { subject: this.subject, hint: 'Does the namespace exist?' });
  }

  private say(
    event: 'waiting' | 'warning',
    message: string,
    { holder, wait }: { holder?: string; wait?: ProgressEvent['wait'] } = {},
  ): void {
    if (holder === this.options.identity) return;
    this.options.report({ event, subject: this.subject, message, ...(wait === undefined ? {} : { wait }) });
  }

  /** Kubernetes' MicroTime. */
  private instant(): string {
    return this.clock.now().toISOString().replace('Z', '000Z');
  }
}
