/** Issuing one certificate: a key, a request, and in the end the Secret. */
import type { KeyObject } from 'node:crypto';
import { contentHash } from '#model/content-hash';
import { type Condition, conditionOf, KINDS, type KubeObject } from '#model/kube-object';
import { timestamp } from '#reconciler/sandbox/clock';
import { canBeEncoded } from '../pki/content';
import { type KeySource, keyFits } from '../pki/keys';
import { contentId, createRequest, readRequest } from '../pki/x509';
import { controllerOf, decoded, type World } from '../world';
import { issuedMaterial, reportStatus, requestOf, revisionOf, secretOf, violationOf } from './certificate-status';
import { isSameIssuer } from './issuers';
import { encodeKey, type Issued, issuedOf, targetSecret } from './target-secret';
import { keySpecOf } from './violations';

/** Private keys of requests that are under way. */
export type PendingKeys = Map<string, KeyObject>;

export function pendingKey(namespace: string | undefined, request: string): string {
  return `${namespace ?? ''}/${request}`;
}

export class Issuance {
  /** What was applied to a Secret last, so that only changes are. */
  private readonly applied = new Map<string, string>();

  constructor(
    private readonly world: World,
    private readonly keys: KeySource,
    private readonly pending: PendingKeys,
  ) {}

  /** Takes an issuance one step on: ask, wait, or put what has come into the Secret. */
  async advance(certificate: KubeObject): Promise<void> {
    const revision = revisionOf(certificate) + 1;
    const request = requestOf(this.world, certificate, revision);
    if (request === undefined) {
      await reportStatus(this.world, certificate, { violation: violationOf(this.world, certificate) });
      return this.request(certificate, revision);
    }
    const key = this.pending.get(pendingKey(request.metadata.namespace, request.metadata.name));
    if (key === undefined || !isAskedFor(certificate, request)) return this.world.client.delete(request);
    const ready = conditionOf(request, 'Ready');
    if (ready?.reason === 'Failed') return this.fail(certificate, request, ready);
    if (ready?.status === 'True') return this.complete(certificate, request, { key, revision });
    return reportStatus(this.world, certificate, { violation: violationOf(this.world, certificate) });
  }

  /** Applies to the Secret what causes no new certificate: labels, annotations, output formats, missing stores. */
  async refresh(certificate: KubeObject): Promise<void> {
    const secret = secretOf(this.world, certificate);
    if (secret !== undefined) await this.apply(certificate, issuedOf(secret), false);
  }

  private async request(certificate: KubeObject, revision: number): Promise<void> {
    const { name, namespace, labels } = certificate.metadata;
    const { spec } = certificate;
    const key = await this.keyFor(certificate);
    // Neither can cert-manager: it says so in its log, and the Certificate stays as it is.
    if (key === undefined || !canBeEncoded(spec)) return;
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

  /** Returns undefined when the key is to be kept, and does not fit what is asked for. */
  private async keyFor(certificate: KubeObject): Promise<KeyObject | undefined> {
    const wanted = keySpecOf(certificate);
    const kept = certificate.spec.privateKey?.rotationPolicy === 'Never' ? issuedMaterial(this.world, certificate)?.key : undefined;
    if (kept === undefined) return this.keys(wanted);
    return keyFits(kept, wanted) ? kept : undefined;
  }

  private async complete(
    certificate: KubeObject,
    request: KubeObject,
    { key, revision }: { key: KeyObject; revision: number },
  ): Promise<void> {
    const text = (field: 'certificate' | 'ca') => Buffer.from(request.status[field] ?? '', 'base64').toString('utf8');
    const issued = { key: encodeKey(certificate, key), certificate: text('certificate'), ca: text('ca') };
    if (!(await this.apply(certificate, issued, true))) return;
    const { lastFailureTime: _at, failedIssuanceAttempts: _attempts, ...fields } = certificate.status ?? {};
    await reportStatus(this.world, certificate, {
      violation: violationOf(this.world, certificate, request),
      issuing: 'over',
      fields: { ...fields, revision },
    });
    this.pending.delete(pendingKey(request.metadata.namespace, request.metadata.name));
    await this.forgetOldRequests(certificate, revision);
  }

  private async fail(certificate: KubeObject, request: KubeObject, ready: Condition): Promise<void> {
    const since = conditionOf(certificate, 'Issuing')?.lastTransitionTime ?? '';
    // Somebody has asked again after the failure.
    if (since > (request.status?.failureTime ?? '')) return this.world.client.delete(request);
    const message = `The certificate request has failed to complete and will be retried: ${ready.message ?? ''}`;
    const attempts = (certificate.status?.failedIssuanceAttempts ?? 0) + 1;
    return reportStatus(this.world, certificate, {
      violation: violationOf(this.world, certificate),
      issuing: { status: 'False', reason: ready.reason ?? 'Failed', message },
      fields: { ...certificate.status, lastFailureTime: timestamp(this.world.clock.now()), failedIssuanceAttempts: attempts },
    });
  }

  /** Returns false while the password of the key stores is missing. */
  private async apply(certificate: KubeObject, issued: Issued, isNew: boolean): Promise<boolean> {
    const { uid = '' } = certificate.metadata;
    const hasStores = certificate.spec.keystores?.jks?.create === true;
    const password = hasStores ? this.storePassword(certificate) : undefined;
    if (hasStores && password === undefined) return false;
    const existing = secretOf(this.world, certificate);
    const target = targetSecret(certificate, { issued, existing, password, isNew, now: this.world.clock.now() });
    if (!isNew && this.applied.get(uid) === contentHash([existing?.metadata.uid, target])) return true;
    const written = await this.world.client.apply(target);
    this.applied.set(uid, contentHash([written.metadata.uid, target]));
    return true;
  }

  private storePassword({ metadata, spec }: KubeObject): string | undefined {
    const { password, passwordSecretRef: { name = '', key = '' } = {} } = spec.keystores.jks;
    return password ?? decoded(this.world.cache.get(KINDS.Secret, metadata.namespace, name))[key];
  }

  private async forgetOldRequests(certificate: KubeObject, revision: number): Promise<void> {
    const { namespace, uid } = certificate.metadata;
    const kept = revision - (certificate.spec.revisionHistoryLimit ?? 1);
    for (const request of this.world.cache.list(KINDS.CertificateRequest, namespace)) {
      const isOurs = request.metadata.ownerReferences?.some((o) => o.uid === uid) === true;
      if (isOurs && Number(request.metadata.annotations?.['cert-manager.io/certificate-revision']) <= kept)
        await this.world.client.delete(request);
    }
  }
}

/** Tells whether a request still asks for what the Certificate wants. */
function isAskedFor(certificate: KubeObject, request: KubeObject): boolean {
  const requestPem = Buffer.from(request.spec.request, 'base64').toString('utf8');
  const isSameContent = readRequest(requestPem).contentId === contentId(certificate.spec);
  return (
    isSameContent && isSameIssuer(request.spec.issuerRef, certificate.spec.issuerRef) && request.spec.duration === certificate.spec.duration
  );
}
