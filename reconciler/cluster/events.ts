/**
 * Kubernetes Events: the progress of a run where `kubectl describe` shows it, on the Kafka and, for events about one, on the
 * KafkaOpsRequest.
 *
 * They are written beside the work and never stop it: an Event that cannot be written is dropped, and a run that may not write Events (403)
 * does not try again. A run that has nothing to do writes none.
 */
import { contentHash } from '#model/content-hash';
import { formatRef, KINDS, type KubeObject, type ObjectRef } from '#model/kube-object';
import { FIELD_MANAGER } from '#model/names';
import { ClusterError, OVER } from '../errors';
import type { Clock, Cluster, ProgressEvent } from '../ports';

/** The reason of each Event: for the progress events that become one, and for the ways in which a run may end. */
export const EVENT_REASONS = {
  planned: 'Planned',
  submitted: 'Submitted',
  paused: 'Paused',
  issued: 'Issued',
  reconfigured: 'Reconfigured',
  evicted: 'Restarting',
  ready: 'Restarted',
  reloaded: 'Reloaded',
  resumed: 'Resumed',
  warning: 'Warning',
  finished: 'Finished',
  blocked: 'Blocked',
  failed: 'Failed',
} as const;
type EventKind = keyof typeof EVENT_REASONS;

const WARNINGS: readonly EventKind[] = ['warning', 'blocked', 'failed'];
/** Kubernetes accepts no longer message. */
const LONGEST_MESSAGE = 1024;
/** For Events that are not yet written when the run ends. */
const FLUSH_MS = 5_000;

export interface ClusterEvents {
  /** Writes the Event of a progress event, if there is one for it. */
  readonly report: (event: ProgressEvent) => void;
  /** Writes how the run ended; resolves when all Events are written, or dropped. */
  readonly end: (how: 'finished' | 'blocked' | 'failed', message: string) => Promise<void>;
}

/** Returns the Events of a run about a Kafka; `identity` names the run. */
export function clusterEvents(cluster: Cluster, clock: Clock, kafka: ObjectRef, identity: string): ClusterEvents {
  const uids = new Map<string, string>();
  let isAllowed = true;
  let count = 0;
  let writing: Promise<void> = Promise.resolve();

  /** This run itself may create the Kafka: an object that does not exist is looked for again. */
  const uidOf = async (about: ObjectRef): Promise<string | undefined> => {
    const uid = uids.get(formatRef(about)) ?? (await cluster.get(about))?.metadata.uid;
    if (uid !== undefined) uids.set(formatRef(about), uid);
    return uid;
  };
  const write = async (kind: EventKind, about: ObjectRef, message: string, at: Date, number: number): Promise<void> => {
    if (!isAllowed) return;
    try {
      const uid = await uidOf(about);
      if (uid !== undefined) await cluster.create(eventOf({ kind, about, uid, message, at, identity, number }));
    } catch (error) {
      if (error instanceof ClusterError && error.status === 403) isAllowed = false;
    }
  };
  const emit = (kind: EventKind, about: ObjectRef, message: string) => {
    const [at, number] = [clock.now(), ++count];
    writing = writing.then(() => write(kind, about, message, at, number));
  };
  return {
    report: ({ event, subject, message }) => {
      if (!hasEvent(event)) return;
      emit(event, kafka, subject.kind === kafka.kind ? message : `${subject.kind} ${subject.name}: ${message}`);
      if (subject.kind === KINDS.KafkaOpsRequest.kind) emit(event, subject, message);
    },
    end: async (how, message) => {
      if (how !== 'finished' || count > 0) emit(how, kafka, message);
      const written = new AbortController();
      const timeout = clock.sleep(FLUSH_MS, written.signal).catch(() => undefined);
      await Promise.race([writing, timeout]);
      written.abort(OVER);
    },
  };
}

function hasEvent(event: string): event is Exclude<EventKind, 'finished'> {
  return event in EVENT_REASONS && event !== 'finished';
}

interface EventFacts {
  readonly kind: EventKind;
  readonly about: ObjectRef;
  readonly uid: string;
  readonly message: string;
  readonly at: Date;
  readonly identity: string;
  readonly number: number;
}

function eventOf({ kind, about, uid, message, at, identity, number }: EventFacts): KubeObject {
  const time = at.toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    apiVersion: KINDS.Event.apiVersion,
    kind: KINDS.Event.kind,
    metadata: {
      name: `${about.name.slice(0, 200)}.${contentHash([identity, time, number], 16)}`,
      ...(about.namespace === undefined ? {} : { namespace: about.namespace }),
    },
    involvedObject: { ...about, uid },
    type: WARNINGS.includes(kind) ? 'Warning' : 'Normal',
    reason: EVENT_REASONS[kind],
    message: message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE - 3)}...` : message,
    source: { component: FIELD_MANAGER },
    reportingComponent: FIELD_MANAGER,
    reportingInstance: identity,
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  };
}
