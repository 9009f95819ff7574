/**
 * Why parts of the client are written here and not taken from @kubernetes/client-node: each test shows what the library does instead. If one
 * fails after an update, the library has caught up, and our part may go.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { describe, test } from 'node:test';
import { KubeConfig, KubernetesObjectApi, ListWatch, PatchStrategy, Watch } from '@kubernetes/client-node';
import { issueCertificate } from '../support/certificate-factory';
import { listen } from '../support/loopback-server';
import { HttpProxy } from '../support/proxies';

const root = issueCertificate({ commonName: 'root', isCa: true });
const serving = issueCertificate({ commonName: 'api', issuer: root, ipAddresses: ['127.0.0.1'] });
const RESOURCES = { kind: 'APIResourceList', resources: [{ name: 'configmaps', kind: 'ConfigMap', namespaced: true }] };

/** Returns the configuration for a server of the test. */
function configFor(server: string, proxyUrl?: string): KubeConfig {
  const config = new KubeConfig();
  const caData = Buffer.from(root.cert).toString('base64');
  const isPlain = server.startsWith('http:');
  config.loadFromClusterAndUser(
    { name: 'c', server, caData, skipTLSVerify: isPlain, ...(proxyUrl === undefined ? {} : { proxyUrl }) },
    { name: 'u' },
  );
  return config;
}

async function bodyOf(request: http.IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += chunk;
  return body;
}

describe('requests.ts and kube.ts instead of KubernetesObjectApi:', () => {
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'demo' }, futureField: { a: 1 } };

  test('it drops fields that its models do not know, in what it sends and in what it returns', async () => {
    const sent: string[] = [];
    const port = await listen(
      http.createServer(async (request, response) => {
        if (request.method === 'PATCH') sent.push(await bodyOf(request));
        response.setHeader('content-type', 'application/json').end(JSON.stringify(request.url === '/api/v1' ? RESOURCES : configMap));
      }),
    );
    const api = KubernetesObjectApi.makeApiClient(configFor(`http://127.0.0.1:${port}`));
    const returned = await api.patch(configMap, undefined, undefined, 'kafka-tls', true, PatchStrategy.ServerSideApply);
    assert.deepEqual(
      sent.map((body) => Object.keys(JSON.parse(body))),
      [['apiVersion', 'kind', 'metadata']],
    );
    assert.equal('futureField' in returned, false);
  });

  test('it opens a connection for every request, and asks for the resources of the API first', async () => {
    let connections = 0;
    const server = https.createServer({ cert: serving.cert, key: serving.key }, ({ url }, response) =>
      response.setHeader('content-type', 'application/json').end(JSON.stringify(url === '/api/v1' ? RESOURCES : configMap)),
    );
    server.on('secureConnection', () => connections++);
    const api = KubernetesObjectApi.makeApiClient(configFor(`https://127.0.0.1:${await listen(server)}`));
    for (let i = 0; i < 3; i++) await api.read(configMap);
    assert.equal(connections, 4);
  });

  test('it has no JSON patch, which carries the resourceVersion of the object that was read', async () => {
    const api = KubernetesObjectApi.makeApiClient(configFor('http://127.0.0.1:1'));
    const operations = [{ op: 'test', path: '/metadata/resourceVersion', value: '1' }] as object as typeof configMap;
    await assert.rejects(api.patch(operations, undefined, undefined, undefined, undefined, PatchStrategy.JsonPatch), /kind is not set/);
  });
});

describe('watch.ts instead of Watch and makeInformer:', () => {
  test('a refusal comes without the message of the server', async () => {
    const port = await listen(http.createServer((_, response) => response.writeHead(403).end('{"message":"User \\"x\\" cannot watch"}')));
    const watch = new Watch(configFor(`http://127.0.0.1:${port}`));
    const error = await new Promise<Error>((resolve) => void watch.watch('/api/v1/pods', {}, () => undefined, resolve));
    assert.equal(error.message, 'Forbidden');
  });

  test('a broken line is skipped', async () => {
    const port = await listen(http.createServer((_, response) => response.end('{"type":"ADD\n{"type":"ADDED","object":{}}\n')));
    const watch = new Watch(configFor(`http://127.0.0.1:${port}`));
    const types: string[] = [];
    await new Promise((resolve) => void watch.watch('/api/v1/pods', {}, (type) => types.push(type), resolve));
    assert.deepEqual(types, ['ADDED']);
  });

  test('an informer ends at the first connection that breaks', async () => {
    const port = await listen(http.createServer(({ socket }) => socket.destroy()));
    const list = async () => ({ metadata: { resourceVersion: '1' }, items: [] });
    const informer = new ListWatch('/api/v1/pods', new Watch(configFor(`http://127.0.0.1:${port}`)), list as never, false);
    const connects: unknown[] = [];
    informer.on('connect', (e) => connects.push(e));
    const failed = new Promise((resolve) => informer.on('error', resolve));
    await informer.start();
    await failed;
    assert.equal(connects.length, 1);
  });
});

describe('kubeconfig/ and credentials/ instead of reading by KubeConfig:', () => {
  const file = (user: object) =>
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    });
  const loaded = (user: object) => {
    const config = new KubeConfig();
    config.loadFromString(file(user));
    return config;
  };

  test('files with an entry of the same name are refused', () => {
    assert.throws(() => loaded({ token: 't' }).mergeConfig(loaded({ token: 't' })), /Duplicate cluster/);
  });

  test('tokenFile, and the groups of impersonation, are dropped', async () => {
    const options: https.RequestOptions = {};
    await loaded({ tokenFile: '/token', as: 'jane', 'as-groups': ['developers'] }).applyToHTTPSOptions(options);
    assert.deepEqual(options.headers, { 'Impersonate-User': 'jane' });
  });

  test('a plugin is not asked the question that tells it the cluster and the terminal', async () => {
    const print = 'echo "{\\"status\\":{\\"token\\":\\"[$KUBERNETES_EXEC_INFO]\\"}}"';
    const options: https.RequestOptions = {};
    await loaded({ exec: { command: 'sh', args: ['-c', print] } }).applyToHTTPSOptions(options);
    assert.deepEqual(options.headers, { Authorization: 'Bearer []' });
  });

  test('a proxy gets a new tunnel for every request', async () => {
    const port = await listen(https.createServer({ cert: serving.cert, key: serving.key }, (_, response) => void response.end()));
    const proxy = new HttpProxy(() => port);
    await proxy.start();
    const config = configFor(`https://127.0.0.1:${port}`, proxy.url);
    for (let i = 0; i < 2; i++) {
      const options: https.RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      const [response] = await once(https.get(`https://127.0.0.1:${port}`, options), 'response');
      await bodyOf(response);
    }
    assert.equal(proxy.tunnels.length, 2);
    proxy.stop();
  });

  test("Node's own proxy support verifies an HTTPS proxy without the authority of the request", async () => {
    const proxy = new HttpProxy(() => 0, serving);
    await proxy.start();
    const agent = new https.Agent({ proxyEnv: { HTTPS_PROXY: proxy.url } });
    const request = https.get('https://api.example', { agent, ca: root.cert });
    await assert.rejects(once(request, 'response'), /unable to verify the first certificate/);
    proxy.stop();
  });
});
