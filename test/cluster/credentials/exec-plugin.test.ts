import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { execPlugin } from '#reconciler/cluster/credentials/exec-plugin';
import type { ExecEntry } from '#reconciler/cluster/kubeconfig/schema';
import { ClusterError } from '#reconciler/errors';
import { FakeClock } from '#test/support/fake-clock';

const folder = mkdtempSync(path.join(tmpdir(), 'exec-plugin-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const V1 = 'client.authentication.k8s.io/v1';

/** A plugin of the test: a program of Node, which counts its starts and prints a token with their number. */
function plugin(script: string, entry: Partial<ExecEntry> = {}) {
  const clock = new FakeClock();
  const end = new AbortController();
  const heard: string[] = [];
  const starts = path.join(folder, `starts-${Math.random()}`);
  const program = `
    const fs = require('node:fs');
    fs.appendFileSync(process.env.STARTS, 'x');
    const n = fs.readFileSync(process.env.STARTS, 'utf8').length;
    const print = (status, more = {}) => console.log(JSON.stringify({ kind: 'ExecCredential', apiVersion: '${V1}', status, ...more }));
    ${script}`;
  writeFileSync(starts, '');
  const exec = { apiVersion: V1, command: process.execPath, args: ['-e', program], interactiveMode: 'Never', ...entry };
  const source = execPlugin(exec, {
    chosen: { cluster: { server: 'https://api.example' }, user: { exec }, userName: 'jane', userFile: undefined },
    env: { STARTS: starts, PATH: process.env.PATH },
    clock,
    stderr: (text) => void heard.push(text),
    ends: [end.signal],
  });
  return { source, clock, end, heard, starts: () => readFileSync(starts, 'utf8').length };
}

test('is started again when its credential has expired', async () => {
  const { source, clock, starts } = plugin("print({ token: 't' + n, expirationTimestamp: n === 1 ? '2026-11-23T09:10:00Z' : null })");
  assert.equal((await source.current()).token, 't1');
  await clock.advance(599_000);
  assert.equal((await source.current()).token, 't1');
  await clock.advance(1_000);
  assert.equal((await source.current()).token, 't2');
  await clock.advance(1_000_000_000);
  assert.equal((await source.current()).token, 't2');
  assert.equal(starts(), 2);
});

test('is started again after it failed', async () => {
  const { source } = plugin("if (n === 1) process.exit(1); print({ token: 't' + n })");
  await assert.rejects(source.current());
  assert.equal((await source.current()).token, 't2');
});

test('returns client certificates, and new ones after they expired', async () => {
  const script =
    "print({ clientCertificateData: 'cert-' + n, clientKeyData: 'key-' + n, expirationTimestamp: '2026-11-23T09:00:0' + n + 'Z' })";
  const { source, clock } = plugin(script);
  assert.deepEqual(await source.current(), { cert: 'cert-1', key: 'key-1' });
  await clock.advance(1_500);
  assert.deepEqual(await source.current(), { cert: 'cert-2', key: 'key-2' });
});

test('still starts for a run that was interrupted and cleans up', async () => {
  const { source, end } = plugin("print({ token: 't' + n })");
  end.abort(new Error('enough'));
  assert.equal((await source.current()).token, 't1');
});

test('gets the environment, its own variables, and the question of the API', async () => {
  const { source } = plugin(
    "print({ token: [process.env.STARTS !== undefined, process.env.A, process.env.KUBERNETES_EXEC_INFO].join(' ') })",
    { env: [{ name: 'A', value: 'b' }], provideClusterInfo: true },
  );
  const question = { kind: 'ExecCredential', apiVersion: V1, spec: { cluster: { server: 'https://api.example' }, interactive: false } };
  assert.equal((await source.current()).token, `true b ${JSON.stringify(question)}`);
});

interface Failure {
  readonly name: string;
  readonly script: string;
  readonly entry?: Partial<ExecEntry>;
  readonly says: RegExp;
  readonly reasons?: readonly string[];
  readonly hint?: string;
}

const NODE = 'exec plugin .*node';
const failures: readonly Failure[] = [
  {
    name: 'one line of reason, after an empty one',
    script: "console.error('\\nUnable to locate credentials.\\n'); process.exit(253)",
    says: new RegExp(`^credentials of user jane: ${NODE} failed with exit code 253: Unable to locate credentials\\.$`),
  },
  {
    name: 'several lines of reason',
    script: "console.error('WARNING: a new version is out\\n\\u001b[31mError: session has expired'); process.exit(1)",
    says: new RegExp(`^credentials of user jane: ${NODE} failed with exit code 1\\.\\n`),
    reasons: ['WARNING: a new version is out', 'Error: session has expired'],
  },
  { name: 'no reason', script: 'process.exit(3)', says: /failed with exit code 3: it wrote nothing to standard error\.$/ },
  {
    name: 'a signal',
    script: "process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000)",
    says: /was ended by SIGKILL: it wrote nothing/,
  },
  { name: 'output that is not JSON', script: "console.log('Logged in: secret')", says: /did not print an ExecCredential\.$/ },
  { name: 'JSON that is not a credential', script: "console.log('{}')", says: /did not print an ExecCredential\.$/ },
  {
    name: 'another version',
    script: "print({ token: 'secret' }, { apiVersion: 'secret/v2' })",
    says: /answered in another apiVersion than client.authentication.k8s.io\/v1, which/,
  },
  { name: 'no status', script: 'print(undefined)', says: /printed an ExecCredential whose status is missing or malformed\.$/ },
  {
    name: 'an expiry that is not an instant',
    script: "print({ token: 'secret', expirationTimestamp: 'soon' })",
    says: /status is missing or malformed\.$/,
  },
  { name: 'an empty status', script: "print({ token: '' })", says: /without a token and without a client certificate\.$/ },
  { name: 'half a certificate', script: "print({ clientCertificateData: 'x' })", says: /printed a client certificate without its key\.$/ },
  { name: 'no terminal', script: '', entry: { interactiveMode: 'Always' }, says: /needs a terminal, and standard input is none\.$/ },
  {
    name: 'a command that is not installed',
    script: '',
    entry: { command: 'no-such-plugin', installHint: '\u001b[1mbrew install corp-login\u001b[0m\n' },
    says: /exec plugin no-such-plugin was not found\.$/,
    hint: 'brew install corp-login',
  },
  { name: 'a command that may not be run', script: '', entry: { command: folder }, says: /cannot be started: EACCES\.$/ },
  {
    name: 'arguments that no program can receive',
    script: '',
    entry: { args: ['secret\0'] },
    says: /cannot be started: ERR_INVALID_ARG_VALUE\.$/,
  },
];

describe('a plugin that fails is named, with its reason and no secret:', () => {
  for (const { name, script, entry, says, reasons = [], hint } of failures) {
    test(name, async () => {
      await assert.rejects(plugin(script, entry).source.current(), (e) => {
        assert.ok(e instanceof ClusterError, String(e));
        assert.match(e.message, says);
        assert.doesNotMatch(`${e.message} ${e.hint}`, /secret/);
        assert.deepEqual(e.reasons, reasons);
        if (hint !== undefined) assert.equal(e.hint, hint);
        return true;
      });
    });
  }
});
