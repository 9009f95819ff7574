/**
 * One reconciler for each Kafka: a Lease of coordination.k8s.io, held while a task runs.
 *
 * 1. A Lease without a holder, or our own, is taken at once. Another holder's Lease is taken when its holder and renewTime were seen
 *    unchanged for its whole duration, measured by our clock: the clocks of two machines are never compared.
 * 2. While the task runs, the Lease is renewed every third of its duration. If renewals fail for half the duration, the Lease no longer
 *    counts as held, so that this run stops writing well before another may begin.
 * 3. Afterwards the holder is removed, so that the next run need not wait.
 *
 * A Lease is not a fence: a write that is under way when the Lease is lost still arrives. That is why every write carries a resourceVersion
 * or uid.
 */

import { asKind, type Lease as LeaseObject } from '#model/kinds/index';
import { KINDS, type KubeObject, ref } from '#model/kube-object';
import { BlockedError, ClusterError } from '../errors';
import { type Clock, type Cluster, type ProgressEvent, REPEAT_WAIT_MS, type Report } from '../ports';
import { NO_CREDENTIALS } from './credentials/source';

const DURATION_SECONDS = 30;
const RENEW_EVERY_MS = (DURATION_SECONDS * 1000) / 3;
/** Without a renewal for this long the Lease counts as lost. */
const TRUSTED_FOR_MS = (DURATION_SECONDS * 1000) / 2;
const POLL_MS = 2_000;
const RETRY_RENEWAL_MS = 1_000;

export interface LeaseOptions {
  readonly namespace: string;
  readonly name: string;
  /** Unique for this run: pod name or host, and a random part. */
  readonly identity: string;
  /** How long to wait for another holder. */
  readonly waitMs: number;
  readonly report: Report;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
  /** The Lease as it was before the caller observed the cluster. */
  readonly seen?: SeenLease;
}

/** A Lease as `readLease` found it; without an object when there was none. */
export interface SeenLease {
  readonly object: LeaseObject | undefined;
}

export interface HeldLease {
  /** Tells whether writing is still allowed. */
  isHeld(): boolean;
  /** Whether no other run held the Lease since it was `seen`: what was observed after that is still the work of no other run. */
  readonly isAsSeen: boolean;
}

/** Reads the Lease of a Kafka. Returns undefined if the API server refuses: the plan then names the missing rights, or the observation fails. */
export async function readLease(
  cluster: Cluster,
  { namespace, name }: Pick<LeaseOptions, 'namespace' | 'name'>,
): Promise<SeenLease | undefined> {
  try {
    return { object: asKind('Lease', await cluster.get(ref(KINDS.Lease, namespace, name))) };
  } catch (error) {
    // A failed login is not repeated by the observation: it may ask a person.
    if (error instanceof ClusterError && !error.retryable && error.reason !== NO_CREDENTIALS) return undefined;
    throw error;
  }
}

/** Runs the task while holding the Lease; throws a BlockedError that names the holder when the Lease does not become free in time. */
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
  private object: LeaseObject | undefined;
  private renewedAtMs = Number.NEGATIVE_INFINITY;
  private isLost = false;
  isAsSeen = false;

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
    const startMs = clock.monotonicMs();
    let seen = { holder: '', mark: '', sinceMs: startMs };
    let reportedAtMs = Number.NEGATIVE_INFINITY;
    for (let known = options.seen; ; known = undefined) {
      const found = known === undefined ? await this.read() : known.object;
      const nowMs = clock.monotonicMs();
      const holder = found?.spec?.holderIdentity ?? '';
      const isFree = holder === '' || holder === options.identity;
      if (!isFree && (holder !== seen.holder || nowMs - reportedAtMs >= REPEAT_WAIT_MS)) {
        reportedAtMs = nowMs;
        this.report('waiting', `held by ${holder}`, { elapsedMs: nowMs - startMs, deadlineMs: options.waitMs });
      }
      const mark = `${holder} ${found?.spec?.renewTime ?? ''}`;
      if (mark !== seen.mark) seen = { holder, mark, sinceMs: nowMs };
      const isExpired = nowMs - seen.sinceMs >= (found?.spec?.leaseDurationSeconds ?? DURATION_SECONDS) * 1000;
      if ((isFree || isExpired) && (await this.take(found))) {
        this.isAsSeen = known !== undefined;
        return;
      }
      if (known !== undefined) continue;
      if (clock.monotonicMs() >= startMs + options.waitMs) throw this.unavailable(holder);
      await clock.sleep(POLL_MS, options.signal);
    }
  }

  /** Renews until the signal aborts or the Lease is lost. */
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

  /** Best effort: a Lease that cannot be released expires. */
  async release(): Promise<void> {
    if (this.isLost || this.object === undefined) return;
    try {
      await this.cluster.replace(this.withSpec(this.object, { holderIdentity: '', renewTime: this.microTime() }));
    } catch (error) {
      this.report('warning', `not released, it expires in ${DURATION_SECONDS} s: ${messageOf(error)}`);
    }
  }

  private take(found: LeaseObject | undefined): Promise<boolean> {
    const { apiVersion, kind, name, namespace = '' } = this.subject;
    const now = this.microTime();
    const spec = {
      holderIdentity: this.options.identity,
      leaseDurationSeconds: DURATION_SECONDS,
      acquireTime: now,
      renewTime: now,
      leaseTransitions: found === undefined ? 0 : (found.spec?.leaseTransitions ?? 0) + 1,
    };
    return this.write(() =>
      found === undefined
        ? this.cluster.create({ apiVersion, kind, metadata: { name, namespace }, spec })
        : this.cluster.replace(this.withSpec(found, spec)),
    );
  }

  private async renew(): Promise<boolean> {
    try {
      const { object } = this;
      const renewTime = this.microTime();
      if (object !== undefined && (await this.write(() => this.cluster.replace(this.withSpec(object, { renewTime }))))) return true;
      // Another writer changed the Lease: perhaps only a label.
      const found = await this.read();
      this.isLost = found?.spec?.holderIdentity !== this.options.identity;
      if (!this.isLost) this.object = found;
      else
        this.report(
          'warning',
          `${found === undefined ? 'was deleted' : `was taken over by ${found.spec?.holderIdentity}`}; this run stops writing`,
        );
    } catch (error) {
      this.report('warning', `not renewed: ${messageOf(error)}`);
    }
    return false;
  }

  /** Returns false if another writer was faster. The time counts from before the request: the server may have written it then. */
  private async write(write: () => Promise<KubeObject>): Promise<boolean> {
    const startedMs = this.clock.monotonicMs();
    try {
      this.object = asKind('Lease', await write());
      this.renewedAtMs = startedMs;
      return true;
    } catch (error) {
      if (error instanceof ClusterError && (error.status === 409 || error.reason === 'NotFound')) return false;
      throw error;
    }
  }

  /** Without a holder, other runs were always faster, or the namespace does not exist. */
  private unavailable(holder: string): BlockedError {
    const { subject } = this;
    if (holder === '') return new BlockedError('the Lease cannot be created.', { subject, hint: 'Does the namespace exist?' });
    return new BlockedError(`another run works on this Kafka: ${holder} holds the Lease and renews it.`, {
      subject,
      hint: 'Run again when it is done. A run that was killed loses the Lease after half a minute.',
    });
  }

  private async read(): Promise<LeaseObject | undefined> {
    return asKind('Lease', await this.cluster.get(this.subject));
  }

  private withSpec(object: LeaseObject, spec: object): KubeObject {
    return { ...object, spec: { ...object.spec, ...spec } };
  }

  private report(event: 'waiting' | 'warning', message: string, wait?: ProgressEvent['wait']): void {
    this.options.report({ event, subject: this.subject, message, ...(wait === undefined ? {} : { wait }) });
  }

  /** Kubernetes' MicroTime. */
  private microTime(): string {
    return this.clock.now().toISOString().replace('Z', '000Z');
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
