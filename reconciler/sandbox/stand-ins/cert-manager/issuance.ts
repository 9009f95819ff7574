/** The issuance of one certificate: a key, a request, and at the end the Secret. */
import type { KeyObject } from 'node:crypto';
import { contentHash } from '#model/content-hash';
import { type Condition, conditionOf } from '#model/kube-object';
import { timestamp } from '#reconciler/sandbox/clock';
import { keyOf, named } from '../cache';
import { type Context, controllerOf, decoded, isOwnedBy, objectOf } from '../context';
import { type Certificate, type CertificateRequest, KINDS } from '../kinds';
import { canBeEncoded } from '../pki/content';
import { type KeySource, keyFits, keyToPem } from '../pki/keys';
import { contentId, createRequest } from '../pki/x509';
import { type Issued, isComplete, issuedOf, targetSecret } from './secret';
import { type CertificateFacts, factsOf, reportStatus, requestOf, revisionOf } from './status';
import { isSameIssuer, keySpecOf, requestFacts } from './violations';

/** Private keys of pending requests, by namespace and name of the request. */
export type PendingKeys = Map<string, KeyObject>;

export class Issuance {
  /** Hashes of the Secrets as last applied, so that only a change is written. */
  private readonly applied = new Map<string, string>();

  constructor(
    private readonly context: Context,
    private readonly keys: KeySource,
    private readonly pending: PendingKeys,
  ) {}

  /** Takes an issuance one step further: create the request, wait for it, or write the Secret. */
  async advance(certificate: Certificate): Promise<void> {
    const revision = revisionOf(certificate) + 1;
    const request = requestOf(this.context, certificate, revision);
    const key = request && this.pending.get(keyOf(request));
    if (request !== undefined && (key === undefined || !isUpToDate(certificate, request))) return this.context.client.delete(request);
    const ready = request && conditionOf(request, 'Ready');
    if (request !== undefined && ready?.reason === 'Failed') return this.fail(certificate, request, ready);
    if (request !== undefined && key !== undefined && ready?.status === 'True') return this.complete(certificate, request, key);
    const facts = factsOf(this.context, certificate);
    await reportStatus(this.context, facts);
    if (request === undefined) await this.request(facts, revision);
  }

  /** Applies the parts of the Secret that need no new certificate: labels, annotations, output formats, missing stores. */
  async refresh({ certificate, secret }: CertificateFacts): Promise<void> {
    if (secret !== undefined) await this.apply(certificate, issuedOf(secret), false);
  }

  private async request({ certificate, material }: CertificateFacts, revision: number): Promise<void> {
    const { name, namespace = '', labels = {} } = certificate.metadata;
    const { issuerRef, duration, isCA, usages, privateKey } = certificate.spec;
    const keySpec = keySpecOf(certificate);
    const kept = privateKey?.rotationPolicy === 'Never' ? material?.key : undefined;
    // Nor can cert-manager: it logs the error, and the Certificate stays as it is.
    if ((kept !== undefined && !keyFits(kept, keySpec)) || !canBeEncoded(certificate.spec)) return;
    const key = kept ?? (await this.keys(keySpec));
    const requestName = `${name}-${revision}`;
    this.pending.set(keyOf(named(namespace, requestName)), key);
    const annotations = { 'cert-manager.io/certificate-name': name, 'cert-manager.io/certificate-revision': String(revision) };
    const metadata = { name: requestName, namespace, labels, annotations, ownerReferences: [controllerOf(certificate)] };
    const request = Buffer.from(createRequest(key, certificate.spec)).toString('base64');
    const spec = { request, issuerRef, duration, isCA, usages };
    await this.context.client.create(objectOf(KINDS.CertificateRequest, metadata, { spec }));
  }

  private async complete(certificate: Certificate, request: CertificateRequest, key: KeyObject): Promise<void> {
    const text = (field: 'certificate' | 'ca') => Buffer.from(request.status?.[field] ?? '', 'base64').toString('utf8');
    const encoding = certificate.spec.privateKey?.encoding ?? 'PKCS1';
    const issued = { key: keyToPem(key, encoding), certificate: text('certificate'), ca: text('ca') };
    if (!(await this.apply(certificate, issued, true))) return;
    const { lastFailureTime: _at, failedIssuanceAttempts: _attempts, ...fields } = certificate.status ?? {};
    const revision = revisionOf(certificate) + 1;
    const facts = factsOf(this.context, certificate, request);
    await reportStatus(this.context, facts, { issuing: 'remove', fields: { ...fields, revision } });
    this.pending.delete(keyOf(request));
    await this.deleteOldRequests(certificate, revision);
  }

  private async fail(certificate: Certificate, request: CertificateRequest, ready: Condition): Promise<void> {
    const since = conditionOf(certificate, 'Issuing')?.lastTransitionTime ?? '';
    // The issuance was triggered again after the failure.
    if (since > (request.status?.failureTime ?? '')) return this.context.client.delete(request);
    const message = `The certificate request has failed to complete and will be retried: ${ready.message ?? ''}`;
    const failure = {
      lastFailureTime: timestamp(this.context.clock.now()),
      failedIssuanceAttempts: (certificate.status?.failedIssuanceAttempts ?? 0) + 1,
    };
    return reportStatus(this.context, factsOf(this.context, certificate), {
      issuing: { status: 'False', reason: ready.reason ?? 'Failed', message },
      fields: { ...certificate.status, ...failure },
    });
  }

  /** Returns false while the password of the key stores is missing. */
  private async apply(certificate: Certificate, issued: Issued, isNew: boolean): Promise<boolean> {
    const { cache, client, clock } = this.context;
    const { namespace, uid = '' } = certificate.metadata;
    const { keystores: { jks } = {}, secretName } = certificate.spec;
    const { name = '', key = '' } = jks?.passwordSecretRef ?? {};
    const password = jks?.password ?? decoded(cache.get(KINDS.Secret, namespace, name))[key];
    if (jks?.create === true && password === undefined) return false;
    const existing = cache.get(KINDS.Secret, namespace, secretName);
    const options = { issued, existing, password, now: clock.now() };
    const kept = targetSecret(certificate, { ...options, isNew });
    const isDue = !isNew && existing !== undefined && !isComplete(existing, kept);
    const target = isDue ? targetSecret(certificate, { ...options, isNew: true }) : kept;
    if (!isNew && !isDue && this.applied.get(uid) === contentHash([existing?.metadata.uid, target])) return true;
    const written = await client.apply(target);
    this.applied.set(uid, contentHash([written.metadata.uid, target]));
    return true;
  }

  private async deleteOldRequests(certificate: Certificate, revision: number): Promise<void> {
    const kept = revision - (certificate.spec.revisionHistoryLimit ?? 1);
    for (const request of this.context.cache.list(KINDS.CertificateRequest, certificate.metadata.namespace)) {
      const isOld = Number(request.metadata.annotations?.['cert-manager.io/certificate-revision']) <= kept;
      if (isOld && isOwnedBy(certificate, request)) await this.context.client.delete(request);
    }
  }
}

/** Tells whether a request asks for what the Certificate's spec says. */
function isUpToDate({ spec }: Certificate, request: CertificateRequest): boolean {
  const { issuerRef, duration } = request.spec;
  return requestFacts(request).contentId === contentId(spec) && isSameIssuer(issuerRef, spec.issuerRef) && duration === spec.duration;
}
