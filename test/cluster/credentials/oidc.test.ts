import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { oidc } from '#reconciler/cluster/credentials/oidc';
import { chooseContext } from '#reconciler/cluster/kubeconfig/files';
import { ClusterError } from '#reconciler/errors';
import { yamlText } from '#reconciler/input/yaml';
import { issueCertificate } from '#test/support/certificate-factory';
import { FakeClock } from '#test/support/fake-clock';
import { FakeIssuer, idToken } from '#test/support/fake-issuer';
import { HttpProxy } from '#test/support/proxies';

const folder = mkdtempSync(path.join(tmpdir(), 'oidc-'));
const FILE = path.join(folder, 'config');
const root = issueCertificate({ commonName: 'root', isCa: true });
const serving = issueCertificate({ commonName: 'issuer', issuer: root, ipAddresses: ['127.0.0.1'], dnsNames: ['issuer.example'] });
const issuer = new FakeIssuer(serving);
const proxy = new HttpProxy(() => issuer.port);

before(async () => {
  await issuer.start();
  await proxy.start();
});
after(() => {
  issuer.stop();
  proxy.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  issuer.forget();
  issuer.accept('r1');
  issuer.expires = seconds('2026-11-23T10:00:00Z');
});

const seconds = (instant: string) => Date.parse(instant) / 1_000;
const EXPIRED = idToken(seconds('2026-11-23T08:00:00Z'));
const VALID = idToken(seconds('2026-11-23T09:30:00Z'));

interface Setting {
  readonly config?: Readonly<Record<string, string | undefined>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** A user whose id-token has expired; it is nine o'clock. */
function login({ config = {}, env = {} }: Setting = {}) {
  const complete = {
    'client-id': 'cid',
    'idp-issuer-url': issuer.url,
    'idp-certificate-authority-data': Buffer.from(root.cert).toString('base64'),
    'id-token': EXPIRED,
    'refresh-token': 'r1',
    ...config,
  };
  const present = Object.fromEntries(Object.entries(complete).filter(([, value]) => value !== undefined));
  const text = yamlText({
    clusters: [{ name: 'c', cluster: { server: 'https://api.example' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'jane' } }],
    users: [
      { name: 'other', user: { token: 't' } },
      { name: 'jane', user: { 'auth-provider': { name: 'oidc', config: present } } },
    ],
    'current-context': 'x',
  });
  writeFileSync(FILE, `# written by corp-login\n${text}`, { mode: 0o600 });
  const clock = new FakeClock();
  const warnings: string[] = [];
  const chosen = chooseContext({ kubeconfig: FILE, env });
  const stderr = (warning: string) => void warnings.push(warning);
  return { source: oidc({ chosen, env, clock, stderr, ends: [] }), clock, warnings };
}

const inFile = (field: string) => chooseContext({ kubeconfig: FILE, env: {} }).user['auth-provider']?.config?.[field];

test('uses a valid token without a request to the issuer, even without its address', async () => {
  const { source } = login({
    config: { 'id-token': VALID, 'client-id': undefined, 'idp-issuer-url': undefined, 'refresh-token': undefined },
  });
  assert.equal((await source.current()).token, VALID);
  assert.deepEqual(issuer.asked, []);
});

test('exchanges the refresh-token when the token is about to expire, once, however many requests wait', async () => {
  const { source, clock } = login({ config: { 'id-token': VALID } });
  await clock.advance(29 * 60_000);
  assert.equal((await source.current()).token, VALID);
  await clock.advance(50_000);
  const shown = await Promise.all([source.current(), source.current()]);
  assert.deepEqual(
    shown.map((c) => c.token),
    [issuer.latest, issuer.latest],
  );
  assert.equal(issuer.issued.length, 1);
});

test('writes the new tokens into the kubeconfig and changes nothing else', async () => {
  const { source } = login();
  await source.current();
  const before = readFileSync(FILE, 'utf8');
  assert.match(before, /^# written by corp-login\n/);
  assert.deepEqual([inFile('id-token'), inFile('refresh-token'), inFile('client-id')], [issuer.latest, 'r1+', 'cid']);
});

test('exchanges each refresh-token once', async () => {
  const { source, clock } = login();
  await source.current();
  await clock.advance(60 * 60_000);
  issuer.expires = seconds('2026-11-23T11:00:00Z');
  await source.current();
  assert.equal(issuer.issued.length, 2);
  assert.equal(inFile('refresh-token'), 'r1++');
});

test('uses the token that kubectl renewed meanwhile', async () => {
  const { source, clock } = login({ config: { 'id-token': VALID } });
  await source.current();
  await clock.advance(40 * 60_000);
  const renewed = idToken(seconds('2026-11-23T12:00:00Z'), 'by kubectl');
  writeFileSync(FILE, readFileSync(FILE, 'utf8').replace(VALID, renewed).replace('r1', 'r2'));
  assert.equal((await source.current()).token, renewed);
  assert.deepEqual(issuer.asked, []);
});

test('renews a token that the API server refused; without a refresh-token it stays refused', async () => {
  const { source } = login({ config: { 'id-token': VALID } });
  const first = await source.current();
  source.refuse(first);
  assert.equal((await source.current()).token, issuer.latest);
  const only = login({ config: { 'id-token': VALID, 'refresh-token': undefined } });
  const refused = await only.source.current();
  only.source.refuse(refused);
  assert.equal((await only.source.current()).token, VALID);
});

test('warns when a new refresh-token cannot be written, and continues with it', async () => {
  const { source, clock, warnings } = login();
  writeFileSync(`${FILE}.lock`, '');
  await source.current();
  assert.match(
    warnings.join(),
    /^kafka-tls: .*config: cannot be written: .*EEXIST\. The issuer gave user jane a new refresh-token, and may not accept/,
  );
  assert.doesNotMatch(warnings.join(), /r1/);
  await clock.advance(60 * 60_000);
  issuer.expires = seconds('2026-11-23T11:00:00Z');
  assert.equal((await source.current()).token, issuer.latest);
  rmSync(`${FILE}.lock`);
  assert.deepEqual([inFile('refresh-token'), issuer.issued.length], ['r1', 2]);
});

test('uses the proxies of the environment', async () => {
  const { source } = login({ config: { 'idp-issuer-url': 'https://issuer.example' }, env: { HTTPS_PROXY: proxy.url } });
  await source.current();
  assert.deepEqual([...new Set(proxy.tunnels)], ['http issuer.example:443']);
});

const ways: readonly { readonly name: string; readonly secret?: string; readonly methods?: readonly string[]; readonly asked: string }[] = [
  { name: 'a public client by its id', asked: 'POST /token - grant_type=refresh_token&refresh_token=r1&client_id=cid' },
  {
    name: 'a confidential client in the header',
    secret: 's:1',
    asked: `POST /token Basic ${Buffer.from('cid:s%3A1').toString('base64')} grant_type=refresh_token&refresh_token=r1`,
  },
  {
    name: 'a confidential client in the form, where the issuer wants it there',
    secret: 's:1',
    methods: ['client_secret_post'],
    asked: 'POST /token - grant_type=refresh_token&refresh_token=r1&client_id=cid&client_secret=s:1',
  },
];

describe('authenticates to the issuer as', () => {
  for (const { name, secret, methods, asked } of ways) {
    test(name, async () => {
      issuer.methods = methods;
      await login({ config: { 'client-secret': secret } }).source.current();
      assert.deepEqual(issuer.asked, ['GET /.well-known/openid-configuration', asked]);
    });
  }
});

interface Failure {
  readonly name: string;
  readonly config?: Setting['config'];
  readonly answer?: FakeIssuer['answer'];
  readonly says: RegExp;
}

const answers =
  (url: string, status: number, body: string): FakeIssuer['answer'] =>
  (request, response) => {
    if (request.url !== url) return false;
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    return true;
  };

const failures: readonly Failure[] = [
  {
    name: 'no refresh-token',
    config: { 'refresh-token': undefined },
    says: /the id-token has expired, and without refresh-token there is no new one\.$/,
  },
  {
    name: 'no client and no issuer',
    config: { 'client-id': undefined, 'idp-issuer-url': '' },
    says: /without idp-issuer-url and client-id there is no new one\.$/,
  },
  { name: 'a token that is not a JSON Web Token', config: { 'id-token': 'secret' }, says: /the id-token is not a JSON Web Token\.$/ },
  {
    name: 'a refresh-token that was used',
    config: { 'refresh-token': 'secret' },
    says: /127\.0\.0\.1:\d+ did not renew the id-token: invalid_grant: refresh token is used or expired\.$/,
  },
  {
    name: 'an issuer that does not listen',
    config: { 'idp-issuer-url': 'https://127.0.0.1:1' },
    says: /the id-token has expired, and https:\/\/127\.0\.0\.1:1 cannot be reached: connection refused\.$/,
  },
  {
    name: 'an issuer that is not trusted',
    config: { 'idp-certificate-authority-data': undefined },
    says: /cannot be reached: its certificate is not accepted \(/,
  },
  {
    name: 'an issuer without an address',
    config: { 'idp-issuer-url': 'issuer' },
    says: /issuer\/\.well-known\/openid-configuration is not an address\.$/,
  },
  {
    name: 'a missing certificate authority',
    config: { 'idp-certificate-authority-data': undefined, 'idp-certificate-authority': 'none.crt' },
    says: /idp-certificate-authority: cannot be read: there is no such file\.$/,
  },
  {
    name: 'no discovery',
    answer: answers('/.well-known/openid-configuration', 404, 'secret'),
    says: /does not publish a token endpoint: it answered with HTTP status 404\.$/,
  },
  {
    name: 'a discovery without a token endpoint',
    answer: answers('/.well-known/openid-configuration', 200, '{}'),
    says: /does not publish a token endpoint: its answer lacks what the standard demands\.$/,
  },
  {
    name: 'an answer without an id-token',
    answer: answers('/token', 200, '{"access_token":"secret"}'),
    says: /did not renew the id-token: its answer lacks what/,
  },
  {
    name: 'an issuer that is broken',
    answer: answers('/token', 503, 'secret'),
    says: /did not renew the id-token: it answered with HTTP status 503\.$/,
  },
];

describe('a token that cannot be renewed is one sentence, without a secret:', () => {
  for (const { name, config, answer, says } of failures) {
    test(name, async () => {
      issuer.answer = answer;
      await assert.rejects(login(config === undefined ? {} : { config }).source.current(), (e) => {
        assert.ok(e instanceof ClusterError, String(e));
        assert.match(e.message, /^credentials of user jane: /);
        assert.match(e.message, says);
        assert.doesNotMatch(e.message, /secret/);
        assert.match(e.hint ?? '', /Log in again/);
        return true;
      });
    });
  }
});

test('a kubeconfig that may not be written stays as it is', {
  skip: process.getuid?.() === 0 ? 'root may write everything' : false,
}, async () => {
  const { source, warnings } = login();
  chmodSync(FILE, 0o400);
  await source.current();
  assert.match(warnings.join(), /EACCES/);
});
