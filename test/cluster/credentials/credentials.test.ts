/**
 * Every credential and every route to the API server, with kubectl as the reference: both clients get the same kubeconfig, and a fake API
 * server records what they send.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { KINDS } from '#model/kube-object';
import { connect } from '#reconciler/cluster/connect';
import { systemClock } from '#reconciler/cluster/system-clock';
import { KafkaTlsError } from '#reconciler/errors';
import { issueCertificate } from '#test/support/certificate-factory';
import { CredentialApi, type Shown } from '#test/support/credential-api';
import { FakeIssuer, idToken } from '#test/support/fake-issuer';
import { HttpProxy, SocksProxy } from '#test/support/proxies';

const folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-credentials-'));
const at = (name: string) => path.join(folder, name);
const base64 = (text: string) => Buffer.from(text).toString('base64');
const root = issueCertificate({ commonName: 'root', isCa: true });
const names = { ipAddresses: ['127.0.0.1'] };
const serving = issueCertificate({ commonName: 'api', issuer: root, dnsNames: ['api.example'], ...names });
const issuing = issueCertificate({ commonName: 'issuing', isCa: true, issuer: root });
const client = issueCertificate({ commonName: 'client', issuer: root });

const api = new CredentialApi(serving, root.cert);
const twoTierApi = new CredentialApi(issueCertificate({ commonName: 'two-tier', issuer: issuing, ...names }), root.cert);
const issuer = new FakeIssuer(serving);
const httpProxy = new HttpProxy(() => api.port);
const httpsProxy = new HttpProxy(() => api.port, serving);
const socksProxy = new SocksProxy(() => api.port);
const servers = [api, twoTierApi, issuer, httpProxy, httpsProxy, socksProxy];
/** Places in a case for what is known only when the servers listen. */
const placed = (text: string) =>
  Object.entries({ api, twoTierApi, issuer, httpProxy, httpsProxy, socksProxy }).reduce(
    (all, [name, { port }]) => all.replaceAll(`{${name}}`, `127.0.0.1:${port}`).replaceAll(`{${name} port}`, String(port)),
    text,
  );

before(async () => {
  for (const server of servers) await server.start();
});
after(() => {
  for (const server of servers) server.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  for (const server of servers) server.forget();
  issuer.accept('r1');
});

/** Writes a file beside the kubeconfig; the current folder is another one. */
function file(name: string, text: string): string {
  mkdirSync(at('sub'), { recursive: true });
  writeFileSync(at(`sub/${name}`), text, { mode: 0o755 });
  return at(`sub/${name}`);
}
file('token', 'from-file\n');
file('ca.crt', root.cert);
file('client.crt', client.cert);
file('client.key', client.key);

const EXEC = { apiVersion: 'client.authentication.k8s.io/v1', interactiveMode: 'Never' };
const credential = (status: object) => JSON.stringify({ apiVersion: EXEC.apiVersion, kind: 'ExecCredential', status });
const prints = (text: string) => `#!/bin/sh\ncat <<'END'\n${text}\nEND\n`;
/** Returns a user with a plugin that is this script. */
const plugin = (name: string, script: string) => ({ exec: { ...EXEC, command: file(name, script) } });

type Env = Readonly<Record<string, string>>;
type Entry = Readonly<Record<string, unknown>>;

function kubeconfig(user: Entry, cluster: Entry = {}): string {
  const server = { server: 'https://{api}', 'certificate-authority-data': base64(root.cert), ...cluster };
  const config = {
    clusters: [{ name: 'c', cluster: server }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace: 'demo' } }],
    'current-context': 'c',
  };
  return file('kubeconfig', placed(JSON.stringify(config)));
}

interface Ran {
  readonly status: number | null;
  readonly output: string;
}
type Client = (kubeconfig: string, env?: Env) => Promise<Ran>;

const environment = (env: Env) => ({ PATH: process.env.PATH, HOME: folder, ...env });

async function run(command: string, args: readonly string[], env: Env = {}, onOutput?: (kill: () => void) => void): Promise<Ran> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: environment(env) });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
      onOutput?.(() => child.kill('SIGINT'));
    });
  }
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { status, output };
}

const COMMAND = 'lib/bin/kafka-tls.js';
const observing = (file: string) => [COMMAND, 'observe', '--kafka', 'demo/orders', '--kubeconfig', file];
const observe: Client = (file, env) => run(process.execPath, observing(file), env);
const kubectl: Client = (file, env) => run('kubectl', ['get', '--raw', '/api/v1/namespaces/demo/pods', '--kubeconfig', file], env);
const withoutKubectl = spawnSync('kubectl', ['version', '--client']).status === 0 ? false : 'kubectl is not on the PATH';

/** Lists pods in this process. */
const list: Client = async (file, env = {}) => {
  let output = '';
  try {
    const stderr = (text: string) => (output += text);
    const connected = await connect({ kubeconfig: file, env: environment(env), clock: systemClock, stderr });
    await connected.cluster.list(KINDS.Pod, { namespace: 'demo' }).finally(() => connected.close());
    return { status: 0, output };
  } catch (error) {
    assert.ok(error instanceof KafkaTlsError, String(error));
    return { status: error.exitCode, output: `${output}${error.message}\n${error.hint}` };
  }
};

interface Case {
  readonly name: string;
  readonly user?: Entry;
  readonly cluster?: Entry;
  readonly env?: Env;
  /** The credential that the server sees. */
  readonly shows?: Partial<Shown> | (() => Partial<Shown>);
  /** The request that the proxy gets. */
  readonly tunnel?: string;
  readonly kubectlDiffers?: string;
}

const TOKEN = { token: 't' };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const basic = (userInfo: string) => ({ authorization: `Basic ${base64(userInfo)}` });
const certificate = { authorization: undefined, client: 'client' };
const CLIENT = { 'client-certificate-data': base64(client.cert), 'client-key-data': base64(client.key) };
const ELSEWHERE = { server: 'https://api.example:6443' };
const oidc = (config: object) => {
  const provider = { 'client-id': 'cid', 'idp-issuer-url': 'https://{issuer}', 'idp-certificate-authority-data': base64(root.cert) };
  return { 'auth-provider': { name: 'oidc', config: { ...provider, ...config } } };
};
const impersonating = {
  ...TOKEN,
  as: 'jané',
  'as-groups': ['developers', 'system:authenticated'],
  'as-uid': '42',
  'as-user-extra': { reason: ['testing', 'again'], 'example.com/a%b': ['c'] },
};

const cases: readonly Case[] = [
  { name: 'a token' },
  { name: 'a token file beside the kubeconfig', user: { tokenFile: 'token' }, shows: bearer('from-file') },
  { name: 'a token file before a token', user: { ...TOKEN, tokenFile: 'token' }, shows: bearer('from-file') },
  { name: 'a token when the token file is missing', user: { ...TOKEN, tokenFile: 'none' } },
  { name: 'user name and password', user: { username: 'jane', password: 'p' }, shows: basic('jane:p') },
  { name: 'a user name without a password', user: { username: 'jane' }, shows: basic('jane:') },
  { name: 'a client certificate', user: CLIENT, shows: certificate },
  {
    name: 'certificates in files beside the kubeconfig',
    user: { 'client-certificate': 'client.crt', 'client-key': 'client.key' },
    cluster: { 'certificate-authority': 'ca.crt', 'certificate-authority-data': '' },
    shows: certificate,
  },
  {
    name: 'another user, with groups, uid and extra fields',
    user: impersonating,
    shows: {
      ...bearer('t'),
      impersonation: [
        'impersonate-extra-example.com%2fa%25b: c',
        'impersonate-extra-reason: again',
        'impersonate-extra-reason: testing',
        'impersonate-group: developers',
        'impersonate-group: system:authenticated',
        'impersonate-uid: 42',
        'impersonate-user: jané',
      ],
    },
  },
  {
    name: 'an exec plugin beside the kubeconfig',
    user: { exec: { ...plugin('plugin', prints(credential({ token: 'from-plugin' }))).exec, command: './plugin' } },
    shows: bearer('from-plugin'),
  },
  {
    name: 'a client certificate of an exec plugin',
    user: plugin('certifies', prints(credential({ clientCertificateData: client.cert, clientKeyData: client.key }))),
    shows: certificate,
  },
  {
    name: 'a token of an exec plugin that prints YAML',
    user: plugin('yaml', prints(`apiVersion: ${EXEC.apiVersion}\nkind: ExecCredential\nstatus: { token: t }`)),
  },
  { name: 'a token before an exec plugin, which is not started', user: { ...TOKEN, exec: { ...EXEC, command: 'no-such-plugin' } } },
  {
    name: 'a client certificate before an exec plugin, which is not started',
    user: { ...CLIENT, exec: { ...EXEC, command: 'no-such-plugin' } },
    shows: certificate,
  },
  { name: 'an OpenID Connect token', user: oidc({ 'id-token': idToken(4_102_444_800) }), shows: bearer(idToken(4_102_444_800)) },
  {
    name: 'a renewed OpenID Connect token',
    user: oidc({ 'id-token': idToken(1_000_000_000), 'refresh-token': 'r1' }),
    shows: () => bearer(issuer.latest),
  },
  { name: 'a name that differs from the address', cluster: { 'tls-server-name': 'api.example' }, shows: { servername: 'api.example' } },
  {
    name: 'an address that differs from the name',
    cluster: { server: 'https://localhost:{api port}', 'tls-server-name': '127.0.0.1' },
  },
  { name: 'a server whose certificate is not checked', cluster: { 'certificate-authority-data': '', 'insecure-skip-tls-verify': true } },
  { name: 'a server whose certificate itself is the authority', cluster: { 'certificate-authority-data': base64(serving.cert) } },
  {
    name: 'a server with a certificate of an authority of the machine',
    cluster: { 'certificate-authority-data': '' },
    env: { SSL_CERT_FILE: at('sub/ca.crt') },
  },
  { name: 'an HTTP proxy', cluster: { 'proxy-url': 'http://{httpProxy}' }, tunnel: 'http {api}' },
  {
    name: 'an HTTP proxy that asks for a password',
    cluster: { 'proxy-url': 'http://jane:p%40ss@{httpProxy}' },
    tunnel: 'http {api} as jane:p@ss',
  },
  { name: 'an HTTPS proxy', cluster: { 'proxy-url': 'https://{httpsProxy}' }, tunnel: 'https {api}' },
  { name: 'a SOCKS proxy to an address', cluster: { 'proxy-url': 'socks5://{socksProxy}' }, tunnel: 'socks {api}' },
  {
    name: 'a SOCKS proxy to a name, which the proxy looks up',
    cluster: { ...ELSEWHERE, 'proxy-url': 'socks5://{socksProxy}' },
    tunnel: 'socks api.example:6443',
  },
  {
    name: 'a SOCKS proxy that is written as curl does',
    cluster: { ...ELSEWHERE, 'proxy-url': 'socks5h://{socksProxy}' },
    tunnel: 'socks api.example:6443',
    kubectlDiffers: 'it refuses the scheme',
  },
  { name: 'HTTPS_PROXY', cluster: ELSEWHERE, env: { HTTPS_PROXY: 'http://{httpProxy}' }, tunnel: 'http api.example:6443' },
  { name: 'https_proxy without a scheme', cluster: ELSEWHERE, env: { https_proxy: '{httpProxy}' }, tunnel: 'http api.example:6443' },
  { name: 'no proxy to this machine', env: { HTTPS_PROXY: 'http://{httpProxy}' } },
  {
    name: 'proxy-url before HTTPS_PROXY and NO_PROXY',
    cluster: { ...ELSEWHERE, 'proxy-url': 'socks5://{socksProxy}' },
    env: { HTTPS_PROXY: 'http://{httpProxy}', NO_PROXY: '*' },
    tunnel: 'socks api.example:6443',
  },
];

interface Refusal {
  readonly name: string;
  readonly user?: Entry;
  readonly cluster?: Entry;
  readonly says: RegExp;
}

const SECRET = { token: 'secret' };
const refusals: readonly Refusal[] = [
  { name: 'no credentials', user: {}, says: /user u: has no token, tokenFile, client-certificate, username, exec or/ },
  {
    name: 'a misspelt field instead of credentials',
    user: { 'token-file': at('sub/token') },
    says: /has no token, .*; kubectl does not know the field token-file\./,
  },
  {
    name: 'two identities',
    user: { ...SECRET, username: 'jane', password: 'secret' },
    says: /user u: a token cannot be combined with username and password\./,
  },
  {
    name: 'a certificate without its key',
    user: { 'client-certificate-data': base64(client.cert) },
    says: /user u: client-certificate has no client-key\./,
  },
  {
    name: 'groups without a user to impersonate',
    user: { ...SECRET, 'as-groups': ['a'] },
    says: /user u: as-uid, as-groups and as-user-extra need the user name in "as"\./,
  },
  {
    name: 'an unknown auth-provider',
    user: { 'auth-provider': { name: 'corp', config: SECRET } },
    says: /user u: auth-provider corp is not supported, as in kubectl\./,
  },
  {
    name: 'a removed auth-provider',
    user: { 'auth-provider': { name: 'gcp', config: SECRET } },
    says: /user u: auth-provider gcp is not supported, as in kubectl; use exec with gke-gcloud-auth-plugin, which/,
  },
  {
    name: 'a plugin and an auth-provider',
    user: { exec: { ...EXEC, command: 'x' }, 'auth-provider': { name: 'oidc', config: {} } },
    says: /user u: exec cannot be combined with auth-provider\./,
  },
  {
    name: 'a plugin of a removed version',
    user: { exec: { ...EXEC, apiVersion: 'client.authentication.k8s.io/v1alpha1', command: 'x' } },
    says: /user u: exec\.apiVersion is not supported; it must be client\.authentication\.k8s\.io\/v1 or /,
  },
  {
    name: 'a plugin of an unknown interactiveMode',
    user: { exec: { ...EXEC, command: 'x', interactiveMode: 'Sometimes' } },
    says: /user u: exec\.interactiveMode is not one of Never, IfAvailable, Always\./,
  },
  {
    name: 'a certificate authority that is not to be checked',
    cluster: { 'insecure-skip-tls-verify': true },
    says: /insecure-skip-tls-verify cannot be combined with a certificate authority\./,
  },
  {
    name: 'a certificate authority without a certificate',
    cluster: { 'certificate-authority-data': base64('secret') },
    says: /certificate-authority-data: holds no certificate in PEM form\./,
  },
  {
    name: 'two certificate authorities',
    cluster: { 'certificate-authority': 'ca.crt' },
    says: /has both certificate-authority and certificate-authority-data; kubectl allows one of them\./,
  },
  {
    name: 'a proxy of an unknown scheme',
    cluster: { 'proxy-url': 'ftp://jane:secret@proxy.example' },
    says: /proxy-url has the scheme ftp; it must be http, https or socks5\./,
  },
];

const clients = [
  { client: 'kafka-tls', ask: list, skip: false as const },
  { client: 'kubectl', ask: kubectl, skip: withoutKubectl },
];
for (const { client: name, ask, skip } of clients) {
  describe(name, { skip }, () => {
    for (const { name: credential, user = TOKEN, cluster, env = {}, shows = bearer('t'), tunnel, kubectlDiffers } of cases) {
      test(`uses ${credential}`, { skip: ask === kubectl && kubectlDiffers }, async () => {
        const placedEnv = Object.fromEntries(Object.entries(env).map(([key, value]) => [key, placed(value)]));
        // Node reads this variable when it starts.
        const client = ask === list && 'SSL_CERT_FILE' in env ? observe : ask;
        const { output } = await client(kubeconfig(user, cluster), placedEnv);
        if (ask === list) assert.match(output, /403 Forbidden/);
        assert.ok(api.seen.length > 0, output);
        const expected = typeof shows === 'function' ? shows() : shows;
        for (const request of api.seen) assert.deepEqual({ ...request, ...expected }, request);
        const tunnels = new Set([httpProxy, httpsProxy, socksProxy].flatMap((proxy) => proxy.tunnels));
        assert.deepEqual([...tunnels], tunnel === undefined ? [] : [placed(tunnel)]);
      });
    }

    for (const { name: problem, user = SECRET, cluster, says } of refusals) {
      test(`refuses ${problem}`, async () => {
        const { status, output } = await ask(kubeconfig(user, cluster));
        assert.deepEqual(api.seen, []);
        if (ask === kubectl) return assert.notEqual(status, 0);
        assert.equal(status, 2, output);
        assert.match(output, says);
        assert.doesNotMatch(output, /secret/);
      });
    }

    test('accepts a server by the authority that issued its certificate, which need not be a root', async () => {
      const cluster = { server: 'https://{twoTierApi}', 'certificate-authority-data': base64(issuing.cert) };
      const { output } = await ask(kubeconfig(TOKEN, cluster));
      assert.equal(twoTierApi.seen[0]?.authorization, 'Bearer t', output);
    });
  });
}

test('an untrusted certificate is reported without advice about Node', async () => {
  const { status, output } = await list(kubeconfig(TOKEN, { 'certificate-authority-data': base64(client.cert) }));
  assert.equal(status, 1);
  assert.match(output, /its certificate is not accepted \([^()]*\)\.\nCheck certificate-authority-data/);
  assert.doesNotMatch(output, /Node/);
});

describe('the command', () => {
  test('starts a plugin once for all requests, and once more when its token is refused', async () => {
    const count = `echo x >> "$LOG"\nsleep 0.3\necho '${credential({ token: 'token-N' })}'`;
    const script = `#!/bin/sh\n${count} | sed "s/N/$(wc -l < "$LOG" | tr -d ' ')/"\n`;
    api.unknown.add('token-1');
    const { output } = await observe(kubeconfig(plugin('counts', script)), { LOG: at('starts') });
    assert.match(output, /403 Forbidden/);
    assert.equal(readFileSync(at('starts'), 'utf8'), 'x\nx\n');
    assert.deepEqual([...new Set(api.seen.map((s) => s.authorization))], ['Bearer token-1', 'Bearer token-2']);
  });

  test('does not start a plugin that failed again to write an Event about it', async () => {
    const file = kubeconfig(plugin('fails', '#!/bin/sh\necho x >> "$LOG"\nexit 1\n'));
    const args = [COMMAND, 'apply', '-f', 'examples/quickstart/expected.yaml', '--kubeconfig', file];
    await run(process.execPath, args, { LOG: at('failures') });
    assert.equal(readFileSync(at('failures'), 'utf8'), 'x\n');
  });

  test('ends with a plugin that waits for a login after Ctrl-C', async () => {
    const script = `#!/bin/sh\ntrap 'echo ended > "$LOG"; exit 1' TERM\necho 'enter ABCD-1234' >&2\nwhile :; do sleep 0.1; done\n`;
    const args = observing(kubeconfig(plugin('waits', script)));
    let isKilled = false;
    const { status, output } = await run(process.execPath, args, { LOG: at('ended') }, (kill) => {
      if (!isKilled) kill();
      isKilled = true;
    });
    assert.match(output, /^enter ABCD-1234\nkafka-tls: ended before it was done: SIGINT was received\.\n/);
    assert.deepEqual([status, readFileSync(at('ended'), 'utf8')], [130, 'ended\n']);
  });

  test('prints the standard error of a plugin before its own error', async () => {
    const script = '#!/bin/sh\necho "open https://login.example" >&2\nexit 5\n';
    const { status, output } = await observe(kubeconfig(plugin('complains', script)));
    assert.equal(status, 1);
    const error = /credentials of user u: exec plugin .*complains failed with exit code 5: open https:\/\/login\.example\./;
    assert.match(output, new RegExp(`^open https://login\\.example\\n${error.source}`));
  });

  test('describes the cluster to a plugin as kubectl does', { skip: withoutKubectl }, async () => {
    const script = '#!/bin/sh\nprintf %s "$KUBERNETES_EXEC_INFO" > "$LOG"\nexit 1\n';
    const { exec } = plugin('records', script);
    const extension = { name: 'client.authentication.k8s.io/exec', extension: { audience: 'prod' } };
    const file = kubeconfig(
      { exec: { ...exec, provideClusterInfo: true } },
      {
        'tls-server-name': 'api.example',
        'certificate-authority': 'ca.crt',
        'certificate-authority-data': '',
        'disable-compression': true,
        extensions: [extension],
      },
    );
    await list(file, { LOG: at('ours') });
    await kubectl(file, { LOG: at('theirs') });
    assert.deepEqual(JSON.parse(readFileSync(at('ours'), 'utf8')), JSON.parse(readFileSync(at('theirs'), 'utf8')));
  });
});
