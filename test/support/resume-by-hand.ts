/** A user who finds a Kafka paused, reads its condition, and runs the kubectl command in it. */
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const condition = (type: string) => ({ type, status: 'True', reason: type, message: '', lastTransitionTime: '2026-11-23T09:00:00Z' });

/** Status of a Kafka that is paused. */
export const PAUSED = { status: { conditions: [condition('Provisioned'), condition('Paused')] } };

/** Returns the arguments of the kubectl command in a message. */
export function asSaid(message: string): readonly string[] {
  return /"kubectl (?<args>[^"]+)"/.exec(message)?.groups?.args?.split(' ') ?? [];
}

/** Returns an editor that deletes the condition Paused from the file that it is given. */
export function resumingEditor(folder: string): string {
  const file = path.join(folder, 'editor.js');
  const yaml = JSON.stringify(require.resolve('yaml'));
  writeFileSync(
    file,
    `#!${process.execPath}
const [fs, yaml, file] = [require('node:fs'), require(${yaml}), process.argv[2]];
const object = yaml.parse(fs.readFileSync(file, 'utf8'));
object.status.conditions = object.status.conditions.filter(({ type }) => type !== 'Paused');
fs.writeFileSync(file, yaml.stringify(object));
`,
  );
  chmodSync(file, 0o755);
  return file;
}
