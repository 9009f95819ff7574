/** ASN.1 in DER, as far as X.509 needs it: node-forge's, in short. */
import forge from 'node-forge';

export type Asn1 = forge.asn1.Asn1;

const { asn1 } = forge;
const { Class, Type } = asn1;

export function sequence(...items: Asn1[]): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, items);
}

export function context(tag: number, items: Asn1[]): Asn1 {
  return asn1.create(Class.CONTEXT_SPECIFIC, tag, true, items);
}

export function integer(content: string): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.INTEGER, false, content);
}

export function octets(content: string): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.OCTETSTRING, false, content);
}

export function utf8(text: string): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.UTF8, false, Buffer.from(text).toString('latin1'));
}

export function oid(id: string): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.OID, false, asn1.oidToDer(id).getBytes());
}

export function isOid(node: Asn1 | undefined, id: string): boolean {
  return node !== undefined && Number(node.type) === Type.OID && node.value === asn1.oidToDer(id).getBytes();
}

export function children(node: Asn1 | undefined): Asn1[] {
  return Array.isArray(node?.value) ? node.value : [];
}

/** Bit strings stay as they are: forge would look for structure in them. */
export function parsed(der: Buffer): Asn1 {
  const fromDer = asn1.fromDer as unknown as (bytes: string, options: { decodeBitStrings: boolean }) => Asn1;
  return fromDer(der.toString('latin1'), { decodeBitStrings: false });
}

export function bytes(node: Asn1): Buffer {
  return Buffer.from(asn1.toDer(node).getBytes(), 'latin1');
}

export function derOf(text: string): Buffer {
  return Buffer.from(text.replace(/-----[^-]+-----|\s/g, ''), 'base64');
}

export function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

export function boolean(isTrue: boolean): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.BOOLEAN, false, isTrue ? '\xff' : '\0');
}

export function nothing(): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.NULL, false, '');
}

export function set(...items: Asn1[]): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.SET, true, items);
}

/** A primitive value under a context-specific tag. */
export function tagged(tag: number, content: string): Asn1 {
  return asn1.create(Class.CONTEXT_SPECIFIC, tag, false, content);
}

export function isTagged(node: Asn1, tag: number): boolean {
  return node.tagClass === Class.CONTEXT_SPECIFIC && Number(node.type) === tag;
}

/** A bit string of whole octets. */
export function bitOctets(content: string): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.BITSTRING, false, `\0${content}`);
}

/** A named bit list: without trailing zeros. */
export function bitString(bits: readonly boolean[]): Asn1 {
  const length = Math.ceil((bits.lastIndexOf(true) + 1) / 8);
  const content = Buffer.alloc(length + 1);
  bits.forEach((isSet, i) => {
    if (isSet) content[1 + (i >> 3)] = (content[1 + (i >> 3)] ?? 0) | (0x80 >> (i & 7));
  });
  content[0] = length * 8 - (bits.lastIndexOf(true) + 1);
  return asn1.create(Class.UNIVERSAL, Type.BITSTRING, false, content.toString('latin1'));
}

/** X.509 counts years in two digits up to 2049. */
export function time(date: Date): Asn1 {
  return date.getUTCFullYear() < 2050
    ? asn1.create(Class.UNIVERSAL, Type.UTCTIME, false, asn1.dateToUtcTime(date))
    : asn1.create(Class.UNIVERSAL, Type.GENERALIZEDTIME, false, asn1.dateToGeneralizedTime(date));
}
