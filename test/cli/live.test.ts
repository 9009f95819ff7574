/** `kafka-tls apply` on a terminal: what stays on the screen, and what a first Ctrl-C says. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { InterruptedError } from '#reconciler/errors';
import { bundleFile } from '../support/bundle-text';
import { kafkaTlsIn } from '../support/command-line';
import { on } from '../support/desired-states';
import { COMBINED, startPlaintext } from '../support/world';

const folder = mkdtempSync(path.join(tmpdir(), 'live-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Applies a cut-over on a terminal; Ctrl-C as soon as this text is printed. */
async function apply(interruptAt?: string) {
  const world = await startPlaintext('native', { kafka: COMBINED });
  const interrupt = new AbortController();
  let screen = '';
  try {
    const bundle = bundleFile(path.join(folder, 'bundle.yaml'), world.desired(on()));
    const stdout = (text: string) => {
      screen += text;
      if (interruptAt !== undefined && text.includes(interruptAt)) interrupt.abort(new InterruptedError('SIGINT'));
    };
    const io = { stdout, isTty: true, columns: 80, env: { NO_COLOR: '1' }, signal: interrupt.signal };
    const ran = await kafkaTlsIn(world.environment, ['apply', '-f', bundle], { io });
    return { ...ran, screen };
  } finally {
    await world.stop();
  }
}

describe('apply on a terminal', () => {
  test('keeps a line for each restart, and shows the total while it waits', async () => {
    const { exitCode, screen, stderr } = await apply();
    assert.equal(exitCode, 0, stderr);
    for (const event of ['evicted: ', 'ready: runs'])
      assert.equal(screen.split('\n').filter((line) => line.includes(event)).length, 3, event);
    assert.match(screen, /\d+ of \d+ steps done, about \d/);
    assert.equal(screen.split('\u001b').filter((part) => /^\[\d+m/.test(part)).length, 0, 'NO_COLOR turns colours off');
  });

  test('says at the first Ctrl-C what it finishes', async () => {
    const { exitCode, screen } = await apply('evicted: ');
    assert.equal(exitCode, 130);
    assert.equal(screen.match(/ends on request: finishes the write in flight, resumes the Kafka and releases the Lease/g)?.length, 1);
    assert.match(screen, /resumed: /);
  });

  test('says nothing of it in a run that is not interrupted', async () => assert.doesNotMatch((await apply()).screen, /ends on request/));
});
