/**
 * What a certificate says apart from key, dates and issuer: the fields of a Certificate's spec, and the subject and extensions that forge
 * makes of them.
 */
import { isIPv6 } from 'node:net';
import forge from 'node-forge';
import { parseDistinguishedName } from '#model/distinguished-name';
import { sortedSet } from '#model/plain-data';
import type { Subject } from '#model/tls';

export interface CertificateContent {
  readonly commonName?: string | undefined;
  /** Replaces common name and subject. */
  readonly literalSubject?: string | undefined;
  readonly subject?: Subject | undefined;
  readonly dnsNames?: readonly string[] | undefined;
  readonly ipAddresses?: readonly string[] | undefined;
  readonly uris?: readonly string[] | undefined;
  readonly emailAddresses?: readonly string[] | undefined;
  readonly isCA?: boolean | undefined;
  readonly usages?: readonly string[] | undefined;
}

/** cert-manager's names of usages, and forge's. */
const KEY_USAGES: Readonly<Record<string, string>> = {
  signing: 'digitalSignature',
  'digital signature': 'digitalSignature',
  'content commitment': 'nonRepudiation',
  'key encipherment': 'keyEncipherment',
  'data encipherment': 'dataEncipherment',
  'key agreement': 'keyAgreement',
  'cert sign': 'keyCertSign',
  'crl sign': 'cRLSign',
  'encipher only': 'encipherOnly',
  'decipher only': 'decipherOnly',
};
const EXTENDED_USAGES: Readonly<Record<string, string>> = {
  any: '2.5.29.37.0',
  'server auth': 'serverAuth',
  'client auth': 'clientAuth',
  'code signing': 'codeSigning',
  'email protection': 'emailProtection',
  's/mime': 'emailProtection',
  timestamping: 'timeStamping',
  'ocsp signing': '1.3.6.1.5.5.7.3.9',
};
const DEFAULT_USAGES = ['digital signature', 'key encipherment'];

/** Attributes of a subject, by field, in the order in which Go writes them. */
const SUBJECT: Readonly<Record<keyof Subject | 'commonName', string>> = {
  countries: '2.5.4.6',
  organizations: '2.5.4.10',
  organizationalUnits: '2.5.4.11',
  localities: '2.5.4.7',
  provinces: '2.5.4.8',
  streetAddresses: '2.5.4.9',
  postalCodes: '2.5.4.17',
  commonName: '2.5.4.3',
  serialNumber: '2.5.4.5',
};

/** Tells whether X.509 can hold the names, which must be ASCII. Go refuses to make a request with any other name. */
export function canBeEncoded({ dnsNames = [], emailAddresses = [], uris = [] }: CertificateContent): boolean {
  return [...dnsNames, ...emailAddresses, ...uris].every((name) => /^[ -~]*$/.test(name));
}

/** Types of alternative names in X.509. */
export const [EMAIL_ADDRESS, DNS_NAME, URI, IP_ADDRESS] = [1, 2, 6, 7] as const;

export interface AltName {
  readonly type: number;
  readonly value?: string;
  readonly ip?: string;
}

/** The text of a literal subject has the reverse order of the certificate. */
export function subjectOf(content: CertificateContent): forge.pki.CertificateField[] {
  const literal = content.literalSubject ? parseDistinguishedName(content.literalSubject) : undefined;
  if (typeof literal === 'string') throw new Error(`the literal subject cannot be parsed: ${literal}`);
  const fields: Readonly<Record<string, string | readonly string[] | undefined>> = { ...content.subject, commonName: content.commonName };
  const attributes =
    literal?.toReversed().flat() ??
    Object.entries(SUBJECT).flatMap(([field, oid]) => [fields[field] ?? []].flat().map((value) => ({ oid, value })));
  return attributes.flatMap(({ oid, value }) => (value ? [{ type: oid, value, valueTagClass: forge.asn1.Type.UTF8 as never }] : []));
}

export function extensionsOf(content: CertificateContent): readonly object[] {
  const usages = [...(content.usages ?? DEFAULT_USAGES), ...(content.isCA ? ['cert sign'] : [])];
  const usageExtension = (name: string, critical: boolean, flags: Readonly<Record<string, string>>) => {
    const set = Object.entries(flags).filter(([usage]) => usages.includes(usage));
    return set.length === 0 ? [] : [{ name, critical, ...Object.fromEntries(set.map(([, flag]) => [flag, true])) }];
  };
  const altNames = altNamesOf(content);
  return [
    ...usageExtension('keyUsage', true, KEY_USAGES),
    ...usageExtension('extKeyUsage', false, EXTENDED_USAGES),
    { name: 'basicConstraints', critical: true, cA: content.isCA === true },
    // Without a subject, only the alternative names identify the holder.
    ...(altNames.length === 0 ? [] : [{ name: 'subjectAltName', critical: subjectOf(content).length === 0, altNames }]),
  ];
}

function altNamesOf({ dnsNames, emailAddresses, uris, ipAddresses }: CertificateContent): readonly AltName[] {
  const ofType = (type: number, values: readonly string[] = []) => sortedSet(values).map((value) => ({ type, value }));
  return [
    ...ofType(DNS_NAME, dnsNames),
    ...ofType(EMAIL_ADDRESS, emailAddresses),
    ...ofType(URI, uris),
    ...sortedSet((ipAddresses ?? []).map(canonicalAddress)).map((ip) => ({ type: IP_ADDRESS, ip })),
  ];
}

/** forge cannot read an IPv6 address that ends with an IPv4 address. The host of a URL has no such ending. */
function canonicalAddress(ip: string): string {
  return isIPv6(ip) ? new URL(`http://[${ip}]`).hostname.slice(1, -1) : ip;
}
