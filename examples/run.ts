/** Runs the demo of an example by its name: `npm run example -- rotate`. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { runDemo, type Script } from './demo';

const [name = ''] = process.argv.slice(2);
const names = readdirSync(__dirname).filter((entry) => existsSync(path.join(__dirname, entry, 'run.js')));

if (names.includes(name)) {
  const { script }: { readonly script: Script } = require(path.join(__dirname, name, 'run.js'));
  runDemo(script);
} else {
  const problem = name === '' ? 'Which example?' : `There is no example "${name}".`;
  process.stderr.write(`${problem} Choose from: ${names.join(', ')}.\nFor example: npm run example -- ${names[0]}\n`);
  process.exitCode = 2;
}
