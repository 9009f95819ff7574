/** Issues the broker certificates, with a record on the request, and creates the password of their stores. */

import type { KubeObject } from '#model/kube-object';
import { KEYSTORE_PASSWORD_KEYS } from '#model/kubedb';
import { REQUEST } from '#model/names';
import { COUNT, jsonAs, map, record as recordOf, STRING } from '#model/schema';
import { ALIASES } from '#model/tls';
import type { PlannedCertificate, StepOf } from '#reconciler/model/plan';
import { type ExecuteContext, emit, replanOnConflict, type StepResult, withAnnotations } from '../../execute/context';
import { type Baseline, issueCertificates } from '../../execute/issue';
import { ISSUED, modifyRequest, type NativeRun, record } from './request';

export function issue(run: NativeRun, step: StepOf<'issue'>): Promise<StepResult> {
  return issueCertificates(run, step, {
    baseline: (now, certificates) => recordBaseline(run, now, certificates),
    issued: () => record(run, ISSUED),
  });
}

/** Creates the password of the JKS stores, as KubeDB does when there is none. */
export async function createPassword(context: ExecuteContext, { subject }: StepOf<'createPassword'>): Promise<StepResult> {
  if ((await context.cluster.get(subject)) !== undefined) return 'done';
  const password = Buffer.from(context.random(24)).toString('base64');
  const result = await replanOnConflict(
    context.cluster.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: subject.name, namespace: subject.namespace ?? '' },
      type: 'Opaque',
      data: Object.fromEntries(KEYSTORE_PASSWORD_KEYS.map((key) => [key, password])),
    }),
  );
  if (result === 'done') emit(context, 'applied', subject, 'created, with a new password for the JKS stores');
  return result;
}

/**
 * Returns what the Secrets held before the trigger. The request records it, so that a later run compares with the same content, unless a
 * certificate was issued meanwhile and must be replaced once more.
 */
async function recordBaseline(run: NativeRun, now: Baseline, certificates: readonly PlannedCertificate[]): Promise<Baseline> {
  if (!certificates.some((c) => c.isRotation)) return now;
  const request = await modifyRequest(run, (r) => {
    const recorded = baselineOf(r);
    const isSame = (alias: string) => recorded[alias]?.fingerprint === now[alias]?.fingerprint;
    const baseline = Object.fromEntries(ALIASES.map((alias) => [alias, isSame(alias) ? recorded[alias] : now[alias]]));
    return withAnnotations(r, { [REQUEST.baseline]: JSON.stringify(baseline) });
  });
  return request === undefined ? now : baselineOf(request);
}

const BASELINE = recordOf(map({ revision: COUNT, fingerprint: STRING }));

/** A value of another writer counts as absent. */
function baselineOf({ metadata }: KubeObject): Baseline {
  return jsonAs(BASELINE, metadata.annotations?.[REQUEST.baseline] ?? '') ?? {};
}
