/** NO_PROXY as Go's `httpproxy` reads it: the rows on addresses and domains are those of its documentation. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isExempt, isThisMachine, printedProxy, proxyFor } from '#reconciler/cluster/proxy/environment';

interface Row {
  readonly noProxy: string;
  readonly direct: readonly string[];
  readonly proxied: readonly string[];
}

const rows: readonly Row[] = [
  {
    noProxy: '',
    direct: ['localhost:8080', '127.0.0.1', '127.9.9.9', '[::1]:6443'],
    proxied: ['api.example', '10.0.0.1', 'localhost.example'],
  },
  { noProxy: 'example.com', direct: ['example.com', 'api.example.com:6443'], proxied: ['notexample.com', 'example.com.evil'] },
  { noProxy: '.example.com', direct: ['api.example.com', 'a.b.example.com'], proxied: ['example.com', 'xexample.com'] },
  { noProxy: '*.example.com', direct: ['api.example.com'], proxied: ['example.com'] },
  { noProxy: 'EXAMPLE.com', direct: ['api.Example.COM'], proxied: [] },
  { noProxy: 'example.com:6443', direct: ['api.example.com:6443'], proxied: ['api.example.com', 'example.com:443'] },
  { noProxy: 'example.com:443', direct: ['example.com'], proxied: ['example.com:6443'] },
  { noProxy: 'example.com:', direct: ['example.com:6443'], proxied: [] },
  { noProxy: '10.0.0.1', direct: ['10.0.0.1', '10.0.0.1:6443'], proxied: ['10.0.0.2', 'api.example'] },
  { noProxy: '10.0.0.1:6443', direct: ['10.0.0.1:6443'], proxied: ['10.0.0.1'] },
  { noProxy: '10.0.0.0/8', direct: ['10.200.3.4:6443'], proxied: ['11.0.0.1', '10.example'] },
  { noProxy: '10.9.9.9/8', direct: ['10.200.3.4'], proxied: ['11.0.0.1'] },
  { noProxy: 'fd00::/8', direct: ['[fd00::1]:6443'], proxied: ['[fe80::1]', '10.0.0.1'] },
  { noProxy: 'fd00::1', direct: ['[fd00:0:0::1]'], proxied: ['[fd00::2]'] },
  { noProxy: '[fd00::1]:6443', direct: ['[fd00::1]:6443'], proxied: ['[fd00::1]'] },
  { noProxy: '*', direct: ['api.example', '10.0.0.1'], proxied: [] },
  { noProxy: ' a.example , , b.example ,', direct: ['a.example', 'b.example'], proxied: ['c.example'] },
  { noProxy: '10.0.0.0/99, /8, :6443, 10.0.0.0/, [', direct: [], proxied: ['10.0.0.1', 'api.example:6443'] },
];

describe('NO_PROXY', () => {
  for (const { noProxy, direct, proxied } of rows) {
    test(`"${noProxy}"`, () => {
      const exempt = (host: string) => isExempt(new URL(`https://${host}`), noProxy);
      assert.deepEqual(direct.filter(exempt), direct);
      assert.deepEqual(proxied.filter(exempt), []);
    });
  }
});

interface Choice {
  readonly name: string;
  readonly server?: string;
  readonly proxyUrl?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly expected: string | undefined;
}

const choices: readonly Choice[] = [
  { name: 'no proxy', expected: undefined },
  { name: 'an empty variable', env: { HTTPS_PROXY: '' }, expected: undefined },
  {
    name: 'upper case before lower case',
    env: { HTTPS_PROXY: 'http://p:1', https_proxy: 'http://q:1' },
    expected: 'proxy http://p:1 (HTTPS_PROXY)',
  },
  { name: 'an exempt host', env: { HTTPS_PROXY: 'http://p:1', no_proxy: 'example' }, expected: undefined },
  {
    name: 'NO_PROXY before no_proxy',
    env: { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'x', no_proxy: 'example' },
    expected: 'proxy http://p:1 (HTTPS_PROXY)',
  },
  { name: 'ALL_PROXY, which Go ignores', env: { ALL_PROXY: 'http://p:1' }, expected: undefined },
  { name: 'proxy-url to this machine', server: 'https://127.0.0.1:6443', proxyUrl: 'http://p:1', expected: 'proxy http://p:1 (proxy-url)' },
  { name: 'a password, which is not printed', proxyUrl: 'http://jane:secret@p:1', expected: 'proxy http://p:1 (proxy-url)' },
  {
    name: 'a scheme that is not of a proxy',
    env: { HTTPS_PROXY: 'ftp://jane:secret@p:1' },
    expected: 'HTTPS_PROXY has the scheme ftp; it must be http, https or socks5',
  },
  {
    name: 'no address',
    env: { HTTPS_PROXY: 'http://jane:secret@' },
    expected: 'HTTPS_PROXY is not an address such as http://proxy.example:3128',
  },
];

describe('the proxy to a server is', () => {
  for (const { name, server = 'https://api.example:6443', proxyUrl, env = {}, expected } of choices) {
    test(name, () => {
      const proxy = proxyFor(new URL(server), proxyUrl, env);
      assert.equal(proxy === undefined ? undefined : 'problem' in proxy ? proxy.problem : printedProxy(proxy), expected);
    });
  }
});

test('this machine is localhost and the loopback addresses', () => {
  const addresses = ['http://localhost:1', 'http://127.0.0.1', 'http://[::1]:1', 'http://10.0.0.1', 'http://localhost.example'];
  assert.deepEqual(
    addresses.filter((a) => isThisMachine(new URL(a))),
    addresses.slice(0, 3),
  );
});
