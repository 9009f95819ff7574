/** Golden files: text a person can read, compared as a whole. `UPDATE_GOLDEN=1` writes them. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Asserts that `text` is the content of a file; `file` is a path from the project root, where tests always run. */
export function expectGolden(file: string, text: string): void {
  const place = path.resolve(process.cwd(), file);
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(path.dirname(place), { recursive: true });
    writeFileSync(place, text);
    return;
  }
  assert.ok(existsSync(place), `${file} does not exist; run with UPDATE_GOLDEN=1 and read it`);
  assert.equal(text, readFileSync(place, 'utf8'), `${file} differs; run with UPDATE_GOLDEN=1 and read the diff`);
}
