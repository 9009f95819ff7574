import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AlternativeNameField } from '#model/certificate-fields';
import { nameProblem } from '#model/certificate-names';

interface Refused {
  readonly text: string;
  readonly says: RegExp;
}

const REFUSED: Readonly<Record<AlternativeNameField, readonly Refused[]>> = {
  dnsNames: [
    { text: '', says: /not empty/ },
    { text: '203.0.113.7', says: /IP address.*Put it into ipAddresses/ },
    { text: '2001:db8::1', says: /IP address.*Put it into ipAddresses/ },
    { text: '[2001:db8::1]', says: /Put it into ipAddresses/ },
    { text: '10.0.0.0/24', says: /range of addresses/ },
    { text: 'kafka.example.com:9094', says: /not ports.*Write "kafka\.example\.com"/ },
    { text: '10.0.0.1:9092', says: /not ports/ },
    { text: 'https://kafka.example.com:9094/x', says: /URL.*Write "kafka\.example\.com"/ },
    { text: 'SASL_SSL://kafka.example.com:9094', says: /URL/ },
    { text: 'bücher.example.com', says: /ASCII.*"xn--bcher-kva\.example\.com"/ },
    { text: 'Ünïcode.example.com', says: /"xn--.*\.example\.com"/ },
    { text: 'a.example.com,b.example.com', says: /separate entry/ },
    { text: 'a.example.com b.example.com', says: /separate entry/ },
    { text: ' a.example.com', says: /no spaces/ },
    { text: 'a.example.com;b.example.com', says: /separate entry/ },
    { text: 'team@example.com', says: /emailAddresses/ },
    { text: 'broker-*.kafka.example.com', says: /whole first part/ },
    { text: 'kafka.*.example.com', says: /whole first part/ },
    { text: '*.*.example.com', says: /whole first part/ },
    { text: '*', says: /whole first part/ },
    { text: 'kafka_0.example.com', says: /underscore/ },
    { text: `${'a'.repeat(64)}.example.com`, says: /63 characters/ },
    { text: `${'abcdefgh.'.repeat(28)}example`, says: /253 characters/ },
    { text: 'kafka.example.com.', says: /final dot.*"kafka\.example\.com"/ },
    { text: 'kafka..example.com', says: /empty/ },
    { text: '.example.com', says: /empty/ },
    { text: '-kafka.example.com', says: /letters, digits and "-"/ },
    { text: 'kafka-.example.com', says: /letters, digits and "-"/ },
    { text: 'kafka.example.com/path', says: /letters, digits and "-"/ },
    { text: '10.0.0.300', says: /does not end with a number/ },
    { text: '010.0.0.1', says: /does not end with a number/ },
  ],
  ipAddresses: [
    { text: '', says: /not empty/ },
    { text: 'kafka.example.com', says: /not an IP address.*Put names into dnsNames/ },
    { text: '10.0.0.01', says: /leading zeros.*"10\.0\.0\.1"/ },
    { text: '010.0.0.1', says: /leading zeros/ },
    { text: '10.0.0.256', says: /four numbers up to 255/ },
    { text: '10.0.0', says: /four numbers/ },
    { text: '10.0.0.0/8', says: /range/ },
    { text: 'fe80::1%eth0', says: /zone.*"fe80::1"/ },
    { text: '[::1]', says: /brackets.*"::1"/ },
    { text: '10.0.0.1:9092', says: /ports/ },
    { text: '10.0.0.1, 10.0.0.2', says: /separate entry/ },
    { text: '1::2::3', says: /not an IP address/ },
    { text: '1.2.3.4::', says: /not an IP address/ },
    { text: '2001:db8:0:0:0:0:1', says: /not an IP address/ },
  ],
  uris: [
    { text: '', says: /not empty/ },
    { text: 'example.org/billing', says: /scheme/ },
    { text: 'SPIFFE://example.org/x', says: /lower-case/ },
    { text: 'spiffe://exämple.org/x', says: /ASCII/ },
    { text: 'spiffe://example.org/a b', says: /not a URI/ },
    { text: 'https://example.org:port/', says: /not a URI/ },
    { text: 'https://example.org/100%', says: /not a URI/ },
  ],
  emailAddresses: [
    { text: '', says: /not empty/ },
    { text: 'Team <team@example.org>', says: /bare/ },
    { text: 'team@example.org, b@example.org', says: /bare/ },
    { text: 'team', says: /bare/ },
    { text: 'a@b@example.org', says: /bare/ },
    { text: '.team@example.org', says: /bare/ },
    { text: 'jörg@example.org', says: /ASCII/ },
  ],
};

const ACCEPTED: Readonly<Record<AlternativeNameField, readonly string[]>> = {
  dnsNames: [
    'localhost',
    'orders-pods',
    '*.orders-pods.demo.svc.cluster.local',
    '*.example.com',
    'Kafka.Example.COM',
    'xn--bcher-kva.example.com',
    '0.kafka.example.com',
    'kafka.3com',
    `${'a'.repeat(63)}.example.com`,
  ],
  ipAddresses: [
    '10.0.0.1',
    '0.0.0.0',
    '::1',
    '::',
    '2001:DB8::1',
    '::ffff:10.0.0.1',
    '1:2:3:4:5:6:7:8',
    'fe80::1:2',
    '2001:db8:0:0:0:0:0:1',
  ],
  uris: ['spiffe://example.org/billing', 'urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6', 'https://[2001:db8::1]:8443/a%20b?c=d#e'],
  emailAddresses: ['team@example.org', "o'neill+kafka@mail.example.org", 'root@localhost'],
};

for (const field of Object.keys(REFUSED) as readonly AlternativeNameField[]) {
  describe(field, () => {
    for (const { text, says } of REFUSED[field]) {
      test(`refuses "${text.slice(0, 40)}"`, () => assert.match(nameProblem(field, text) ?? '', says));
    }
    for (const text of ACCEPTED[field]) {
      test(`accepts "${text.slice(0, 40)}"`, () => assert.equal(nameProblem(field, text), undefined));
    }
  });
}
