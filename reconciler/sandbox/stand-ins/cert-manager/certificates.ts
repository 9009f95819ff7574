/** Certificates: when to issue, the request that asks for it, and what comes of it. */
import type { KeyObject } from 'node:crypto';
import { type Condition, conditionOf, contentHash, hasTrueCondition, KINDS, type KubeObject } from '../../../../constructs/model/kube-object';
import { timestamp } from '../../clock';
import { type Again, type Controller, ownerKey, ownKey } from '../controller';
import type { KeySource } from '../pki/keys';
import { contentId, createRequest, requestedContentId } from '../pki/x509';
import { conditionsOf, controllerOf, decoded, type NewCondition, withCondition, type World, writeStatus } from '../world';
import { isSameIssuer } from './issuers';
import { encodeKey, issuedOf, targetSecret } from './target-secret';
import { findViolation, keySpecOf, type Material, materialOf, renewalTime, type Violation } from './violations';

/** Private keys of requests that are under way. */
export type PendingKeys = Map<string, KeyObject>;

export function pendingKey(namespace: string | undefined, request: string): string {
  return `${namespace ?? ''}/${request}`;
}

/** After a failure the next attempt waits, twice as long each time. */
const FIRST_BACKOFF_MS = 3_600_000;
const LONGEST_BACKOFF_MS = 32 * FIRST_BACKOFF_MS;

export function certificateController(world: World, keys: KeySource, pending: PendingKeys): Controller {
  const certificates = new Certificates(world, keys, pending);
  return {
    name: 'cert-manager-certificates',
    watches: [
      { kind: KINDS.Certificate, keys: ownKey },
      { kind: KINDS.CertificateRequest, keys: ownerKey(KINDS.Certificate) },
      { kind: KINDS.Secret, keys: (secret) => world.cache.list(KINDS.Certificate, secret.metadata.namespace).filter((c) => concerns(secret, c)).flatMap(ownKey) },
    ],
    reconcile: async ({ namespace, name }) => {
      const certificate = world.cache.get(KINDS.Certificate, namespace, name);
      if (certificate === undefined || certificate.metadata.deletionTimestamp !== undefined) return undefined;
      return certificates.reconcile(certificate);
    },
  };
}

function concerns({ metadata: { name } }: KubeObject, { spec }: KubeObject): boolean {
  return spec.secretName === name || spec.keystores?.jks?.passwordSecretRef?.name === name;
}

class Certificates {
  /** What was applied to a Secret last, so that only changes are. */
  private readonly applied = new Map<string, string>();

  constructor(
    private readonly world: World,
    private readonly keys: KeySource,
    private readonly pending: PendingKeys,
  ) {}

  async reconcile(certificate: KubeObject): Promise<Again> {
    if (hasTrueCondition(certificate, 'Issuing')) return this.issue(certificate);
    const now = this.world.clock.now();
    const violation = findViolation({ certificate, secret: this.secretOf(certificate), request: this.requestOf(certificate, revisionOf(certificate)), now });
    const renewal = violation === undefined ? this.renewalOf(certificate) : undefined;
    const isDue = renewal !== undefined && renewal <= now;
    const trigger = violation ?? (isDue ? { reason: 'Renewing', message: `Renewing certificate as renewal was scheduled at ${timestamp(renewal)}` } : undefined);
    const waitMs = this.backoffLeft(certificate);
    const mayIssue = trigger !== undefined && waitMs === 0 && this.isOwnerOfSecret(certificate);
    if (violation === undefined && !isDue) await this.refresh(certificate);
    await this.report(certificate, violation, mayIssue ? trigger : undefined);
    if (trigger !== undefined) return waitMs > 0 ? waitMs : undefined;
    return renewal === undefined ? undefined : renewal.getTime() - now.getTime();
  }

  /** Takes an issuance one step on: ask, wait, or put what has come into the Secret. */
  private async issue(certificate: KubeObject): Promise<Again> {
    const revision = revisionOf(certificate) + 1;
    const request = this.requestOf(certificate, revision);
    if (request === undefined) {
      await this.report(certificate, this.violationOf(certificate));
      await this.request(certificate, revision);
      return undefined;
    }
    const key = this.pending.get(pendingKey(request.metadata.namespace, request.metadata.name));
    if (key === undefined || !isAskedFor(certificate, request)) {
      await this.world.client.delete(request);
      return undefined;
    }
    const ready = conditionOf(request, 'Ready');
    if (ready?.reason === 'Failed') return this.fail(certificate, request, ready);
    if (ready?.status !== 'True') return void (await this.report(certificate, this.violationOf(certificate)));
    return this.complete(certificate, request, { key, revision });
  }

  private async request(certificate: KubeObject, revision: number): Promise<void> {
    const { name, namespace, labels } = certificate.metadata;
    const { spec } = certificate;
    const key = await this.keyFor(certificate);
    const requestName = `${name}-${revision}`;
    this.pending.set(pendingKey(namespace, requestName), key);
    await this.world.client.create({
      apiVersion: KINDS.CertificateRequest.apiVersion,
      kind: KINDS.CertificateRequest.kind,
      metadata: {
        name: requestName,
        namespace: namespace ?? '',
        ...(labels === undefined ? {} : { labels }),
        annotations: { 'cert-manager.io/certificate-name': name, 'cert-manager.io/certificate-revision': String(revision) },
        ownerReferences: [controllerOf(certificate)],
      },
      spec: {
        request: Buffer.from(createRequest(key, spec)).toString('base64'),
        issuerRef: spec.issuerRef,
        ...(spec.duration === undefined ? {} : { duration: spec.duration }),
        ...(spec.isCA === undefined ? {} : { isCA: spec.isCA }),
        ...(spec.usages === undefined ? {} : { usages: spec.usages }),
      },
    });
  }

  private async keyFor(certificate: KubeObject): Promise<KeyObject> {
    const secret = this.secretOf(certificate);
    const material = secret === undefined ? undefined : materialOf(secret);
    const isKept = certificate.spec.privateKey?.rotationPolicy === 'Never' && material !== undefined && 'key' in material;
    return isKept ? material.key : this.keys(keySpecOf(certificate));
  }

  private async complete(certificate: KubeObject, request: KubeObject, { key, revision }: { key: KeyObject; revision: number }): Promise<Again> {
    const text = (field: 'certificate' | 'ca') => Buffer.from(request.status[field] ?? '', 'base64').toString('utf8');
    const issued = { key: encodeKey(certificate, key), certificate: text('certificate'), ca: text('ca') };
    if (!(await this.apply(certificate, issued, true))) return undefined;
    const secret = this.secretOf(certificate);
    const violation = findViolation({ certificate, secret, request, now: this.world.clock.now() });
    const { lastFailureTime: _at, failedIssuanceAttempts: _attempts, ...status } = certificate.status ?? {};
    const conditions = conditionsOf(certificate).filter((c) => c.type !== 'Issuing');
    await this.write(certificate, { ...status, revision }, withCondition(conditions, this.ready(certificate, violation), this.world.clock.now()));
    this.pending.delete(pendingKey(request.metadata.namespace, request.metadata.name));
    await this.forgetOldRequests(certificate, revision);
    return undefined;
  }

  private async fail(certificate: KubeObject, request: KubeObject, ready: Condition): Promise<Again> {
    const since = conditionOf(certificate, 'Issuing')?.lastTransitionTime ?? '';
    if (since > (request.status?.failureTime ?? '')) return void (await this.world.client.delete(request));
    const now = this.world.clock.now();
    const message = `The certificate request has failed to complete and will be retried: ${ready.message ?? ''}`;
    const failed: NewCondition = { type: 'Issuing', status: 'False', reason: ready.reason ?? 'Failed', message, observedGeneration: generationOf(certificate) };
    const attempts = (certificate.status?.failedIssuanceAttempts ?? 0) + 1;
    await this.write(certificate, { ...certificate.status, lastFailureTime: timestamp(now), failedIssuanceAttempts: attempts }, withCondition(conditionsOf(certificate), failed, now));
    return undefined;
  }

  /** Applies to the Secret what causes no new certificate: labels, annotations, output formats, missing stores. */
  private async refresh(certificate: KubeObject): Promise<void> {
    const secret = this.secretOf(certificate);
    if (secret !== undefined) await this.apply(certificate, issuedOf(secret), false);
  }

  /** Returns false while the password of the key stores is missing. */
  private async apply(certificate: KubeObject, issued: ReturnType<typeof issuedOf>, isNew: boolean): Promise<boolean> {
    const jks = certificate.spec.keystores?.jks;
    const { name = '', key = '' } = jks?.passwordSecretRef ?? {};
    const { namespace, uid = '' } = certificate.metadata;
    const password: string | undefined = jks?.create === true ? (jks.password ?? decoded(this.world.cache.get(KINDS.Secret, namespace, name))[key]) : undefined;
    if (jks?.create === true && password === undefined) return false;
    const target = targetSecret(certificate, { issued, existing: this.secretOf(certificate), password, isNew, now: this.world.clock.now() });
    const live = this.secretOf(certificate);
    const hash = contentHash([live?.metadata.uid, target]);
    if (!isNew && this.applied.get(uid) === hash) return true;
    const written = await this.world.client.apply(target);
    this.applied.set(uid, contentHash([written.metadata.uid, target]));
    return true;
  }

  private async report(certificate: KubeObject, violation: Violation | undefined, trigger?: Violation): Promise<void> {
    const now = this.world.clock.now();
    const ready = withCondition(conditionsOf(certificate), this.ready(certificate, violation), now);
    const issuing: NewCondition | undefined = trigger && { type: 'Issuing', status: 'True', ...trigger, observedGeneration: generationOf(certificate) };
    await this.write(certificate, certificate.status, issuing === undefined ? ready : withCondition(ready, issuing, now));
  }

  private ready(certificate: KubeObject, violation: Violation | undefined): NewCondition {
    const secret = this.secretOf(certificate);
    const material = secret === undefined ? undefined : materialOf(secret);
    const isExpired = material !== undefined && 'key' in material && material.certificate.validToDate <= this.world.clock.now();
    const problem = violation ?? (isExpired ? { reason: 'Expired', message: 'Certificate has expired' } : undefined);
    const good = { status: 'True' as const, reason: 'Ready', message: 'Certificate is up to date and has not expired' };
    return { type: 'Ready', observedGeneration: generationOf(certificate), ...(problem === undefined ? good : { status: 'False', ...problem }) };
  }

  private async write(certificate: KubeObject, status: object | undefined, conditions: readonly Condition[]): Promise<void> {
    const secret = this.secretOf(certificate);
    const material = secret === undefined ? undefined : materialOf(secret);
    const dates = material !== undefined && 'key' in material ? datesOf(certificate, material) : {};
    await writeStatus(this.world, certificate, { ...status, ...dates, conditions });
  }

  private async forgetOldRequests(certificate: KubeObject, revision: number): Promise<void> {
    const { namespace, uid } = certificate.metadata;
    const kept = revision - (certificate.spec.revisionHistoryLimit ?? 1);
    for (const request of this.world.cache.list(KINDS.CertificateRequest, namespace)) {
      const isOurs = request.metadata.ownerReferences?.some((o) => o.uid === uid) === true;
      if (isOurs && Number(request.metadata.annotations?.['cert-manager.io/certificate-revision']) <= kept) await this.world.client.delete(request);
    }
  }

  private violationOf(certificate: KubeObject): Violation | undefined {
    return findViolation({ certificate, secret: this.secretOf(certificate), request: this.requestOf(certificate, revisionOf(certificate)), now: this.world.clock.now() });
  }

  private renewalOf(certificate: KubeObject): Date | undefined {
    const secret = this.secretOf(certificate);
    const material = secret === undefined ? undefined : materialOf(secret);
    return material !== undefined && 'key' in material ? renewalTime(certificate, material) : undefined;
  }

  private backoffLeft(certificate: KubeObject): number {
    const { lastFailureTime, failedIssuanceAttempts = 1 } = certificate.status ?? {};
    const isForThisSpec = conditionOf(certificate, 'Issuing')?.observedGeneration === generationOf(certificate);
    if (lastFailureTime === undefined || !isForThisSpec) return 0;
    const backoff = Math.min(FIRST_BACKOFF_MS * 2 ** (failedIssuanceAttempts - 1), LONGEST_BACKOFF_MS);
    return Math.max(0, Date.parse(lastFailureTime) + backoff - this.world.clock.now().getTime());
  }

  /** Of Certificates that share a Secret only one is issued: the one that the Secret names, else the oldest. */
  private isOwnerOfSecret(certificate: KubeObject): boolean {
    const sharing = this.world.cache.list(KINDS.Certificate, certificate.metadata.namespace).filter((c) => c.spec.secretName === certificate.spec.secretName);
    const named = this.secretOf(certificate)?.metadata.annotations?.['cert-manager.io/certificate-name'];
    const age = ({ metadata }: KubeObject) => `${metadata.creationTimestamp} ${metadata.name}`;
    const owner = sharing.find((c) => c.metadata.name === named) ?? [...sharing].sort((a, b) => (age(a) < age(b) ? -1 : 1))[0];
    return owner === undefined || owner.metadata.name === certificate.metadata.name;
  }

  private secretOf({ metadata, spec }: KubeObject): KubeObject | undefined {
    return this.world.cache.get(KINDS.Secret, metadata.namespace, spec.secretName);
  }

  private requestOf({ metadata }: KubeObject, revision: number): KubeObject | undefined {
    return this.world.cache.get(KINDS.CertificateRequest, metadata.namespace, `${metadata.name}-${revision}`);
  }
}

function revisionOf(certificate: KubeObject): number {
  return certificate.status?.revision ?? 0;
}

function generationOf(certificate: KubeObject): number {
  return certificate.metadata.generation ?? 1;
}

/** Tells whether a request still asks for what the Certificate wants. */
function isAskedFor(certificate: KubeObject, request: KubeObject): boolean {
  const requestPem = Buffer.from(request.spec.request, 'base64').toString('utf8');
  const isSameContent = requestedContentId(requestPem) === contentId(certificate.spec);
  return isSameContent && isSameIssuer(request.spec.issuerRef, certificate.spec.issuerRef) && request.spec.duration === certificate.spec.duration;
}

function datesOf(certificate: KubeObject, material: Material): object {
  const { validFromDate, validToDate } = material.certificate;
  const renewal = renewalTime(certificate, material);
  return {
    notBefore: timestamp(validFromDate),
    notAfter: timestamp(validToDate),
    ...(renewal === undefined ? {} : { renewalTime: timestamp(renewal) }),
  };
}
