/** What cert-manager's webhook and schema refuse in a Certificate, refused at synth. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { manifestViolations } from '#model/validate';
import { formatViolation } from '#model/violation';
import { accepted, refused } from './certificate-cases';
import { certificate } from './manifest-cases';

describe('refuses in a Certificate', () => {
  for (const { name, spec, field, says } of refused) {
    test(name, () => {
      const found = manifestViolations(certificate(spec)).filter((v) => v.severity === 'error');
      assert.deepEqual(
        found.map((v) => v.field),
        [field],
        found.map(formatViolation).join('\n'),
      );
      assert.match(found.map(formatViolation).join('\n'), says);
      assert.ok(!found.some((v) => formatViolation(v).includes('hidden-one')), 'shows no password');
    });
  }
});

describe('accepts in a Certificate', () => {
  for (const { name, spec } of accepted) test(name, () => assert.deepEqual(manifestViolations(certificate(spec)), []));
});

test('names every violation of a Certificate at once', () => {
  const found = manifestViolations(certificate({ dnsNames: ['a,b', 'c_d'], ipAddresses: ['x'], duration: '1m', unknown: 1 }));
  assert.deepEqual(
    found.map((v) => v.field),
    ['spec.unknown', 'spec.duration', 'spec.dnsNames[0]', 'spec.dnsNames[1]', 'spec.ipAddresses[0]'],
  );
});
