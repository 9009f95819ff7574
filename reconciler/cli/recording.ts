/** The events of a run for programs, printed as lines of JSON. */
import type { ObjectRef } from '#model/kube-object';
import type { KafkaTlsError } from '../errors';
import { EVENTS_FORMAT, type RunFailure } from '../model/run-events';
import type { EventDetails, Report } from '../ports';
import { errorFields } from '../report/error';
import { eventFields, eventJson } from '../report/progress';
import type { Session } from './io';
import { VERSION } from './version';

export interface Recording {
  /** Whether a program reads the events: otherwise nothing is computed for it. */
  readonly isRead: boolean;
  readonly report: Report;
  /** The run knows its Kafka from now on. */
  readonly about: (kafka: ObjectRef) => void;
  /** The run works on its Kafka from now on. */
  readonly started: (id: string) => void;
  /** How the run ended. Counts once: the first is the cause. */
  readonly finished: (message: string, error?: KafkaTlsError, details?: EventDetails) => void;
}

/** Returns the recording of a run. */
export function record(isRead: boolean, { io, runtime }: Session): Recording {
  let kafka: ObjectRef | undefined;
  let isFinished = false;
  const report: Report = (event) => {
    if (isRead) io.stdout(eventJson(eventFields(event, runtime.clock.now())));
  };
  return {
    isRead,
    report,
    about: (subject) => {
      kafka = subject;
    },
    started: (id) => {
      const run = { format: EVENTS_FORMAT, version: VERSION, id };
      if (kafka !== undefined) report({ event: 'started', subject: kafka, message: `by kafka-tls ${VERSION}`, run });
    },
    finished: (message, error, details = {}) => {
      if (kafka === undefined || isFinished) return;
      isFinished = true;
      const failure = error === undefined ? {} : { error: errorFields(error) as RunFailure };
      report({ event: 'finished', subject: kafka, message, ...failure, ...details });
    },
  };
}
