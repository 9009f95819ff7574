/** How many CA certificates may follow below a CA certificate, which node:crypto does not tell. */

/** The object identifier of basic constraints, in DER. */
const BASIC_CONSTRAINTS = Buffer.from('0603551d13', 'hex');
const [BOOLEAN, INTEGER, OCTETS, SEQUENCE] = [0x01, 0x02, 0x04, 0x30];

/** Returns the limit of a certificate in DER; undefined if it has none. */
export function maxPathLength(der: Buffer): number | undefined {
  const found = der.indexOf(BASIC_CONSTRAINTS);
  if (found === -1) return undefined;
  let at = found + BASIC_CONSTRAINTS.length;
  if (der[at] === BOOLEAN) at += 3; // whether the extension is critical
  if (der[at] !== OCTETS || der[at + 2] !== SEQUENCE) return undefined;
  const end = at + 4 + (der[at + 3] ?? 0);
  at += 4;
  if (der[at] === BOOLEAN) at += 3; // whether it is a CA
  const length = der[at + 1] ?? 0;
  return at < end && der[at] === INTEGER && length > 0 && length <= 4 ? der.readUIntBE(at + 2, length) : undefined;
}
