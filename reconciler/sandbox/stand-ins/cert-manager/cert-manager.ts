/**
 * Stand-in for cert-manager: issuers, Certificates and the CertificateRequests between them.
 *
 *     Certificate ──violation──> Issuing ──key, CSR──> CertificateRequest ──issuer──> signed ──> Secret, revision + 1, Ready
 *
 * A chain of checks decides whether a certificate must be issued again (`violations.ts`). Until the new one is there, the Ready condition
 * describes the old one. Self-signed and CA issuers sign here; ACME servers and Vaults are imitated (`issuers.ts`). The private key of a
 * pending request is kept in memory, not in a temporary Secret. Every request is approved. There are no Venafi issuers, no PKCS#12 stores
 * and no approval policies.
 */
import type { Context } from '../context';
import type { Controller } from '../controller';
import { KINDS } from '../kinds';
import type { KeySource } from '../pki/keys';
import { certificateController } from './certificates';
import { Issuance, type PendingKeys } from './issuance';
import { issuerController } from './issuers';
import { requestController } from './requests';

export function certManager(context: Context, keys: KeySource): readonly Controller[] {
  const pending: PendingKeys = new Map();
  return [
    issuerController(context, KINDS.Issuer),
    issuerController(context, KINDS.ClusterIssuer),
    certificateController(context, new Issuance(context, keys, pending)),
    requestController(context, pending, keys),
  ];
}
