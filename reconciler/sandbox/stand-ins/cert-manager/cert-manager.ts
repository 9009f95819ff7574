/**
 * Stand-in for cert-manager: issuers, certificates, and the requests between them. Self-signed and CA issuers sign here, ACME and Vault
 * issuers pass requests on to servers that are imitated (`remote-issuers.ts`).
 *
 *     Certificate ──violation──> Issuing ──key, CSR──> CertificateRequest ──issuer──> signed ──> Secret, revision + 1, Ready
 *
 * Why a certificate is issued anew is a chain of checks (`violations.ts`). While one is, its Ready condition goes on telling of the old one.
 * A private key that waits for its certificate is kept here, not in a temporary Secret. There is no Venafi, no PKCS#12 store, no policy of
 * approval: every request is approved.
 */
import { KINDS } from '#model/kube-object';
import type { Controller } from '../controller';
import type { KeySource } from '../pki/keys';
import type { World } from '../world';
import { certificateController } from './certificates';
import { Issuance, type PendingKeys } from './issuance';
import { issuerController } from './issuers';
import { requestController } from './requests';

export function certManager(world: World, keys: KeySource): readonly Controller[] {
  const pending: PendingKeys = new Map();
  return [
    issuerController(world, KINDS.Issuer),
    issuerController(world, KINDS.ClusterIssuer),
    certificateController(world, new Issuance(world, keys, pending)),
    requestController(world, pending, keys),
  ];
}
