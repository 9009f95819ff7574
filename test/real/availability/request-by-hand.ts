/**
 * KubeDB without a reconciler: the KafkaOpsRequest that an administrator writes for an operation, and what he waits for. It shares nothing with
 * the requests of the product.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { KINDS, type KubeObject } from '#model/kube-object';
import { untyped } from '../../support/untyped';
import { KAFKA, type World } from '../../support/world';
import type { Setting } from './operations';

const POLL_MS = 250;
const TIMEOUT = '30m';

/** Returns `spec.tls` of the request that leads from one setting to another. */
function tlsOf(before: Setting, after: Setting): object {
  if (after.issuer === undefined) return { remove: true };
  if (after.issuedAfter !== before.issuedAfter) return { rotateCertificates: true };
  return {
    issuerRef: { apiGroup: 'cert-manager.io', kind: 'Issuer', name: after.issuer },
    certificates: [{ alias: 'server', ...(after.dnsNames.length > 0 ? { dnsNames: after.dnsNames } : {}) }, { alias: 'client' }],
  };
}

/** Creates the request and resolves when KubeDB has finished it. */
export async function requestByHand(world: World, name: string, before: Setting, after: Setting): Promise<void> {
  const subject = world.ref(KINDS.KafkaOpsRequest, name);
  const spec = { type: 'ReconfigureTLS', databaseRef: { name: KAFKA }, tls: tlsOf(before, after), timeout: TIMEOUT, apply: 'Always' };
  const { apiVersion, kind } = KINDS.KafkaOpsRequest;
  await world.cluster.create({ apiVersion, kind, metadata: { name, namespace: world.namespace }, spec } as KubeObject);
  for (;;) {
    const { phase, conditions } = untyped((await world.cluster.get(subject))?.status) ?? {};
    if (phase === 'Successful') return;
    if (phase === 'Failed' || phase === 'Skipped') throw new Error(`KafkaOpsRequest/${name}: ${phase}: ${JSON.stringify(conditions)}`);
    await pause(POLL_MS);
  }
}
