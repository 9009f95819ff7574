/** Schemas of cert-manager's kinds. Of the issuers only the self-signed and the CA issuer are described. */
import * as s from '../schema';

const USAGES = [
  ...['signing', 'digital signature', 'content commitment', 'key encipherment', 'key agreement', 'data encipherment'],
  ...['cert sign', 'crl sign', 'encipher only', 'decipher only', 'any', 'server auth', 'client auth', 'code signing'],
  ...['email protection', 's/mime', 'ipsec end system', 'ipsec tunnel', 'ipsec user', 'timestamping', 'ocsp signing'],
  ...['microsoft sgc', 'netscape sgc'],
];

/** The subject of a certificate, which KubeDB describes in the same way. */
export const subject = s.object({
  ...s.each(
    s.list(s.string),
    ...(['organizations', 'countries', 'organizationalUnits', 'localities', 'provinces', 'streetAddresses', 'postalCodes'] as const),
  ),
  serialNumber: s.string,
});

const condition = {
  ...s.each(s.string, 'type', 'reason', 'message'),
  status: s.oneOf(['True', 'False', 'Unknown']),
  lastTransitionTime: s.dateTime,
};
const observedConditions = s.listBy(['type'], s.object({ ...condition, observedGeneration: s.int64 }, { required: ['status', 'type'] }));

const issuerRef = s.object(s.each(s.string, 'group', 'kind', 'name'), { required: ['name'] });
const passwordSecretRef = s.object(s.each(s.string, 'name', 'key'), { required: ['name'] });
const store = { create: s.boolean, password: s.string, passwordSecretRef };

const certificateSpec = s.object(
  {
    ...s.each(s.string, 'secretName', 'commonName', 'literalSubject', 'duration', 'renewBefore'),
    ...s.each(s.list(s.string), 'dnsNames', 'ipAddresses', 'uris', 'emailAddresses'),
    ...s.each(s.boolean, 'isCA', 'encodeUsagesInRequest'),
    ...s.each(s.int32, 'renewBeforePercentage', 'revisionHistoryLimit'),
    issuerRef,
    subject,
    otherNames: s.list(s.object(s.each(s.string, 'oid', 'utf8Value'))),
    renewal: s.object({ policy: s.oneOf(['RenewBefore', 'Disabled']), windows: s.list(s.opaque) }),
    usages: s.list(s.oneOf(USAGES)),
    privateKey: s.object({
      algorithm: s.oneOf(['RSA', 'ECDSA', 'Ed25519']),
      size: s.integer,
      encoding: s.oneOf(['PKCS1', 'PKCS8']),
      rotationPolicy: s.oneOf(['Never', 'Always']),
    }),
    signatureAlgorithm: s.oneOf([
      ...(['SHA256WithRSA', 'SHA384WithRSA', 'SHA512WithRSA'] as const),
      ...(['ECDSAWithSHA256', 'ECDSAWithSHA384', 'ECDSAWithSHA512', 'PureEd25519'] as const),
    ]),
    secretTemplate: s.object(s.each(s.mapOf(s.string), 'annotations', 'labels')),
    keystores: s.object({
      jks: s.object({ ...store, alias: s.string }, { required: ['create'] }),
      pkcs12: s.object({ ...store, profile: s.oneOf(['LegacyRC2', 'LegacyDES', 'Modern2023', 'Modern2026']) }, { required: ['create'] }),
    }),
    additionalOutputFormats: s.list(s.object({ type: s.oneOf(['DER', 'CombinedPEM']) }, { required: ['type'] })),
    nameConstraints: s.opaque,
  },
  { required: ['issuerRef', 'secretName'] },
);

export const certificateSchema = s.kindSchema(
  certificateSpec,
  s.object({
    conditions: observedConditions,
    ...s.each(s.dateTime, 'notBefore', 'notAfter', 'renewalTime', 'lastFailureTime'),
    ...s.each(s.integer, 'revision', 'failedIssuanceAttempts'),
    nextPrivateKeySecretName: s.string,
  }),
);

export const certificateRequestSchema = s.kindSchema(
  s.object(
    {
      request: s.bytes,
      issuerRef,
      isCA: s.boolean,
      usages: s.list(s.oneOf(USAGES)),
      ...s.each(s.string, 'duration', 'username', 'uid'),
      groups: s.list(s.string),
      extra: s.mapOf(s.list(s.string)),
    },
    { required: ['issuerRef', 'request'] },
  ),
  s.object({
    conditions: s.listBy(['type'], s.object(condition, { required: ['status', 'type'] })),
    ...s.each(s.bytes, 'certificate', 'ca'),
    failureTime: s.dateTime,
  }),
);

const issuerSpec = s.object({
  selfSigned: s.object({ crlDistributionPoints: s.list(s.string) }),
  ca: s.object(
    { secretName: s.string, ...s.each(s.list(s.string), 'crlDistributionPoints', 'ocspServers', 'issuingCertificateURLs') },
    { required: ['secretName'] },
  ),
  ...s.each(s.opaque, 'vault', 'acme', 'venafi'),
});
const issuer = s.kindSchema(issuerSpec, s.object({ conditions: observedConditions, acme: s.opaque }));

export const issuerSchema: typeof issuer = { ...issuer, required: ['spec'] };
