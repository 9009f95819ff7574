/** The `Paused` condition of the Kafka: set before the first change, removed however the run ends, and never taken from another writer. */
import { conditionOf, formatRef, groupOf, KINDS, type KubeObject, type ObjectRef } from '#model/kube-object';
import { PAUSE_REASON } from '#model/names';
import { BlockedError } from '#reconciler/errors';
import { type ExecuteContext, emit, modify, type StepResult, withCondition, withoutCondition } from './context';

export async function pause(context: ExecuteContext, kafka: ObjectRef, request: ObjectRef | undefined): Promise<StepResult> {
  const why = request === undefined ? '' : `for ${formatRef(request)}`;
  const message = `by kafka-tls ${why}`.trimEnd();
  const paused = (object: KubeObject) => {
    const has = conditionOf(object, 'Paused');
    if (has?.status === 'True' && has.reason !== PAUSE_REASON) {
      throw new BlockedError(`was paused by another writer meanwhile (${[has.reason, has.message].filter(Boolean).join(': ')}).`, {
        subject: kafka,
      });
    }
    const condition = { type: 'Paused', reason: PAUSE_REASON, message: `${message}; ${howToResume(kafka)}` };
    return withCondition(object, condition, context.clock.now());
  };
  await modify(context.cluster, kafka, paused, { status: true });
  emit(context, 'paused', kafka, why === '' ? 'paused' : why);
  return 'done';
}

/** The Job that paused a Kafka, and its KafkaTls, may no longer exist when a person finds the pause. */
export function howToResume({ name, namespace }: ObjectRef): string {
  const { plural, apiVersion } = KINDS.Kafka;
  const edit = `kubectl edit ${plural}.${groupOf(apiVersion)} ${name} -n ${namespace} --subresource=status`;
  return `the next run resumes it; without another run, run "${edit}" and delete the condition Paused`;
}

/** Lifts our own pause, never that of another writer. */
export async function resume(context: ExecuteContext, kafka: ObjectRef): Promise<StepResult> {
  let isLifted = false;
  const resumed = (object: KubeObject) => {
    isLifted = conditionOf(object, 'Paused')?.reason === PAUSE_REASON;
    return isLifted ? withoutCondition(object, 'Paused') : undefined;
  };
  await modify(context.cluster, kafka, resumed, { status: true });
  if (isLifted) emit(context, 'resumed', kafka, 'KubeDB reconciles it again');
  return 'done';
}
