import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALTERNATIVE_NAMES, type AlternativeNameField } from '#model/certificate-fields';

const CASES: Readonly<Record<AlternativeNameField, readonly (readonly [written: string, canonical: string])[]>> = {
  dnsNames: [
    ['Kafka.Example.ORG', 'kafka.example.org'],
    ['*.Example.org', '*.example.org'],
    ['a.example.org.', 'a.example.org.'],
  ],
  ipAddresses: [
    ['10.0.0.1', '10.0.0.1'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['::1', '::1'],
    ['2001:DB8:0:0:8:800:200C:417A', '2001:db8::8:800:200c:417a'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::FFFF:0a00:0001', '10.0.0.1'],
    ['0:0:0:0:0:ffff:10.0.0.1', '10.0.0.1'],
    ['::ffff:0.0.0.0', '0.0.0.0'],
    ['::10.0.0.1', '::a00:1'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
    ['1:2', '1:2'],
    ['not an address', 'not an address'],
  ],
  uris: [
    ['SPIFFE://Trust.Domain/Path/To', 'spiffe://trust.domain/Path/To'],
    ['urn:Example:Kafka', 'urn:Example:Kafka'],
    ['https://Example.org?Q=A', 'https://example.org?Q=A'],
  ],
  emailAddresses: [
    ['Ops@Example.ORG', 'Ops@example.org'],
    ['no address', 'no address'],
  ],
};
for (const { field, canonicalName } of ALTERNATIVE_NAMES) {
  for (const [written, canonical] of CASES[field]) {
    test(`compares ${field} ${written} as ${canonical}`, () => {
      assert.equal(canonicalName(written), canonical);
      assert.equal(canonicalName(canonical), canonical);
    });
  }
}
