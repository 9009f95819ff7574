/** Kinds of cert-manager, as far as this project reads or writes them. */
import { CERTIFICATE_SPEC } from '../certificate-fields';
import { ANY, COUNT, map, NON_EMPTY, optional, optionals, STRINGS } from '../schema';
import { objectOf, STATUS, statusWith } from './metadata';

export const CERTIFICATE = objectOf('Certificate', { spec: CERTIFICATE_SPEC, status: statusWith({ revision: optional(COUNT) }) });

export const ISSUER_SPEC = map(
  optionals({
    selfSigned: map(optionals({ crlDistributionPoints: STRINGS })),
    ca: map({
      secretName: NON_EMPTY,
      ...optionals({ crlDistributionPoints: STRINGS, ocspServers: STRINGS, issuingCertificateURLs: STRINGS }),
    }),
    vault: ANY,
    acme: ANY,
    venafi: ANY,
  }),
);

export const ISSUER = objectOf('Issuer', { spec: optional(ISSUER_SPEC), status: STATUS });
export const CLUSTER_ISSUER = objectOf('ClusterIssuer', { spec: optional(ISSUER_SPEC), status: STATUS });
