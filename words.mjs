/** Fails if a tracked file contains a word or phrase that hides who does what. `npm run lint` runs this file. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** What must not appear, and what to write instead. */
const WORDS = [
  ['has to be had|have to be had', 'must exist'],
  ['in their way', 'the blockers'],
  ['it is to be told', 'report it'],
];

const FILES = /(\.(ts|mjs|md|ya?ml|txt)|Dockerfile|\.ci\/run)$/;
const tracked = spawnSync('git', ['ls-files'], { encoding: 'utf8' }).stdout.split('\n');
const words = WORDS.map(([word, instead]) => ({ pattern: new RegExp(`\\b(${word})\\b`, 'gi'), instead }));

const found = tracked
  .filter((file) => FILES.test(file) && file !== 'words.mjs' && existsSync(file))
  .flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .map((text, i) => ({ text, at: `${file}:${i + 1}` })),
  )
  .flatMap(({ text, at }) =>
    words.flatMap(({ pattern, instead }) => [...text.matchAll(pattern)].map(([word]) => `${at}: "${word}": write ${instead}`)),
  );
for (const line of found) console.error(line);
process.exitCode = found.length > 0 ? 1 : 0;
