/**
 * A new self-signed CA whose key the old root has signed first, made by cert-manager alone: an administrator changes a Certificate, and nothing
 * reads a private key.
 *
 *     published    R1, self-signed: clients can get it
 *     bridged      R1's key, signed by R0; `ca.crt` is R0
 *     anchored     the same without `ca.crt`: leaves get the bridge as their CA
 *     self-signed  R1 again, with the same key
 */
import { X509Certificate } from 'node:crypto';
import { conditionOf, KINDS, type KubeObject, type ObjectRef } from '#model/kube-object';
import { untyped } from './untyped';
import type { World } from './world';

const GROUP = 'cert-manager.io';

export class NewRoot {
  private constructor(
    private readonly world: World,
    readonly name: string,
    private readonly selfSigned: string,
  ) {}

  /** Creates the CA and an Issuer of it. */
  static async create(world: World, name: string, selfSigned: string): Promise<NewRoot> {
    const root = new NewRoot(world, name, selfSigned);
    const metadata = { name, namespace: world.namespace };
    const spec = {
      secretName: name,
      isCA: true,
      commonName: name,
      duration: '43800h',
      privateKey: { rotationPolicy: 'Never' },
      issuerRef: { group: GROUP, kind: 'Issuer', name: selfSigned },
    };
    await world.cluster.create({ apiVersion: KINDS.Certificate.apiVersion, kind: 'Certificate', metadata, spec } as KubeObject);
    await root.issued(root.certificate, 0);
    const issuer = { apiVersion: KINDS.Issuer.apiVersion, kind: 'Issuer', metadata, spec: { ca: { secretName: name } } };
    await world.cluster.create(issuer as KubeObject);
    await world.until(async () => isReady(await world.cluster.get(world.ref(KINDS.Issuer, name))));
    return root;
  }

  /** Has the certificate signed by the CA of another Issuer. */
  signBy(issuer: string): Promise<void> {
    return this.change(issuer);
  }

  /** Has it self-signed. */
  signBySelf(): Promise<void> {
    return this.change(this.selfSigned);
  }

  /** Takes the old root out of the Secret: cert-manager does not put it back before it issues the certificate again. */
  async withdrawOldRoot(): Promise<void> {
    await this.world.cluster.patch(this.world.ref(KINDS.Secret, this.name), [{ op: 'remove', path: '/data/ca.crt' }]);
  }

  /** The certificate of the CA, in PEM. */
  async pem(): Promise<string> {
    return decoded(await this.world.cluster.get(this.world.ref(KINDS.Secret, this.name)), 'tls.crt');
  }

  private async change(issuer: string): Promise<void> {
    const revision = revisionOf(await this.world.cluster.get(this.certificate));
    const key = new X509Certificate(await this.pem()).publicKey;
    await this.world.cluster.patch(this.certificate, [{ op: 'replace', path: '/spec/issuerRef/name', value: issuer }]);
    await this.issued(this.certificate, revision);
    if (!new X509Certificate(await this.pem()).publicKey.equals(key)) throw new Error(`${this.name}: cert-manager made another key`);
  }

  private issued(subject: ObjectRef, revision: number): Promise<void> {
    return this.world.until(async () => {
      const certificate = await this.world.cluster.get(subject);
      const isUnderWay = certificate !== undefined && conditionOf(certificate, 'Issuing')?.status === 'True';
      return revisionOf(certificate) > revision && !isUnderWay && isReady(certificate);
    });
  }

  private get certificate(): ObjectRef {
    return this.world.ref(KINDS.Certificate, this.name);
  }
}

function decoded(secret: KubeObject | undefined, key: string): string {
  return Buffer.from(untyped(secret)?.data?.[key] ?? '', 'base64').toString('utf8');
}

function revisionOf(certificate: KubeObject | undefined): number {
  return untyped(certificate?.status)?.revision ?? 0;
}

function isReady(object: KubeObject | undefined): boolean {
  return object !== undefined && conditionOf(object, 'Ready')?.status === 'True';
}
