/** What a probe asks an issuer with, read by OpenSSL where that is at hand. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { createRequest } from '#reconciler/pki/certificate-request';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

function read(names: Parameters<typeof createRequest>[0]): string {
  const input = Buffer.from(createRequest(names).request, 'base64');
  const { stdout, stderr, status } = spawnSync('openssl', ['req', '-noout', '-text', '-verify'], { input, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return `${stdout}${stderr}`;
}

describe('a certificate request', { skip: hasOpenssl ? false : 'skipped: openssl is not on the PATH' }, () => {
  test('is signed with its key, and asks for what brokers need', () => {
    const text = read({ commonName: 'orders.demo.svc', dnsName: '*.orders-pods.demo.svc' });
    for (const wanted of [
      /verify OK/,
      /CN ?= ?orders\.demo\.svc/,
      /Key Usage: critical\s+Digital Signature, Key Encipherment/,
      /TLS Web Server Authentication, TLS Web Client Authentication/,
      /Subject Alternative Name:\s+DNS:\*\.orders-pods\.demo\.svc/,
    ])
      assert.match(text, wanted);
  });

  test('has alternative names that are critical where it has no other name', () => {
    assert.match(read({ dnsName: 'a.example.org' }), /Subject Alternative Name: critical\s+DNS:a\.example\.org/);
  });
});

test('every request has a separate key', () => {
  const names = { dnsName: 'a.example.org' };
  assert.notEqual(createRequest(names).request, createRequest(names).request);
});
