/** Every example synthesises to its expected.yaml. They import the package by its name, so the library has to be built to lib/. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { expectGolden } from '../support/golden';

const EXAMPLES = readdirSync(path.resolve(process.cwd(), 'examples'));
const skip = existsSync(path.resolve(process.cwd(), 'lib/examples')) ? false : 'lib/ is not built';

for (const example of EXAMPLES) {
  test(`example ${example} synthesises to its expected.yaml`, { skip }, (t) => {
    const outdir = mkdtempSync(path.join(tmpdir(), 'kafka-tls-example-'));
    t.after(() => rmSync(outdir, { recursive: true }));
    const app = path.resolve(process.cwd(), 'lib/examples', example, 'app.js');
    const node = spawnSync(process.execPath, [app], { encoding: 'utf8', env: { ...process.env, CDK8S_OUTDIR: outdir } });
    assert.equal(node.status, 0, node.stderr);
    assert.equal(node.stderr, '', 'an example has nothing to warn of');
    const files = readdirSync(outdir);
    assert.equal(files.length, 1);
    expectGolden(`examples/${example}/expected.yaml`, readFileSync(path.join(outdir, files[0] ?? ''), 'utf8'));
  });

  test(`example ${example} is short enough to read at once`, () => {
    const lines = readFileSync(path.resolve(process.cwd(), 'examples', example, 'app.ts'), 'utf8').split('\n').length;
    assert.ok(lines <= 40, `${lines} lines`);
  });
}
