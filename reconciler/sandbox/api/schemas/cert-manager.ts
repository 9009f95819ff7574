/** Schemas of cert-manager's kinds; of the issuers only the self-signed and the CA one are spelled out. */
import {
  boolean,
  bytes,
  dateTime,
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
  type Schema,
  string,
} from '../schema';

const USAGES = [
  'signing',
  'digital signature',
  'content commitment',
  'key encipherment',
  'key agreement',
  'data encipherment',
  'cert sign',
  'crl sign',
  'encipher only',
  'decipher only',
  'any',
  'server auth',
  'client auth',
  'code signing',
  'email protection',
  's/mime',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'timestamping',
  'ocsp signing',
  'microsoft sgc',
  'netscape sgc',
] as const;

const condition = {
  type: string,
  status: oneOf(['True', 'False', 'Unknown']),
  lastTransitionTime: dateTime,
  reason: string,
  message: string,
};
const observedConditions = listBy(['type'], object({ ...condition, observedGeneration: int64 }, { required: ['status', 'type'] }));

const issuerRef = object({ group: string, kind: string, name: string }, { required: ['name'] });
const keySelector = object({ name: string, key: string }, { required: ['name'] });

const certificateSpec = object(
  {
    secretName: string,
    issuerRef,
    commonName: string,
    literalSubject: string,
    subject: object({
      organizations: list(string),
      countries: list(string),
      organizationalUnits: list(string),
      localities: list(string),
      provinces: list(string),
      streetAddresses: list(string),
      postalCodes: list(string),
      serialNumber: string,
    }),
    dnsNames: list(string),
    ipAddresses: list(string),
    uris: list(string),
    emailAddresses: list(string),
    otherNames: list(object({ oid: string, utf8Value: string })),
    duration: string,
    renewBefore: string,
    renewBeforePercentage: int32,
    renewal: object({ policy: oneOf(['RenewBefore', 'Disabled']), windows: list(opaque) }),
    isCA: boolean,
    usages: list(oneOf(USAGES)),
    privateKey: object({
      algorithm: oneOf(['RSA', 'ECDSA', 'Ed25519']),
      size: integer,
      encoding: oneOf(['PKCS1', 'PKCS8']),
      rotationPolicy: oneOf(['Never', 'Always']),
    }),
    signatureAlgorithm: oneOf([
      'SHA256WithRSA',
      'SHA384WithRSA',
      'SHA512WithRSA',
      'ECDSAWithSHA256',
      'ECDSAWithSHA384',
      'ECDSAWithSHA512',
      'PureEd25519',
    ]),
    encodeUsagesInRequest: boolean,
    secretTemplate: object({ annotations: mapOf(string), labels: mapOf(string) }),
    keystores: object({
      jks: object({ create: boolean, alias: string, password: string, passwordSecretRef: keySelector }, { required: ['create'] }),
      pkcs12: object(
        {
          create: boolean,
          password: string,
          passwordSecretRef: keySelector,
          profile: oneOf(['LegacyRC2', 'LegacyDES', 'Modern2023', 'Modern2026']),
        },
        { required: ['create'] },
      ),
    }),
    additionalOutputFormats: list(object({ type: oneOf(['DER', 'CombinedPEM']) }, { required: ['type'] })),
    revisionHistoryLimit: int32,
    nameConstraints: opaque,
  },
  { required: ['issuerRef', 'secretName'] },
);

export const certificateSchema: Schema = kindSchema(
  certificateSpec,
  object({
    conditions: observedConditions,
    notBefore: dateTime,
    notAfter: dateTime,
    renewalTime: dateTime,
    revision: integer,
    nextPrivateKeySecretName: string,
    lastFailureTime: dateTime,
    failedIssuanceAttempts: integer,
  }),
);

export const certificateRequestSchema: Schema = kindSchema(
  object(
    {
      request: bytes,
      issuerRef,
      duration: string,
      isCA: boolean,
      usages: list(oneOf(USAGES)),
      username: string,
      uid: string,
      groups: list(string),
      extra: mapOf(list(string)),
    },
    { required: ['issuerRef', 'request'] },
  ),
  object({
    conditions: listBy(['type'], object(condition, { required: ['status', 'type'] })),
    certificate: bytes,
    ca: bytes,
    failureTime: dateTime,
  }),
);

const issuerParts = kindSchema(
  object({
    selfSigned: object({ crlDistributionPoints: list(string) }),
    ca: object(
      {
        secretName: string,
        crlDistributionPoints: list(string),
        ocspServers: list(string),
        issuingCertificateURLs: list(string),
      },
      { required: ['secretName'] },
    ),
    vault: opaque,
    acme: opaque,
    venafi: opaque,
  }),
  object({ conditions: observedConditions, acme: opaque }),
);

export const issuerSchema: Schema = { ...issuerParts, required: ['spec'] };
