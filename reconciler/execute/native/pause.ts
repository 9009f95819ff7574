/** The `Paused` condition of the Kafka: set before anything is changed, removed on every way out, and never taken from somebody else. */
import { conditionOf, formatRef, groupOf, KINDS, type ObjectRef } from '#model/kube-object';
import { PAUSE_REASON } from '#model/names';
import { BlockedError } from '#reconciler/errors';
import { type ExecuteContext, emit, modify, withCondition, withoutCondition } from '../context';
import type { NativeRun } from './run';

export async function pause({ context, request }: NativeRun, kafka: ObjectRef): Promise<void> {
  const why = request === undefined ? '' : `for ${formatRef(request)}`;
  const message = `by kafka-tls ${why}`.trimEnd();
  await modify(
    context.cluster,
    kafka,
    (object) => {
      const has = conditionOf(object, 'Paused');
      if (has?.status === 'True' && has.reason !== PAUSE_REASON) {
        throw new BlockedError(`was paused by somebody else meanwhile (${[has.reason, has.message].filter(Boolean).join(': ')}).`, {
          subject: kafka,
        });
      }
      const condition = {
        type: 'Paused',
        status: 'True' as const,
        reason: PAUSE_REASON,
        message: `${message}; ${whoResumes(kafka)}`,
        observedGeneration: object.metadata.generation ?? 1,
      };
      return withCondition(object, condition, context.clock.now());
    },
    { status: true },
  );
  emit(context, 'paused', kafka, why === '' ? 'paused' : why);
}

/** Who finds a Kafka paused may find nothing else of us: neither the Job that paused it nor the KafkaTls that it belonged to. */
export function whoResumes({ name, namespace }: ObjectRef): string {
  const { plural, apiVersion } = KINDS.Kafka;
  const edit = `kubectl edit ${plural}.${groupOf(apiVersion)} ${name} -n ${namespace} --subresource=status`;
  return `the next run resumes it; if there will be none, run "${edit}" and delete the condition Paused`;
}

/** Lifts our own pause; that of somebody else is left. */
export async function resume(context: ExecuteContext, kafka: ObjectRef): Promise<void> {
  let isLifted = false;
  await modify(
    context.cluster,
    kafka,
    (object) => {
      isLifted = conditionOf(object, 'Paused')?.reason === PAUSE_REASON;
      return isLifted ? withoutCondition(object, 'Paused') : undefined;
    },
    { status: true },
  );
  if (isLifted) emit(context, 'resumed', kafka, 'KubeDB looks after it again');
}
