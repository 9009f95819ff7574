/** `--kubeconfig`: any file leads to a cluster, or to an error that names the problem. No server and no plugin exists for these. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { createRuntime } from '#reconciler/cli/runtime';
import { bundleConfigMap, yaml } from '../support/bundle-text';
import { issueCertificate } from '../support/certificate-factory';
import { assertAlways, runGracefully } from './graceful';
import { anyMutations, anySlips, mutated, slipped } from './mutations';

const folder = mkdtempSync(path.join(tmpdir(), 'fuzz-kubeconfigs-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const FILE = path.join(folder, 'config');
const ca = issueCertificate({ commonName: 'ca', isCa: true });
const base64 = (text: string) => Buffer.from(text).toString('base64');

/** With any character lost it is no address, or one on this machine. */
const SERVER = 'https://[::1]:1';
const NO_SUCH_PLUGIN = path.join(folder, 'no-such-plugin');

interface User {
  readonly [field: string]: unknown;
}

const USERS: readonly User[] = [
  { token: 'a-token' },
  { 'client-certificate-data': base64(ca.cert), 'client-key-data': base64(ca.key) },
  { username: 'me', password: 'secret' },
  { tokenFile: path.join(folder, 'no-such-token') },
  { token: 't', as: 'me', 'as-uid': '1', 'as-groups': ['a', 'b'], 'as-user-extra': { 'example.com/c': ['d'] } },
  { 'client-certificate': 'cert.pem', 'client-key': 'key.pem' },
  { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: NO_SUCH_PLUGIN, args: ['a'], env: [{ name: 'A', value: 'b' }] } },
  { 'auth-provider': { name: 'oidc', config: { 'client-id': 'x', 'idp-issuer-url': SERVER, 'id-token': 'x', 'refresh-token': 'y' } } },
];

function kubeconfig(user: User, server = SERVER, cluster: object = {}): Record<string, unknown> {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'x',
    clusters: [{ name: 'c', cluster: { server, 'certificate-authority-data': base64(ca.cert), ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'demo' } }],
  };
}

/** No program that exists is run, whatever the mutation. */
function harmless(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(harmless);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([key, member]) => {
    const isCommand = /^(command|cmd-path)$/.test(key) && typeof member === 'string' && member !== '';
    return [key, isCommand ? NO_SUCH_PLUGIN : harmless(member)];
  });
  return Object.fromEntries(members);
}

const BUNDLE = { stdin: async () => yaml(bundleConfigMap()) };
const plan = (...more: string[]) =>
  runGracefully(['plan', '-f', '-', '--kubeconfig', FILE, ...more], {
    io: BUNDLE,
    outside: createRuntime({ env: {}, stderr: () => undefined }),
  });

test('a kubeconfig with anything wrong in it is refused in words, or leads to a server that is not there', async () => {
  const property = fc.asyncProperty(fc.constantFrom(...USERS), anyMutations, fc.boolean(), async (user, mutations, isJson) => {
    writeFileSync(FILE, yaml(harmless(mutated(kubeconfig(user), mutations))));
    await plan(...(isJson ? ['--output', 'json'] : []));
  });
  await assertAlways(property, 50);
});

test('a text that is nearly a kubeconfig is refused in words, or leads to a server that is not there', async () => {
  const property = fc.asyncProperty(fc.constantFrom(...USERS.slice(0, 5)), anySlips, async (user, slips) => {
    writeFileSync(FILE, slipped(yaml(kubeconfig(user)), slips));
    await plan();
  });
  await assertAlways(property, 25);
});

const GARBAGE = ['', '=', 'AAAA', '!!!', ...['x', '\u0000', ca.cert.slice(0, 80), ca.cert + ca.key, ca.key].map(base64)];

test('certificates and tokens of garbage are refused in words', async () => {
  const anyGarbage = fc.constantFrom(...GARBAGE, base64(ca.cert));
  const property = fc.asyncProperty(
    anyGarbage,
    anyGarbage,
    anyGarbage,
    fc.constantFrom('t', 'a\nb', 'ü\u0000', ' '),
    async (a, b, c, token) => {
      const user = { 'client-certificate-data': a, 'client-key-data': b, token };
      writeFileSync(FILE, yaml(kubeconfig(user, SERVER, { 'certificate-authority-data': c })));
      await plan();
    },
  );
  await assertAlways(property, 50);
});

const SERVERS = [
  ...['', ' ', 'https://[::1]:1/\u0000\n'],
  ...'here https:// http:// https: //[::1]:1 ftp://[::1]/ file:///etc/passwd unix:///x.sock javascript:0 data:,x'.split(' '),
  ...'https://[::1]:0 https://[::1]:65536 https://[::1]:1/a/../b?c=d#e https://a:b@[::1]:1 http://[::1]:1 http://127.0.0.1:1'.split(' '),
  ...'HTTPS://[::1]:1 https://127.1:1 https://0x7f000001:1 http://0.0.0.0:1 https://[::1%25lo]:1'.split(' '),
];
const PROXIES = [undefined, '', 'x', 'socks5://[::1]:1', 'http://[::1]:1', 'https://[::1]:1', 'ftp://[::1]:1', 'http://'];

test('a server of any address is refused in words, or not there', async () => {
  const property = fc.asyncProperty(
    fc.constantFrom(...SERVERS),
    fc.constantFrom(...PROXIES),
    fc.constantFrom('', 'x', '*', '..'),
    async (server, proxy, name) => {
      const cluster = { 'proxy-url': proxy, 'tls-server-name': name, 'insecure-skip-tls-verify': true };
      writeFileSync(FILE, yaml(kubeconfig({ token: 't' }, server, cluster)));
      await plan();
    },
  );
  await assertAlways(property, 30);
});
