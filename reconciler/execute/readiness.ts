/** What an Issuer, Certificate or Kafka still lacks before what needs it can go on. */
import { conditionOf, hasTrueCondition, KINDS, type KubeObject } from '../../constructs/model/kube-object';

/** Returns why the object is not ready to be relied on, or undefined when it is. */
export function readiness(object: KubeObject | undefined): string | undefined {
  if (object === undefined) return 'does not exist';
  if (object.kind === KINDS.Kafka.kind)
    return hasTrueCondition(object, 'Provisioned') ? undefined : `phase ${object.status?.phase || 'not set yet'}`;
  const ready = conditionOf(object, 'Ready');
  if (hasTrueCondition(object, 'Issuing')) return 'is being issued';
  const isOutdated = (ready?.observedGeneration ?? Number.MAX_SAFE_INTEGER) < (object.metadata.generation ?? 0);
  if (ready?.status === 'True' && !isOutdated) return undefined;
  if (ready === undefined || isOutdated) return 'cert-manager has not looked at it yet';
  return [ready.reason, ready.message].filter(Boolean).join(': ') || 'is not Ready';
}
