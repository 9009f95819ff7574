/**
 * Distinguished names as text, as cert-manager parses `literalSubject`: RFC 4514 with ";" as a second separator. The certificate has the parts
 * in reverse order. The LDAP packages of npm accept attribute types and escapes that cert-manager refuses.
 *
 * Source: cert-manager `pkg/util/pki`, ParseDN and UnmarshalSubjectStringToRDNSequence.
 */

/** One attribute: `CN=billing`. */
export interface NameAttribute {
  /** Object identifier, such as "2.5.4.3". */
  readonly oid: string;
  readonly value: string;
}

/** Parts of a name, in the order of the text; each is a set of attributes, which usually has one. */
export type DistinguishedName = readonly (readonly NameAttribute[])[];

/** The types that cert-manager knows, in exactly this spelling. */
export const ATTRIBUTE_OIDS: Readonly<Record<string, string>> = {
  C: '2.5.4.6',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  CN: '2.5.4.3',
  SERIALNUMBER: '2.5.4.5',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  STREET: '2.5.4.9',
  DC: '0.9.2342.19200300.100.1.25',
  UID: '0.9.2342.19200300.100.1.1',
};

/** Returns the name in a text, or why cert-manager refuses the text. */
export function parseDistinguishedName(text: string): DistinguishedName | string {
  const name: NameAttribute[][] = [[]];
  for (const { attribute, separator } of split(text)) {
    const parsed = parseAttribute(attribute);
    if (typeof parsed === 'string') return parsed;
    name.at(-1)?.push(parsed);
    if (separator === ',' || separator === ';') name.push([]);
  }
  return name;
}

/** Returns the values of the attributes of a type. */
export function attributeValues(name: DistinguishedName, type: string): readonly string[] {
  return name.flat().flatMap(({ oid, value }) => (oid === ATTRIBUTE_OIDS[type] ? [value] : []));
}

/** Splits at every separator that is not escaped. */
function split(text: string): readonly { readonly attribute: string; readonly separator: string }[] {
  const parts: { attribute: string; separator: string }[] = [];
  let start = 0;
  for (const { 0: found, index } of text.matchAll(/\\.|[,+;]/gs)) {
    if (found.startsWith('\\')) continue;
    parts.push({ attribute: text.slice(start, index), separator: found });
    start = index + 1;
  }
  return [...parts, { attribute: text.slice(start), separator: '' }];
}

function parseAttribute(text: string): NameAttribute | string {
  const equals = text.indexOf('=');
  const type = text.slice(0, Math.max(equals, 0)).trim();
  if (type === '') return `"${text.trim()}" is not a type, "=" and a value`;
  const oid = ATTRIBUTE_OIDS[type] ?? (/^\d+(\.\d+)+$/.test(type) ? type : undefined);
  if (oid === undefined) return `cert-manager does not know the type "${type}", only ${Object.keys(ATTRIBUTE_OIDS).join(', ')}`;
  const written = text.slice(equals + 1);
  if (written.startsWith('#')) return `the value of ${type} is not text; "#" announces encoded ASN.1`;
  const value = unescaped(written);
  if (value === undefined) return `the value of ${type} has a "\\" before neither a special character nor two hexadecimal digits`;
  return value === '' ? `the value of ${type} is empty` : { oid, value };
}

/** Returns a value without the spaces around it and with its escapes resolved; undefined when an escape is malformed. */
function unescaped(text: string): string | undefined {
  const tokens = [...text.matchAll(/\\([ "#+,;<=>\\])|\\([0-9a-f]{2})|./gisu)];
  const first = tokens.findIndex(([token]) => !isSpace(token));
  const last = tokens.findLastIndex(([token]) => !isSpace(token));
  const bytes: number[] = [];
  for (const [token, special, hex] of tokens.slice(Math.max(first, 0), last + 1)) {
    if (token === '\\') return undefined;
    if (hex === undefined) bytes.push(...new TextEncoder().encode(special ?? token));
    else bytes.push(Number.parseInt(hex, 16));
  }
  return new TextDecoder().decode(new Uint8Array(bytes));
}

function isSpace(token: string): boolean {
  return /^\s$/.test(token);
}
