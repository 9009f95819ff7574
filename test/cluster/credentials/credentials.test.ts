/**
 * Every way to credentials and every way to the API server, in the published command, with kubectl as the measure: both get the same
 * kubeconfig, and a fake API server writes down what it was shown.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { issueCertificate } from '#test/support/certificate-factory';
import { CredentialApi, type Shown } from '#test/support/credential-api';
import { FakeIssuer, idToken } from '#test/support/fake-issuer';
import { HttpProxy, SocksProxy } from '#test/support/proxies';

const folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-credentials-'));
const at = (name: string) => path.join(folder, name);
const root = issueCertificate({ commonName: 'root', isCa: true });
const serving = issueCertificate({ commonName: 'api', issuer: root, ipAddresses: ['127.0.0.1'], dnsNames: ['api.example'] });
const issuing = issueCertificate({ commonName: 'issuing', isCa: true, issuer: root });
const twoTier = issueCertificate({ commonName: 'two-tier', issuer: issuing, ipAddresses: ['127.0.0.1'] });
const client = issueCertificate({ commonName: 'client', issuer: root });

const api = new CredentialApi(serving, root.cert);
const twoTierApi = new CredentialApi(twoTier, root.cert);
const issuer = new FakeIssuer(serving);
const httpProxy = new HttpProxy(() => api.port);
const httpsProxy = new HttpProxy(() => api.port, serving);
const socksProxy = new SocksProxy(() => api.port);
const servers = [api, twoTierApi, issuer, httpProxy, httpsProxy, socksProxy];

before(async () => {
  for (const server of servers) await server.start();
  mkdirSync(at('sub'));
  writeFileSync(at('sub/token'), 'from-file\n');
  writeFileSync(at('sub/ca.crt'), root.cert);
  writeFileSync(at('sub/client.crt'), client.cert);
  writeFileSync(at('sub/client.key'), client.key);
  plugin('sub/plugin', { token: 'from-plugin' });
});
after(() => {
  for (const server of servers) server.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  for (const server of servers) server.forget();
});

const base64 = (text: string) => Buffer.from(text).toString('base64');
const EXEC = { apiVersion: 'client.authentication.k8s.io/v1', interactiveMode: 'Never' };

/** Writes a plugin that prints this status. */
function plugin(name: string, status: object): string {
  const credential = JSON.stringify({ apiVersion: EXEC.apiVersion, kind: 'ExecCredential', status });
  writeFileSync(at(name), `#!/bin/sh\ncat <<'END'\n${credential}\nEND\n`, { mode: 0o755 });
  return at(name);
}

interface Entries {
  readonly user: object;
  readonly cluster?: object;
}

/** Writes the kubeconfig of the case, in a folder other than the current one. */
function kubeconfig({ user, cluster }: Entries): string {
  const server = { server: api.url, 'certificate-authority-data': base64(root.cert), ...cluster };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: server }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace: 'demo' } }],
    'current-context': 'c',
  };
  writeFileSync(at('sub/kubeconfig'), JSON.stringify(config));
  return at('sub/kubeconfig');
}

interface Ran {
  readonly status: number | null;
  readonly said: string;
}

async function run(command: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH, HOME: folder, ...env } });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
  }
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { status, said };
}

const observe = (file: string, env: Readonly<Record<string, string>> = {}) =>
  run(process.execPath, ['lib/bin/kafka-tls.mjs', 'observe', '--kafka', 'demo/orders', '--kubeconfig', file], env);
const kubectl = (file: string, env: Readonly<Record<string, string>> = {}) =>
  run('kubectl', ['get', '--raw', '/api/v1/namespaces/demo/pods', '--kubeconfig', file], env);
const withoutKubectl = spawnSync('kubectl', ['version', '--client']).status === 0 ? false : 'kubectl is not on the PATH';

interface Case {
  readonly name: string;
  readonly entries: () => Entries;
  readonly env?: () => Readonly<Record<string, string>>;
  readonly shown: () => Partial<Shown>;
  /** What the proxy was asked for. */
  readonly tunnel?: () => string;
  /** Why kubectl does something else. */
  readonly kubectlDiffers?: string;
}

const bearer = (token: string) => () => ({ authorization: `Bearer ${token}` });
const oidcConfig = (more: object) => ({
  'client-id': 'cid',
  'idp-issuer-url': issuer.url,
  'idp-certificate-authority-data': base64(root.cert),
  ...more,
});

const cases: readonly Case[] = [
  { name: 'a token', entries: () => ({ user: { token: 't' } }), shown: bearer('t') },
  { name: 'a token file beside the kubeconfig', entries: () => ({ user: { tokenFile: 'token' } }), shown: bearer('from-file') },
  { name: 'a token file before a token', entries: () => ({ user: { token: 't', tokenFile: 'token' } }), shown: bearer('from-file') },
  { name: 'a token when the token file is missing', entries: () => ({ user: { token: 't', tokenFile: 'none' } }), shown: bearer('t') },
  { name: 'user name and password', entries: () => ({ user: { username: 'jane', password: 'p' } }), shown: basic('jane:p') },
  { name: 'a user name without a password', entries: () => ({ user: { username: 'jane' } }), shown: basic('jane:') },
  {
    name: 'a client certificate',
    entries: () => ({ user: { 'client-certificate-data': base64(client.cert), 'client-key-data': base64(client.key) } }),
    shown: () => ({ authorization: undefined, client: 'client' }),
  },
  {
    name: 'certificates in files beside the kubeconfig',
    entries: () => ({
      user: { 'client-certificate': 'client.crt', 'client-key': 'client.key' },
      cluster: { 'certificate-authority': 'ca.crt', 'certificate-authority-data': '' },
    }),
    shown: () => ({ client: 'client' }),
  },
  {
    name: 'another user, with groups, uid and extra fields',
    entries: () => ({
      user: {
        token: 't',
        as: 'jané',
        'as-groups': ['developers', 'system:authenticated'],
        'as-uid': '42',
        'as-user-extra': { reason: ['testing', 'again'], 'example.com/a%b': ['c'] },
      },
    }),
    shown: () => ({
      authorization: 'Bearer t',
      impersonation: [
        'impersonate-extra-example.com%2fa%25b: c',
        'impersonate-extra-reason: again',
        'impersonate-extra-reason: testing',
        'impersonate-group: developers',
        'impersonate-group: system:authenticated',
        'impersonate-uid: 42',
        'impersonate-user: jané',
      ],
    }),
  },
  {
    name: 'an exec plugin beside the kubeconfig',
    entries: () => ({ user: { exec: { ...EXEC, command: './plugin' } } }),
    shown: bearer('from-plugin'),
  },
  {
    name: 'a client certificate of an exec plugin',
    entries: () => ({
      user: {
        exec: { ...EXEC, command: plugin('certifies', { clientCertificateData: client.cert, clientKeyData: client.key }) },
      },
    }),
    shown: () => ({ authorization: undefined, client: 'client' }),
  },
  {
    name: 'a token before an exec plugin, which is not asked',
    entries: () => ({ user: { token: 't', exec: { ...EXEC, command: 'no-such-plugin' } } }),
    shown: bearer('t'),
  },
  {
    name: 'a client certificate before an exec plugin, which is not asked',
    entries: () => ({
      user: {
        'client-certificate-data': base64(client.cert),
        'client-key-data': base64(client.key),
        exec: { ...EXEC, command: 'no-such-plugin' },
      },
    }),
    shown: () => ({ authorization: undefined, client: 'client' }),
  },
  {
    name: 'an OpenID Connect token',
    entries: () => ({ user: { 'auth-provider': { name: 'oidc', config: oidcConfig({ 'id-token': idToken(4_102_444_800) }) } } }),
    shown: () => ({ authorization: `Bearer ${idToken(4_102_444_800)}` }),
  },
  {
    name: 'a renewed OpenID Connect token',
    entries: () => {
      issuer.accept('r1');
      return {
        user: { 'auth-provider': { name: 'oidc', config: oidcConfig({ 'id-token': idToken(1_000_000_000), 'refresh-token': 'r1' }) } },
      };
    },
    shown: () => ({ authorization: `Bearer ${issuer.latest}` }),
  },
  {
    name: 'a name that differs from the address',
    entries: () => ({ user: { token: 't' }, cluster: { 'tls-server-name': 'api.example' } }),
    shown: () => ({ servername: 'api.example' }),
  },
  {
    name: 'an address that differs from the name',
    entries: () => ({
      user: { token: 't' },
      cluster: { server: api.url.replace('127.0.0.1', 'localhost'), 'tls-server-name': '127.0.0.1' },
    }),
    shown: bearer('t'),
  },
  {
    name: 'a server whose certificate is not checked',
    entries: () => ({ user: { token: 't' }, cluster: { 'certificate-authority-data': '', 'insecure-skip-tls-verify': true } }),
    shown: bearer('t'),
  },
  {
    name: 'a server whose certificate itself is the authority',
    entries: () => ({ user: { token: 't' }, cluster: { 'certificate-authority-data': base64(serving.cert) } }),
    shown: bearer('t'),
  },
  {
    name: 'a server that an authority of the machine vouches for',
    entries: () => ({ user: { token: 't' }, cluster: { 'certificate-authority-data': '' } }),
    env: () => ({ SSL_CERT_FILE: at('sub/ca.crt') }),
    shown: bearer('t'),
  },
  {
    name: 'a token of an exec plugin that prints YAML',
    entries: () => {
      writeFileSync(at('yaml'), `#!/bin/sh\nprintf 'apiVersion: ${EXEC.apiVersion}\\nkind: ExecCredential\\nstatus: { token: t }\\n'\n`, {
        mode: 0o755,
      });
      return { user: { exec: { ...EXEC, command: at('yaml') } } };
    },
    shown: bearer('t'),
  },
  {
    name: 'an HTTP proxy',
    entries: () => ({ user: { token: 't' }, cluster: { 'proxy-url': httpProxy.url } }),
    shown: bearer('t'),
    tunnel: () => `http 127.0.0.1:${api.port}`,
  },
  {
    name: 'an HTTP proxy that asks for a password',
    entries: () => ({ user: { token: 't' }, cluster: { 'proxy-url': httpProxy.url.replace('//', '//jane:p%40ss@') } }),
    shown: bearer('t'),
    tunnel: () => `http 127.0.0.1:${api.port} as jane:p@ss`,
  },
  {
    name: 'an HTTPS proxy',
    entries: () => ({ user: { token: 't' }, cluster: { 'proxy-url': httpsProxy.url } }),
    shown: bearer('t'),
    tunnel: () => `https 127.0.0.1:${api.port}`,
  },
  {
    name: 'a SOCKS proxy to an address',
    entries: () => ({ user: { token: 't' }, cluster: { 'proxy-url': socksProxy.url } }),
    shown: bearer('t'),
    tunnel: () => `socks 127.0.0.1:${api.port}`,
  },
  {
    name: 'a SOCKS proxy to a name, which the proxy looks up',
    entries: () => ({ user: { token: 't' }, cluster: { server: 'https://api.example:6443', 'proxy-url': socksProxy.url } }),
    shown: bearer('t'),
    tunnel: () => 'socks api.example:6443',
  },
  {
    name: 'a SOCKS proxy that is written as curl does',
    entries: () => ({
      user: { token: 't' },
      cluster: { server: 'https://api.example:6443', 'proxy-url': socksProxy.url.replace('socks5', 'socks5h') },
    }),
    shown: bearer('t'),
    tunnel: () => 'socks api.example:6443',
    kubectlDiffers: 'it refuses the scheme',
  },
  {
    name: 'HTTPS_PROXY',
    entries: () => ({ user: { token: 't' }, cluster: { server: 'https://api.example:6443' } }),
    env: () => ({ HTTPS_PROXY: httpProxy.url }),
    shown: bearer('t'),
    tunnel: () => 'http api.example:6443',
  },
  {
    name: 'https_proxy without a scheme',
    entries: () => ({ user: { token: 't' }, cluster: { server: 'https://api.example:6443' } }),
    env: () => ({ https_proxy: httpProxy.url.replace('http://', '') }),
    shown: bearer('t'),
    tunnel: () => 'http api.example:6443',
  },
  {
    name: 'no proxy to this machine',
    entries: () => ({ user: { token: 't' } }),
    env: () => ({ HTTPS_PROXY: httpProxy.url }),
    shown: bearer('t'),
  },
  {
    name: 'proxy-url before HTTPS_PROXY and NO_PROXY',
    entries: () => ({ user: { token: 't' }, cluster: { server: 'https://api.example:6443', 'proxy-url': socksProxy.url } }),
    env: () => ({ HTTPS_PROXY: httpProxy.url, NO_PROXY: '*' }),
    shown: bearer('t'),
    tunnel: () => 'socks api.example:6443',
  },
];

function basic(userInfo: string) {
  return () => ({ authorization: `Basic ${base64(userInfo)}` });
}

const tunnels = () => [...new Set([httpProxy, httpsProxy, socksProxy].flatMap((proxy) => proxy.tunnels))];

function assertShown({ shown, tunnel }: Case, said: string): void {
  assert.ok(api.seen.length > 0, said);
  for (const request of api.seen) assert.deepEqual({ ...request, ...shown() }, request);
  assert.deepEqual(tunnels(), tunnel === undefined ? [] : [tunnel()]);
}

describe('the command shows the API server', () => {
  for (const each of cases) {
    test(each.name, async () => {
      const { said } = await observe(kubeconfig(each.entries()), each.env?.());
      assert.match(said, /403 Forbidden/);
      assertShown(each, said);
    });
  }
});

describe('kubectl shows the API server', { skip: withoutKubectl }, () => {
  for (const each of cases) {
    test(each.name, { skip: each.kubectlDiffers ?? false }, async () => {
      const { said } = await kubectl(kubeconfig(each.entries()), each.env?.());
      assertShown(each, said);
    });
  }
});

interface Refusal {
  readonly name: string;
  readonly entries: () => Entries;
  readonly says: RegExp;
  readonly kubectlDiffers?: string;
}

const refusals: readonly Refusal[] = [
  { name: 'no credentials', entries: () => ({ user: {} }), says: /user u: has no token, tokenFile, client-certificate, username, exec or/ },
  {
    name: 'a misspelt field instead of credentials',
    entries: () => ({ user: { 'token-file': at('sub/token') } }),
    says: /has no token, .*; kubectl does not know the field token-file\./,
  },
  {
    name: 'two identities',
    entries: () => ({ user: { token: 'secret', username: 'jane', password: 'secret' } }),
    says: /user u: a token cannot be combined with username and password\./,
  },
  {
    name: 'a certificate without its key',
    entries: () => ({ user: { 'client-certificate-data': base64(client.cert) } }),
    says: /user u: client-certificate has no client-key\./,
  },
  {
    name: 'groups without a user to impersonate',
    entries: () => ({ user: { token: 'secret', 'as-groups': ['a'] } }),
    says: /user u: as-uid, as-groups and as-user-extra need the user name in "as"\./,
  },
  {
    name: 'an auth-provider that is unknown',
    entries: () => ({ user: { 'auth-provider': { name: 'corp', config: { token: 'secret' } } } }),
    says: /user u: auth-provider corp is not supported, as in kubectl\./,
  },
  {
    name: 'an auth-provider that is gone',
    entries: () => ({ user: { 'auth-provider': { name: 'gcp', config: { 'access-token': 'secret' } } } }),
    says: /user u: auth-provider gcp is not supported, as in kubectl; use exec with gke-gcloud-auth-plugin, which/,
  },
  {
    name: 'a plugin and an auth-provider',
    entries: () => ({ user: { exec: { ...EXEC, command: 'x' }, 'auth-provider': { name: 'oidc', config: {} } } }),
    says: /user u: exec cannot be combined with auth-provider\./,
  },
  {
    name: 'a plugin of a version that is gone',
    entries: () => ({ user: { exec: { apiVersion: 'client.authentication.k8s.io/v1alpha1', command: 'x', interactiveMode: 'Never' } } }),
    says: /user u: exec\.apiVersion is not supported; it must be client\.authentication\.k8s\.io\/v1 or /,
  },
  {
    name: 'a plugin of an unknown interactiveMode',
    entries: () => ({ user: { exec: { ...EXEC, command: 'x', interactiveMode: 'Sometimes' } } }),
    says: /user u: exec\.interactiveMode is not one of Never, IfAvailable, Always\./,
  },
  {
    name: 'a certificate authority that is not to be checked',
    entries: () => ({ user: { token: 'secret' }, cluster: { 'insecure-skip-tls-verify': true } }),
    says: /insecure-skip-tls-verify cannot be combined with a certificate authority\./,
  },
  {
    name: 'a certificate authority that is none',
    entries: () => ({ user: { token: 'secret' }, cluster: { 'certificate-authority-data': base64('secret') } }),
    says: /certificate-authority-data: holds no certificate in PEM form\./,
  },
  {
    name: 'two certificate authorities',
    entries: () => ({ user: { token: 'secret' }, cluster: { 'certificate-authority': 'ca.crt' } }),
    says: /has both certificate-authority and certificate-authority-data; kubectl allows one of them\./,
  },
  {
    name: 'a proxy of an unknown scheme',
    entries: () => ({ user: { token: 'secret' }, cluster: { 'proxy-url': 'ftp://jane:secret@proxy.example' } }),
    says: /proxy-url has the scheme ftp; it must be http, https or socks5\./,
  },
];

describe('a kubeconfig that kubectl refuses is refused', () => {
  for (const { name, entries, says } of refusals) {
    test(name, async () => {
      const { status, said } = await observe(kubeconfig(entries()));
      assert.equal(status, 2, said);
      assert.match(said, says);
      assert.doesNotMatch(said, /secret/);
      assert.deepEqual(api.seen, []);
    });
    test(`${name}: by kubectl, too`, { skip: withoutKubectl }, async () => {
      const { status } = await kubectl(kubeconfig(entries()));
      assert.notEqual(status, 0);
      assert.deepEqual(api.seen, []);
    });
  }
});

test('a server is known by the authority that issued its certificate, which need not be a root', async () => {
  for (const ask of withoutKubectl === false ? [observe, kubectl] : [observe]) {
    twoTierApi.forget();
    const cluster = { server: twoTierApi.url, 'certificate-authority-data': base64(issuing.cert) };
    const { said } = await ask(kubeconfig({ user: { token: 't' }, cluster }));
    assert.equal(twoTierApi.seen[0]?.authorization, 'Bearer t', said);
  }
});

test('a certificate that is not accepted is named without advice about Node', async () => {
  const { status, said } = await observe(
    kubeconfig({ user: { token: 't' }, cluster: { 'certificate-authority-data': base64(client.cert) } }),
  );
  assert.equal(status, 1);
  assert.match(said, /its certificate is not accepted \([^()]*\)\.\nCheck certificate-authority-data/);
  assert.doesNotMatch(said, /Node/);
});

test('a plugin is started once for all requests, and once more when its token is refused', async () => {
  const answer = JSON.stringify({ apiVersion: EXEC.apiVersion, kind: 'ExecCredential', status: { token: 'token-N' } });
  const script = `#!/bin/sh\necho x >> "$STARTS"\nsleep 0.3\necho '${answer}' | sed "s/N/$(wc -l < "$STARTS" | tr -d ' ')/"\n`;
  writeFileSync(at('counts'), script, { mode: 0o755 });
  api.unknown.add('token-1');
  const { said } = await observe(kubeconfig({ user: { exec: { ...EXEC, command: at('counts') } } }), { STARTS: at('starts') });
  assert.match(said, /403 Forbidden/);
  assert.equal(readFileSync(at('starts'), 'utf8'), 'x\nx\n');
  assert.deepEqual([...new Set(api.seen.map((s) => s.authorization))], ['Bearer token-1', 'Bearer token-2']);
});

test('a plugin that fails is not started again to write an Event about it', async () => {
  writeFileSync(at('fails'), '#!/bin/sh\necho x >> "$STARTS"\nexit 1\n', { mode: 0o755 });
  const file = kubeconfig({ user: { exec: { ...EXEC, command: at('fails') } } });
  const args = ['lib/bin/kafka-tls.mjs', 'apply', '-f', 'examples/quickstart/expected.yaml', '--kubeconfig', file];
  await run(process.execPath, args, { STARTS: at('failures') });
  assert.equal(readFileSync(at('failures'), 'utf8'), 'x\n');
});

test('Ctrl-C ends a plugin that waits for a login, and the command with it', async () => {
  const waits = `#!/bin/sh\ntrap 'echo ended > "$ENDED"; exit 1' TERM\necho 'enter ABCD-1234' >&2\nwhile :; do sleep 0.1; done\n`;
  writeFileSync(at('waits'), waits, { mode: 0o755 });
  const file = kubeconfig({ user: { exec: { ...EXEC, command: at('waits') } } });
  const args = ['lib/bin/kafka-tls.mjs', 'observe', '--kafka', 'demo/orders', '--kubeconfig', file];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: process.env.PATH, ENDED: at('ended') } });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    if (said === '') child.kill('SIGINT');
    said += text;
  });
  const status = await new Promise((resolve) => child.once('close', resolve));
  assert.match(said, /^enter ABCD-1234\nkafka-tls: ended before it was done: SIGINT was received\.\n/);
  assert.deepEqual([status, readFileSync(at('ended'), 'utf8')], [130, 'ended\n']);
});

test('what a plugin writes to standard error comes before what the command makes of it', async () => {
  writeFileSync(at('complains'), '#!/bin/sh\necho "open https://login.example" >&2\nexit 5\n', { mode: 0o755 });
  const { status, said } = await observe(kubeconfig({ user: { exec: { ...EXEC, command: at('complains') } } }));
  assert.equal(status, 1);
  assert.match(
    said,
    /^open https:\/\/login\.example\ncredentials of user u: exec plugin .*complains failed with exit code 5: open https:\/\/login\.example\./,
  );
});

test('a plugin learns of its cluster what kubectl tells it', { skip: withoutKubectl }, async () => {
  writeFileSync(at('tells'), '#!/bin/sh\nprintf %s "$KUBERNETES_EXEC_INFO" > "$OUT"\nexit 1\n', { mode: 0o755 });
  const cluster = {
    'tls-server-name': 'api.example',
    'certificate-authority': 'ca.crt',
    'certificate-authority-data': '',
    'disable-compression': true,
    extensions: [{ name: 'client.authentication.k8s.io/exec', extension: { audience: 'prod' } }],
  };
  const file = kubeconfig({ user: { exec: { ...EXEC, command: at('tells'), provideClusterInfo: true } }, cluster });
  await observe(file, { OUT: at('ours') });
  await kubectl(file, { OUT: at('theirs') });
  assert.deepEqual(JSON.parse(readFileSync(at('ours'), 'utf8')), JSON.parse(readFileSync(at('theirs'), 'utf8')));
});
