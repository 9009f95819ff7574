/**
 * Kubernetes Events: what a run does, where `kubectl describe` shows it, on the Kafka and, where it is about one, on the KafkaOpsRequest.
 *
 * They are told beside the work and never stop it: what cannot be written is left out, and a run that may not write them (403) does not try
 * again. A run that has nothing to do says nothing.
 */
import { contentHash } from '../../constructs/model/content-hash';
import { formatRef, KINDS, type KubeObject, type ObjectRef } from '../../constructs/model/kube-object';
import { FIELD_MANAGER } from '../../constructs/model/names';
import { ClusterError, OVER } from '../errors';
import type { Clock, Cluster, ProgressEvent } from '../ports';

/** Reasons of our Events: one an event that is worth telling, and one a way in which a run may end. */
export const EVENT_REASONS = {
  planned: 'Planned',
  submitted: 'Submitted',
  paused: 'Paused',
  issued: 'Issued',
  reconfigured: 'Reconfigured',
  evicted: 'Restarting',
  ready: 'Restarted',
  resumed: 'Resumed',
  warning: 'Warning',
  finished: 'Finished',
  blocked: 'Blocked',
  failed: 'Failed',
} as const;
type Telling = keyof typeof EVENT_REASONS;

const WARNINGS: readonly Telling[] = ['warning', 'blocked', 'failed'];
/** Kubernetes takes no longer message. */
const LONGEST_MESSAGE = 1024;
/** For what is still to be written when the run is over. */
const FLUSH_MS = 5_000;

export interface ClusterEvents {
  /** Tells of an event of the run. */
  readonly tell: (event: ProgressEvent) => void;
  /** Tells how the run ended; resolves when all was written, or given up. */
  readonly end: (how: 'finished' | 'blocked' | 'failed', message: string) => Promise<void>;
}

/** Returns what tells of a run about a Kafka; `identity` names the run. */
export function clusterEvents(cluster: Cluster, clock: Clock, kafka: ObjectRef, identity: string): ClusterEvents {
  const uids = new Map<string, string>();
  let isAllowed = true;
  let count = 0;
  let writing: Promise<void> = Promise.resolve();

  /** A Kafka may be created by this very run: what is not there is looked for again. */
  const uidOf = async (about: ObjectRef): Promise<string | undefined> => {
    const uid = uids.get(formatRef(about)) ?? (await cluster.get(about))?.metadata.uid;
    if (uid !== undefined) uids.set(formatRef(about), uid);
    return uid;
  };
  const write = async (telling: Telling, about: ObjectRef, message: string, at: Date, number: number): Promise<void> => {
    if (!isAllowed) return;
    try {
      const uid = await uidOf(about);
      if (uid !== undefined) await cluster.create(eventOf({ telling, about, uid, message, at, identity, number }));
    } catch (error) {
      if (error instanceof ClusterError && error.status === 403) isAllowed = false;
    }
  };
  const say = (telling: Telling, about: ObjectRef, message: string) => {
    const [at, number] = [clock.now(), ++count];
    writing = writing.then(() => write(telling, about, message, at, number));
  };
  return {
    tell: ({ event, subject, message }) => {
      if (!isWorthTelling(event)) return;
      const isOwn = subject.kind === KINDS.KafkaOpsRequest.kind;
      say(event, kafka, subject.kind === kafka.kind ? message : `${subject.kind} ${subject.name}: ${message}`);
      if (isOwn) say(event, subject, message);
    },
    end: async (how, message) => {
      if (how !== 'finished' || count > 0) say(how, kafka, message);
      const late = new AbortController();
      const given = clock.sleep(FLUSH_MS, late.signal).catch(() => undefined);
      await Promise.race([writing, given]);
      late.abort(OVER);
    },
  };
}

function isWorthTelling(event: string): event is Exclude<Telling, 'finished'> {
  return event in EVENT_REASONS && event !== 'finished';
}

interface Told {
  readonly telling: Telling;
  readonly about: ObjectRef;
  readonly uid: string;
  readonly message: string;
  readonly at: Date;
  readonly identity: string;
  readonly number: number;
}

function eventOf({ telling, about, uid, message, at, identity, number }: Told): KubeObject {
  const time = at.toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    apiVersion: KINDS.Event.apiVersion,
    kind: KINDS.Event.kind,
    metadata: {
      name: `${about.name.slice(0, 200)}.${contentHash([identity, time, number], 16)}`,
      ...(about.namespace === undefined ? {} : { namespace: about.namespace }),
    },
    involvedObject: { ...about, uid },
    type: WARNINGS.includes(telling) ? 'Warning' : 'Normal',
    reason: EVENT_REASONS[telling],
    message: message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE - 3)}...` : message,
    source: { component: FIELD_MANAGER },
    reportingComponent: FIELD_MANAGER,
    reportingInstance: identity,
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  };
}
