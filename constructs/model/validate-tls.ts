/**
 * What cert-manager and KubeDB refuse in KubeDB's `spec.tls`. Many of the rules hold for a Certificate, too, since KubeDB copies the fields of
 * an entry of `tls.certificates` to the Certificate. Rules for a Certificate alone are in `validate-certificate.ts`.
 *
 * Source: cert-manager's webhook, KubeDB's documentation of `privateKey.encoding`.
 */
import { ALTERNATIVE_NAMES, DEFAULT_DURATION, ISSUER_KINDS } from './certificate-fields';
import { nameProblem } from './certificate-names';
import { parseGoDuration } from './go-duration';
import { mapIn } from './plain-data';
import { isOneOf, listIn, type Rule, valueAt } from './rules';
import { ALIASES } from './tls';
import { IS_NAME } from './validate-metadata';

const HOUR = 3_600_000_000_000n;
const SHORTEST_RENEWAL = 300_000_000_000n;
const LONGEST_LIFE = 876_000n * HOUR;
const NO_DURATION = 'that is not a duration in Go syntax. Write hours, minutes and seconds, such as "2160h" for 90 days.';

/** Rules for a reference to an issuer. */
export function issuerRules(at: string, group: 'group' | 'apiGroup', { isRequired }: Pick<Rule, 'isRequired'> = {}): readonly Rule[] {
  const required = isRequired === undefined ? {} : { isRequired };
  return [
    {
      field: at,
      ...required,
      must: (issuer) => issuer !== undefined,
      message: 'a certificate needs an issuer. Name an Issuer or ClusterIssuer.',
    },
    { field: `${at}.name`, isRequired: true, ...IS_NAME },
    {
      field: `${at}.${group}`,
      isRequired: true,
      must: (name) => name !== undefined || group === 'group',
      message: 'KubeDB\'s webhook makes null of it, and the API server refuses that in a Kafka. Write "cert-manager.io".',
    },
    {
      field: `${at}.${group}`,
      must: isOneOf('cert-manager.io'),
      message: 'KubeDB takes issuers of cert-manager only. Write "cert-manager.io".',
    },
    {
      field: `${at}.kind`,
      isRequired: true,
      must: isOneOf(...ISSUER_KINDS),
      message: 'cert-manager knows Issuer and ClusterIssuer. Use one of the two.',
    },
  ];
}

/** Fields that an entry of `tls.certificates` and the spec of a Certificate have in common. */
export function sharedRules(at: string): readonly Rule[] {
  const duration = (text: unknown) => parseGoDuration(String(text));
  return [
    { field: `${at}.duration`, must: (text) => duration(text) !== undefined, message: NO_DURATION },
    {
      field: `${at}.duration`,
      must: (text) => (duration(text) ?? 0n) >= HOUR,
      message: 'cert-manager issues nothing for less than an hour. Use "1h" or more.',
    },
    {
      field: `${at}.duration`,
      must: (text) => (duration(text) ?? 0n) <= LONGEST_LIFE,
      message: 'that is more than a hundred years. Use at most "876000h".',
    },
    { field: `${at}.renewBefore`, must: (text) => duration(text) !== undefined, message: NO_DURATION },
    {
      field: `${at}.renewBefore`,
      must: (text) => (duration(text) ?? 0n) >= SHORTEST_RENEWAL,
      message: 'cert-manager needs at least five minutes. Use "5m" or more.',
    },
    {
      field: `${at}.renewBefore`,
      must: (text, { parent }) => (duration(text) ?? 0n) < (duration(parent.duration ?? DEFAULT_DURATION) ?? LONGEST_LIFE),
      message: 'it is not shorter than the duration, so cert-manager would renew the certificate for ever. Use less than the duration.',
    },
    ...ALTERNATIVE_NAMES.map(({ field }): Rule => {
      return {
        field: `${at}.${field}[]`,
        must: (name) => nameProblem(field, String(name)) === undefined,
        message: (name) => nameProblem(field, String(name)) ?? '',
      };
    }),
    {
      field: `${at}.subject.*`,
      must: (values) => [values].flat().every((value) => String(value).trim() !== ''),
      message: 'a part of a subject is not empty. Write a value, or remove it.',
    },
    {
      field: `${at}.subject.countries`,
      severity: 'warning',
      must: (countries) => listIn(countries).every((country) => /^[A-Z]{2}$/.test(String(country))),
      message: 'X.509 expects the two-letter code of a country. Write it as "CH".',
    },
    {
      field: `${at}.privateKey.encoding`,
      severity: 'warning',
      must: (encoding) => encoding !== 'PKCS1',
      message: "KubeDB's Kafka and Kafka's own PEM reader support PKCS#8 only. Use PKCS8.",
    },
  ];
}

const ENTRY = 'spec.tls.certificates[]';

/** Rules for `spec.tls` of a Kafka or a request. */
export const TLS_RULES: readonly Rule[] = [
  ...issuerRules('spec.tls.issuerRef', 'apiGroup', { isRequired: true }),
  {
    field: `${ENTRY}.alias`,
    isRequired: true,
    must: (alias) => typeof alias === 'string',
    message: `a certificate is known by its alias. Use ${ALIASES.join(' or ')}.`,
  },
  {
    field: `${ENTRY}.alias`,
    must: (alias, { object, path }) => {
      const aliases = listIn(valueAt(object, 'spec.tls.certificates')).map((entry) => mapIn(entry).alias);
      return path === `spec.tls.certificates[${aliases.indexOf(alias)}].alias`;
    },
    message: 'another certificate has this alias, and only one of them would count. Leave one of the two out.',
  },
  {
    field: `${ENTRY}.alias`,
    severity: 'warning',
    must: isOneOf(...ALIASES),
    message: `no Kafka serves this certificate. Use ${ALIASES.join(' or ')}.`,
  },
  ...issuerRules(`${ENTRY}.issuerRef`, 'apiGroup'),
  { field: `${ENTRY}.secretName`, ...IS_NAME },
  ...sharedRules(ENTRY),
];
