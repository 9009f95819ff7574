/** A test that is going to be killed: starts a Kafka in the folder that is named, prints its process id, and does nothing else. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { classPathOf } from './jars';
import { Server } from './jvm';

async function main(folder: string): Promise<void> {
  const found = classPathOf('kafka-4');
  if ('missing' in found) throw new Error(found.missing);
  const properties = path.join(folder, 'server.properties');
  // Its voter is not there: it waits for it, without an end.
  writeFileSync(
    properties,
    `process.roles=broker\nnode.id=1\nlisteners=PLAINTEXT://127.0.0.1:0\ncontroller.listener.names=CONTROLLER\ncontroller.quorum.voters=2@127.0.0.1:1\nlog.dirs=${folder}/data\n`,
  );
  const server = await Server.start('kafka.Kafka', [properties], { classPath: found.classPath, log: path.join(folder, 'log'), folder });
  console.log(server.pid);
  setInterval(() => undefined, 60_000);
}

void main(process.argv[2] ?? '');
