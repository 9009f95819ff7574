/** Fails if a tracked file contains a word or phrase that hides who does what. `npm run lint` runs this file. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** Words that must not appear, and what to write instead. */
const WORDS = [
  ['anew', 'again'],
  ['somebody|someone|anybody|everybody|whoever', 'the actor: a user, another controller, a client'],
  ['nobody|no one(?!-)', 'no user, no controller, no client'],
  ['(stands?|stood|is|are|was|were|things|all|everything|what) in (the|its|their) way', 'the blocker'],
  ['has to be had|have to be had', 'must exist'],
  ['there is to say', 'the options'],
  ['fares? no better', 'the consequence'],
  ['a former|in vain|hold yet', 'previous; without effect; not yet valid'],
  ['all the same', 'still, nevertheless'],
  ['undoes|undone', 'reverts, reverted'],
  ['cures?|cured', 'fix, fixed'],
  ['of (its|their|our) own', 'separate'],
  ['gives? the one to the other', 'the subject and the object'],
  ['what (is|was|were|has been|had been) (said|told)', 'the message, the report'],
  ['leaves? it alone|left it alone', 'does not change the object'],
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
