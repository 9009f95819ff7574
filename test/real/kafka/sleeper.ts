/** A test that is going to be killed: starts a Kafka in the folder that is named, prints its process id, and does nothing else. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { classPathOf } from './jars';
import { Server } from './jvm';

async function main(folder: string): Promise<void> {
  const found = classPathOf('kafka-4');
  if ('missing' in found) throw new Error(found.missing);
  const properties = path.join(folder, 'server.properties');
  const data = path.join(folder, 'data');
  mkdirSync(data);
  writeFileSync(path.join(data, 'meta.properties'), 'version=1\ncluster.id=4L6g3nShT-eMCtK--X86sw\nnode.id=1\n');
  // Its only voter is not there: it waits for it without an end.
  const settings = {
    'process.roles': 'broker',
    'node.id': '1',
    listeners: 'PLAINTEXT://127.0.0.1:0',
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': '2@127.0.0.1:1',
    'log.dirs': data,
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(properties, lines.join(''));
  const server = await Server.start('kafka.Kafka', [properties], { classPath: found.classPath, log: path.join(folder, 'log'), folder });
  console.log(server.pid);
  setInterval(() => undefined, 60_000);
}

void main(process.argv[2] ?? '');
