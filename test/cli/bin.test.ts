/** The command as a process: what only a process has. Everything else is tested in process (`main.test.ts`). */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';

/** Next to this test when compiled, so that it works in any build folder. */
const BIN = path.join(__dirname, '..', '..', 'reconciler', 'bin.js');

function start(...argv: readonly string[]) {
  const child = spawn(process.execPath, [BIN, ...argv], { stdio: 'pipe' });
  const written = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    written.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    written.stderr += chunk;
  });
  return { child, written, ended: once(child, 'close').then(([code]) => code as number | null) };
}

test('the process exits with the exit code of the command', async () => {
  const { ended, written } = start('plan', '--nonsense');
  assert.equal(await ended, 2);
  assert.match(written.stderr, /^kafka-tls plan: unknown flag '--nonsense'\.\n/);
});

test('a closed standard output is no error', async () => {
  const { child, ended, written } = start('--help');
  child.stdout.destroy();
  assert.equal(await ended, 0);
  assert.equal(written.stderr, '');
});

for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} ends a run with the command that continues it`, async () => {
    const { child, ended, written } = start('render', '--debug', '-f', '-', '--name', 'a b');
    // The process reads standard input once it has set everything up; a chunk that was taken shows that it does.
    await new Promise((resolve) => child.stdin.write('#'.repeat(1 << 20), resolve));
    child.kill(signal);
    assert.equal(await ended, exitCode);
    assert.match(
      written.stderr,
      new RegExp(
        `^kafka-tls: ended before it was done: ${signal} was received\\.\nGo on with: kafka-tls render --debug -f - --name 'a b'\n`,
      ),
    );
  });
}
