/**
 * What a demo printed, as a README shows it. A README holds one block that begins with "```console"; `UPDATE_GOLDEN=1` writes real output
 * into it, and a test compares the two with everything masked that differs from run to run.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const BLOCK = /(?<=^```console\n)[\s\S]*?(?=^```$)/m;
/** What differs from run to run. */
const MASKS: readonly (readonly [RegExp, string])[] = [
  [/^\d\d:\d\d:\d\d /gm, 'time '],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'instant'],
  [/127\.0\.0\.1:\d+/g, 'address'],
  [/\S*\/kafka-tls-(example|test)-\w+/g, 'folder'],
  [/sha256:[0-9a-f]{16}/g, 'fingerprint'],
  [/-rotate-[0-9a-f]{8}/g, '-rotate-hash'],
  [/(about|up to) \d+ (s|min)\b/g, '$1 some time'],
];

/** Asserts that the block of a README is what was printed; `file` is a path from the root. */
export function expectTranscript(file: string, printed: string): void {
  const place = path.resolve(process.cwd(), file);
  const readme = readFileSync(place, 'utf8');
  const block = BLOCK.exec(readme)?.[0];
  assert.ok(block !== undefined, `${file} has no block that begins with "\`\`\`console"`);
  const wanted = `${printed.trim()}\n`;
  if (masked(block) === masked(wanted)) return;
  if (process.env.UPDATE_GOLDEN === '1')
    writeFileSync(
      place,
      readme.replace(BLOCK, () => wanted),
    );
  else assert.equal(masked(block), masked(wanted), `${file} differs from what is printed; run with UPDATE_GOLDEN=1 and read the diff`);
}

function masked(text: string): string {
  return MASKS.reduce((masking, [pattern, word]) => masking.replace(pattern, word), text);
}
