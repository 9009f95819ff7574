import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, test } from 'node:test';
import { KINDS } from '#model/kube-object';
import { connect } from '#reconciler/cluster/connect';
import { type KubeConfigOptions, loadConnection } from '#reconciler/cluster/kube-config';
import { systemClock } from '#reconciler/cluster/system-clock';
import { InvalidInputError } from '#reconciler/errors';
import { issueCertificate } from '#test/support/certificate-factory';
import { listen } from '#test/support/loopback-server';

const dir = mkdtempSync(join(tmpdir(), 'kafka-tls-'));
after(() => rmSync(dir, { recursive: true }));
const HOME = { HOME: dir };
const SERVER = 'https://127.0.0.1:1';

function written(file: string, content: unknown): string {
  writeFileSync(join(dir, file), typeof content === 'string' ? content : JSON.stringify(content));
  return join(dir, file);
}

interface Context {
  readonly cluster?: object;
  readonly user?: object;
  readonly namespace?: string;
}

/** Writes a kubeconfig with a cluster, a user and a context for each of the names. */
function kubeconfig(file: string, contexts: Readonly<Record<string, Context>>, current?: string): string {
  const named = Object.entries(contexts);
  return written(file, {
    clusters: named.map(([name, { cluster }]) => ({ name, cluster: { server: SERVER, ...cluster } })),
    users: named.map(([name, { user = { token: 't' } }]) => ({ name, user })),
    contexts: named.map(([name, { namespace }]) => ({ name, context: { cluster: name, user: name, namespace } })),
    'current-context': current,
  });
}
const only = (file: string, context: Context) => kubeconfig(file, { x: context }, 'x');

const PROD = { cluster: { server: 'https://prod.example:6443' } };
const two = kubeconfig('two', { dev: { namespace: 'demo' }, prod: PROD }, 'dev');
const empty = written('empty', '');

const choices: readonly { name: string; options: KubeConfigOptions; server: string; namespace: string }[] = [
  { name: 'the current context and its namespace', options: { kubeconfig: two, env: {} }, server: SERVER, namespace: 'demo' },
  {
    name: 'another context by --context',
    options: { kubeconfig: two, context: 'prod', env: {} },
    server: PROD.cluster.server,
    namespace: 'default',
  },
  {
    name: 'the first file of KUBECONFIG that has the name; others may be missing or empty',
    options: { env: { ...HOME, KUBECONFIG: [join(dir, 'missing'), empty, kubeconfig('first', { dev: {} }), two].join(delimiter) } },
    server: SERVER,
    namespace: 'default',
  },
  {
    name: 'a context of a later file of KUBECONFIG',
    options: { context: 'prod', env: { ...HOME, KUBECONFIG: [kubeconfig('earlier', { dev: {} }), two].join(delimiter) } },
    server: PROD.cluster.server,
    namespace: 'default',
  },
  {
    name: 'only the first entry of a name, with all of its fields',
    options: {
      env: {
        ...HOME,
        KUBECONFIG: [only('a', {}), only('b', { cluster: { 'certificate-authority': 'none.crt' } })].join(delimiter),
      },
    },
    server: SERVER,
    namespace: 'default',
  },
];
for (const { name, options, server, namespace } of choices) {
  test(`uses ${name}`, async () => {
    const connection = await loadConnection(options);
    assert.deepEqual([connection.transport.server, connection.namespace], [server, namespace]);
  });
}

test('in a pod the ServiceAccount is used, with the current token in its file', async () => {
  const serviceAccount = join(dir, 'serviceaccount');
  mkdirSync(serviceAccount);
  const tokens: (string | undefined)[] = [];
  const root = issueCertificate({ commonName: 'root', isCa: true });
  const serving = issueCertificate({ commonName: 'api', issuer: root, ipAddresses: ['127.0.0.1'] });
  const server = https.createServer({ cert: serving.cert, key: serving.key }, (request, response) => {
    const isRefused = tokens.push(request.headers.authorization) === 2;
    // The old token has expired, and the kubelet has written the new one.
    if (isRefused) writeFileSync(join(serviceAccount, 'token'), 'second\n');
    response.writeHead(isRefused ? 401 : 200).end(JSON.stringify({ metadata: {}, items: [] }));
  });
  for (const [file, text] of Object.entries({ token: 'first\n', 'ca.crt': root.cert, namespace: 'demo\n' }))
    writeFileSync(join(serviceAccount, file), text);
  const env = { HOME: join(dir, 'nowhere'), KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(await listen(server)) };
  const connected = await connect({ clock: systemClock, env, serviceAccount });
  assert.deepEqual([connected.namespace, connected.isInPod], ['demo', true]);
  await connected.cluster.list(KINDS.Pod, { namespace: 'demo' });
  await connected.cluster.list(KINDS.Pod, { namespace: 'demo' });
  assert.deepEqual(tokens, ['Bearer first', 'Bearer first', 'Bearer second']);
  connected.close();
});

test('everything that is wrong with a context is refused at once', async () => {
  const file = only('wrong', {
    cluster: { server: 'https://api.example', 'certificate-authority': 'ca.crt', 'proxy-url': 'ftp://p' },
    user: { token: 'hunter2', 'as-groups': ['a'], 'client-certificate': 'none.crt', 'client-key': 'none.key' },
  });
  await assert.rejects(loadConnection({ kubeconfig: file, env: {} }), (e) => {
    assert.ok(e instanceof InvalidInputError, String(e));
    assert.deepEqual(e.violations, [
      `${file}: certificate-authority ${join(dir, 'ca.crt')}: cannot be read: there is no such file.`,
      `${file}: client-certificate ${join(dir, 'none.crt')}: cannot be read: there is no such file.`,
      `${file}: client-key ${join(dir, 'none.key')}: cannot be read: there is no such file.`,
      `${file}: proxy-url has the scheme ftp; it must be http, https or socks5.`,
      `${file}: user x: as-uid, as-groups and as-user-extra need the user name in "as".`,
    ]);
    return true;
  });
});

interface Problem {
  readonly name: string;
  readonly file?: string;
  readonly options?: KubeConfigOptions;
  readonly message: RegExp;
  readonly hint?: RegExp;
}

const problems: readonly Problem[] = [
  { name: 'a missing file', file: join(dir, 'nowhere'), message: /nowhere: cannot be read: there is no such file\.$/ },
  { name: 'a directory', file: dir, message: /cannot be read: EISDIR\.$/ },
  { name: 'a file that is not YAML', file: written('broken', '{ this: is: not yaml'), message: /broken: is not a kubeconfig: / },
  { name: 'an empty file', file: empty, message: /empty: no context is current\.$/, hint: /no contexts/ },
  {
    name: 'several documents',
    file: written('several', 'kind: Config\n---\nkind: Config\n'),
    message: /several: is not a kubeconfig: holds 2 documents instead of one\.$/,
  },
  {
    name: 'a namespace that is a path',
    file: only('path', { namespace: '..' }),
    message: /path: is not a kubeconfig: contexts\[0\]\.context\.namespace: is "\.\."; a name such as/,
  },
  {
    name: 'an unknown context',
    options: { kubeconfig: two, context: 'stage', env: {} },
    message: /two: there is no context stage\.$/,
    hint: /It has: dev, prod\. Choose one with --context\./,
  },
  { name: 'no current context', file: kubeconfig('none', { dev: {} }), message: /none: no context is current\.$/, hint: /It has: dev/ },
  { name: 'nothing at all', options: { env: HOME }, message: /^kubeconfig: no cluster is configured/, hint: /--kubeconfig/ },
  {
    name: 'plain HTTP to another machine',
    file: only('plain', { cluster: { server: 'http://10.0.0.1:8080' } }),
    message: /server http:\/\/10\.0\.0\.1:8080 has no TLS/,
  },
  {
    name: 'a member of the wrong type',
    file: only('typed', { cluster: { server: 5 } }),
    message: /typed: is not a kubeconfig: clusters\[0\]\.cluster\.server: is 5; a (text|string) is expected\.$/,
  },
  {
    name: 'a user of the wrong type, whose values are not repeated',
    file: only('user', { user: { token: ['hunter2'] } }),
    message:
      /user: is not a kubeconfig: users\[0\]\.user\.token: is something else; a (text|string)( \(its value is not shown\))? is expected\.$/,
  },
  {
    name: 'a user that the file does not have',
    file: written('userless', {
      clusters: [{ name: 'c', cluster: { server: SERVER } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
    message: /userless: context x: names a user that the file does not have\.$/,
  },
  {
    name: 'two clusters of one name',
    file: written('twice', { clusters: ['https://a', 'https://b'].map((server) => ({ name: 'c', cluster: { server } })) }),
    message: /twice: is not a kubeconfig: clusters: has several entries named c\.$/,
  },
  {
    name: 'a proxy of the environment without an address',
    options: { kubeconfig: two, context: 'prod', env: { HTTPS_PROXY: 'http://jane:hunter2@' } },
    message: /two: HTTPS_PROXY is not an address such as http:\/\/proxy\.example:3128\.$/,
  },
  {
    name: 'an address of another protocol',
    file: only('ftp', { cluster: { server: 'ftp://127.0.0.1' } }),
    message: /server "ftp:\/\/127\.0\.0\.1" is not an address such as/,
  },
  { name: 'a server without an address', file: only('odd', { cluster: { server: 'here' } }), message: /server "here" is not an address/ },
];

for (const { name, file = '', options = { kubeconfig: file, env: {} }, message, hint } of problems) {
  test(`${name} is one clear sentence`, async () => {
    await assert.rejects(loadConnection(options), (e) => {
      assert.ok(e instanceof InvalidInputError, String(e));
      assert.match(e.message, message);
      assert.equal(e.message.includes('\n'), false);
      assert.match(e.hint ?? '', hint ?? /^/);
      return true;
    });
  });
}

test('a server on this machine may do without TLS', async () => {
  const server = http.createServer((request, response) => {
    const isKnown = request.headers.authorization === 'Bearer secret-token';
    response.writeHead(isKnown ? 200 : 401).end(JSON.stringify({ metadata: {}, items: [] }));
  });
  const file = only('local', { cluster: { server: `http://127.0.0.1:${await listen(server)}` }, user: { token: 'secret-token' } });
  const connected = await connect({ kubeconfig: file, clock: systemClock, env: {} });
  assert.deepEqual(await connected.cluster.list(KINDS.Pod, { namespace: connected.namespace }), []);
  connected.close();
});
