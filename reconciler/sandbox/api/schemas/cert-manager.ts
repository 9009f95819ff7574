/** Schemas of cert-manager's kinds. Of the issuers only the self-signed and the CA issuer are described. */
import {
  boolean,
  bytes,
  dateTime,
  each,
  int32,
  int64,
  integer,
  kindSchema,
  list,
  listBy,
  mapOf,
  object,
  oneOf,
  opaque,
  string,
} from '../schema';
import { subject } from './subject';

const USAGES = [
  ...['signing', 'digital signature', 'content commitment', 'key encipherment', 'key agreement', 'data encipherment'],
  ...['cert sign', 'crl sign', 'encipher only', 'decipher only', 'any', 'server auth', 'client auth', 'code signing'],
  ...['email protection', 's/mime', 'ipsec end system', 'ipsec tunnel', 'ipsec user', 'timestamping', 'ocsp signing'],
  ...['microsoft sgc', 'netscape sgc'],
];

const condition = {
  ...each(string, 'type', 'reason', 'message'),
  status: oneOf(['True', 'False', 'Unknown']),
  lastTransitionTime: dateTime,
};
const observedConditions = listBy(['type'], object({ ...condition, observedGeneration: int64 }, { required: ['status', 'type'] }));

const issuerRef = object(each(string, 'group', 'kind', 'name'), { required: ['name'] });
const passwordSecretRef = object(each(string, 'name', 'key'), { required: ['name'] });
const store = { create: boolean, password: string, passwordSecretRef };

const certificateSpec = object(
  {
    ...each(string, 'secretName', 'commonName', 'literalSubject', 'duration', 'renewBefore'),
    ...each(list(string), 'dnsNames', 'ipAddresses', 'uris', 'emailAddresses'),
    ...each(boolean, 'isCA', 'encodeUsagesInRequest'),
    ...each(int32, 'renewBeforePercentage', 'revisionHistoryLimit'),
    issuerRef,
    subject,
    otherNames: list(object(each(string, 'oid', 'utf8Value'))),
    renewal: object({ policy: oneOf(['RenewBefore', 'Disabled']), windows: list(opaque) }),
    usages: list(oneOf(USAGES)),
    privateKey: object({
      algorithm: oneOf(['RSA', 'ECDSA', 'Ed25519']),
      size: integer,
      encoding: oneOf(['PKCS1', 'PKCS8']),
      rotationPolicy: oneOf(['Never', 'Always']),
    }),
    signatureAlgorithm: oneOf([
      ...(['SHA256WithRSA', 'SHA384WithRSA', 'SHA512WithRSA'] as const),
      ...(['ECDSAWithSHA256', 'ECDSAWithSHA384', 'ECDSAWithSHA512', 'PureEd25519'] as const),
    ]),
    secretTemplate: object(each(mapOf(string), 'annotations', 'labels')),
    keystores: object({
      jks: object({ ...store, alias: string }, { required: ['create'] }),
      pkcs12: object({ ...store, profile: oneOf(['LegacyRC2', 'LegacyDES', 'Modern2023', 'Modern2026']) }, { required: ['create'] }),
    }),
    additionalOutputFormats: list(object({ type: oneOf(['DER', 'CombinedPEM']) }, { required: ['type'] })),
    nameConstraints: opaque,
  },
  { required: ['issuerRef', 'secretName'] },
);

export const certificateSchema = kindSchema(
  certificateSpec,
  object({
    conditions: observedConditions,
    ...each(dateTime, 'notBefore', 'notAfter', 'renewalTime', 'lastFailureTime'),
    ...each(integer, 'revision', 'failedIssuanceAttempts'),
    nextPrivateKeySecretName: string,
  }),
);

export const certificateRequestSchema = kindSchema(
  object(
    {
      request: bytes,
      issuerRef,
      isCA: boolean,
      usages: list(oneOf(USAGES)),
      ...each(string, 'duration', 'username', 'uid'),
      groups: list(string),
      extra: mapOf(list(string)),
    },
    { required: ['issuerRef', 'request'] },
  ),
  object({
    conditions: listBy(['type'], object(condition, { required: ['status', 'type'] })),
    ...each(bytes, 'certificate', 'ca'),
    failureTime: dateTime,
  }),
);

const issuerSpec = object({
  selfSigned: object({ crlDistributionPoints: list(string) }),
  ca: object(
    { secretName: string, ...each(list(string), 'crlDistributionPoints', 'ocspServers', 'issuingCertificateURLs') },
    { required: ['secretName'] },
  ),
  ...each(opaque, 'vault', 'acme', 'venafi'),
});
const issuer = kindSchema(issuerSpec, object({ conditions: observedConditions, acme: opaque }));

export const issuerSchema: typeof issuer = { ...issuer, required: ['spec'] };
