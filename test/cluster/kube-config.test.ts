import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, test } from 'node:test';
import { KINDS } from '#model/kube-object';
import { connect } from '#reconciler/cluster/connect';
import { type KubeConfigOptions, loadConnection } from '#reconciler/cluster/kube-config';
import { systemClock } from '#reconciler/cluster/system-clock';
import { InvalidInputError } from '#reconciler/errors';
import { issueCertificate } from '../support/certificate-factory';

const dir = mkdtempSync(join(tmpdir(), 'kafka-tls-'));
after(() => rmSync(dir, { recursive: true }));
const HOME = { HOME: dir };

interface Entry {
  readonly server?: string;
  readonly namespace?: string;
  readonly token?: string;
}

function kubeconfig(file: string, entries: Readonly<Record<string, Entry>>, current?: string): string {
  const path = join(dir, file);
  const named = Object.entries(entries);
  writeFileSync(
    path,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: named.map(([name, e]) => ({ name, cluster: { server: e.server ?? 'https://127.0.0.1:1' } })),
      users: named.map(([name, e]) => ({ name, user: { token: e.token ?? 't' } })),
      contexts: named.map(([name, e]) => ({ name, context: { cluster: name, user: name, namespace: e.namespace } })),
      'current-context': current,
    }),
  );
  return path;
}

function written(file: string, value: unknown): string {
  writeFileSync(join(dir, file), JSON.stringify(value));
  return join(dir, file);
}

const two = kubeconfig('two', { dev: { namespace: 'demo' }, prod: { server: 'https://prod.example:6443' } }, 'dev');
const none = kubeconfig('none', { dev: {} });
const broken = join(dir, 'broken');
writeFileSync(broken, '{ this: is: not yaml');
const empty = join(dir, 'empty');
writeFileSync(empty, '');
const several = join(dir, 'several');
writeFileSync(several, 'kind: Config\n---\nkind: Config\n');

test('uses the current context and its namespace', async () => {
  const { transport, namespace } = await loadConnection({ kubeconfig: two, env: {} });
  assert.deepEqual([transport.server, namespace], ['https://127.0.0.1:1', 'demo']);
});

test('--context chooses another', async () => {
  const { transport, namespace } = await loadConnection({ kubeconfig: two, context: 'prod', env: {} });
  assert.deepEqual([transport.server, namespace], ['https://prod.example:6443', 'default']);
});

test('KUBECONFIG may name several files, of which some are missing or empty; the first that knows a name wins', async () => {
  const first = kubeconfig('first', { dev: { namespace: 'first' } });
  const env = { ...HOME, KUBECONFIG: [join(dir, 'missing'), empty, first, two].join(delimiter) };
  assert.equal((await loadConnection({ env })).namespace, 'first');
  assert.equal((await loadConnection({ env, context: 'prod' })).transport.server, 'https://prod.example:6443');
});

test('in a pod the ServiceAccount is used, with the token that its file holds now', async () => {
  const serviceAccount = join(dir, 'serviceaccount');
  mkdirSync(serviceAccount);
  const shown: (string | undefined)[] = [];
  const root = issueCertificate({ commonName: 'root', isCa: true });
  const serving = issueCertificate({ commonName: 'api', issuer: root, ipAddresses: ['127.0.0.1'] });
  const server = https.createServer({ cert: serving.cert, key: serving.key }, (request, response) => {
    const { authorization } = request.headers;
    shown.push(authorization);
    // The old token has expired, and the kubelet has written the new one.
    if (shown.length === 2) writeFileSync(join(serviceAccount, 'token'), 'second\n');
    response.writeHead(shown.length === 2 ? 401 : 200).end(JSON.stringify({ metadata: {}, items: [] }));
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  writeFileSync(join(serviceAccount, 'token'), 'first\n');
  writeFileSync(join(serviceAccount, 'ca.crt'), root.cert);
  writeFileSync(join(serviceAccount, 'namespace'), 'demo\n');
  const port = String((server.address() as AddressInfo).port);
  const env = { HOME: join(dir, 'nobody'), KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: port };
  const connected = await connect({ clock: systemClock, env, serviceAccount });
  assert.deepEqual([connected.namespace, connected.isInPod], ['demo', true]);
  await connected.cluster.list(KINDS.Pod, { namespace: 'demo' });
  await connected.cluster.list(KINDS.Pod, { namespace: 'demo' });
  assert.deepEqual(shown, ['Bearer first', 'Bearer first', 'Bearer second']);
  connected.close();
  server.close();
});

test('all that is wrong with a context is refused at once', async () => {
  const file = written('wrong', {
    clusters: [{ name: 'c', cluster: { server: 'https://api.example', 'certificate-authority': 'ca.crt', 'proxy-url': 'ftp://p' } }],
    users: [{ name: 'u', user: { token: 'hunter2', 'as-groups': ['a'], 'client-certificate': 'none.crt', 'client-key': 'none.key' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
  await assert.rejects(loadConnection({ kubeconfig: file, env: {} }), (e) => {
    assert.ok(e instanceof InvalidInputError, String(e));
    assert.deepEqual(e.violations, [
      `${file}: certificate-authority ${join(dir, 'ca.crt')}: cannot be read: there is no such file.`,
      `${file}: client-certificate ${join(dir, 'none.crt')}: cannot be read: there is no such file.`,
      `${file}: client-key ${join(dir, 'none.key')}: cannot be read: there is no such file.`,
      `${file}: proxy-url has the scheme ftp; it must be http, https or socks5.`,
      `${file}: user u: as-uid, as-groups and as-user-extra need the user name in "as".`,
    ]);
    return true;
  });
});

test('of an entry in several files only the first counts, with all of its fields', async () => {
  const server = 'https://127.0.0.1:1';
  const entry = (name: string, more: object) =>
    written(name, {
      clusters: [{ name: 'c', cluster: { server, ...more } }],
      users: [{ name: 'u', user: { token: 't' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    });
  const env = { ...HOME, KUBECONFIG: [entry('a', {}), entry('b', { 'certificate-authority': 'none.crt' })].join(delimiter) };
  assert.equal((await loadConnection({ env })).transport.server, server);
});

const problems: { name: string; options: KubeConfigOptions; message: RegExp; hint?: RegExp }[] = [
  {
    name: 'a missing file',
    options: { kubeconfig: join(dir, 'nowhere'), env: {} },
    message: /nowhere: cannot be read: there is no such file\.$/,
  },
  { name: 'a directory', options: { kubeconfig: dir, env: {} }, message: /cannot be read: EISDIR\.$/ },
  { name: 'a file that is no YAML', options: { kubeconfig: broken, env: {} }, message: /broken: is not a kubeconfig: / },
  { name: 'an empty file', options: { kubeconfig: empty, env: {} }, message: /empty: no context is current\.$/, hint: /no contexts/ },
  {
    name: 'several documents',
    options: { kubeconfig: several, env: {} },
    message: /several: is not a kubeconfig: holds 2 documents instead of one\.$/,
  },
  {
    name: 'a namespace that leads elsewhere',
    options: { kubeconfig: kubeconfig('elsewhere', { a: { namespace: '..' } }, 'a'), env: {} },
    message: /elsewhere: is not a kubeconfig: contexts\[0\]\.context\.namespace: is "\.\."; a name such as/,
  },
  {
    name: 'an unknown context',
    options: { kubeconfig: two, context: 'stage', env: {} },
    message: /two: there is no context stage\.$/,
    hint: /It has: dev, prod\. Choose one with --context\./,
  },
  { name: 'no current context', options: { kubeconfig: none, env: {} }, message: /none: no context is current\.$/, hint: /It has: dev/ },
  { name: 'nothing at all', options: { env: HOME }, message: /^kubeconfig: no cluster is configured/, hint: /--kubeconfig/ },
  {
    name: 'plain HTTP to another machine',
    options: { kubeconfig: kubeconfig('plain', { far: { server: 'http://10.0.0.1:8080' } }, 'far'), env: {} },
    message: /server http:\/\/10\.0\.0\.1:8080 has no TLS/,
  },
  {
    name: 'a member of the wrong type',
    options: { kubeconfig: written('typed', { clusters: [{ name: 'c', cluster: { server: 5 } }] }), env: {} },
    message: /typed: is not a kubeconfig: clusters\[0\]\.cluster\.server: is 5; a text is expected\.$/,
  },
  {
    name: 'a user of the wrong type, of whom nothing is repeated',
    options: { kubeconfig: written('user', { users: [{ name: 'u', user: { token: ['hunter2'] } }] }), env: {} },
    message: /user: is not a kubeconfig: users\[0\]\.user\.token: is something else; a text is expected\.$/,
  },
  {
    name: 'a user that the file does not have',
    options: {
      kubeconfig: written('stranger', {
        clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      }),
      env: {},
    },
    message: /stranger: context x: names a user that the file does not have\.$/,
  },
  {
    name: 'two clusters of one name',
    options: {
      kubeconfig: written('twice', {
        clusters: ['https://a', 'https://b'].map((server) => ({ name: 'c', cluster: { server } })),
      }),
      env: {},
    },
    message: /twice: is not a kubeconfig: clusters: has several entries named c\.$/,
  },
  {
    name: 'a proxy of the environment that is no address',
    options: { kubeconfig: two, context: 'prod', env: { HTTPS_PROXY: 'http://jane:hunter2@' } },
    message: /two: HTTPS_PROXY is not an address such as http:\/\/proxy\.example:3128\.$/,
  },
  {
    name: 'an address of another protocol',
    options: { kubeconfig: kubeconfig('ftp', { odd: { server: 'ftp://127.0.0.1' } }, 'odd'), env: {} },
    message: /server "ftp:\/\/127\.0\.0\.1" is not an address such as/,
  },
  {
    name: 'an address that is none',
    options: { kubeconfig: kubeconfig('odd', { odd: { server: 'here' } }, 'odd'), env: {} },
    message: /server "here" is not an address/,
  },
];

for (const { name, options, message, hint } of problems) {
  test(`${name} is one clear sentence`, async () => {
    await assert.rejects(loadConnection(options), (e) => {
      assert.ok(e instanceof InvalidInputError, String(e));
      assert.match(e.message, message);
      assert.equal(e.message.includes('\n'), false);
      if (hint !== undefined) assert.match(e.hint ?? '', hint);
      return true;
    });
  });
}

test('talks to a server on this machine with the token of the context', async () => {
  const server = http.createServer((request, response) => {
    const isKnown = request.headers.authorization === 'Bearer secret-token';
    response.writeHead(isKnown ? 200 : 401).end(JSON.stringify({ metadata: {}, items: [] }));
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const file = kubeconfig(
    'local',
    { local: { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 'secret-token' } },
    'local',
  );
  const connected = await connect({ kubeconfig: file, clock: systemClock, env: {} });
  assert.deepEqual(await connected.cluster.list(KINDS.Pod, { namespace: connected.namespace }), []);
  connected.close();
  server.close();
});

test('a credential plugin that fails is one sentence', async () => {
  const file = join(dir, 'exec');
  writeFileSync(
    file,
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
      users: [{ name: 'u', user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: join(dir, 'no-such-plugin') } } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  );
  const { cluster } = await connect({ kubeconfig: file, clock: systemClock, env: {} });
  await assert.rejects(cluster.list(KINDS.Pod, {}), /^ClusterError: credentials of user u: exec plugin .*no-such-plugin was not found\.$/);
});
