/**
 * Formats the storage of a node at its first start. Kafka's own tool runs once for each release, for the records that a new cluster begins
 * with: the tool writes the same files, and a JVM for each node would take as long as the start of Kafka.
 *
 * KubeDB's public boot scripts format at every start: they delete `meta.properties` and the memory of the last vote first. The directory then
 * has a new id. On Kafka 4.3.1 and 3.9.2 a partition all of whose replicas have stopped never has a leader again after that, since
 * every replica is assigned to a directory that is gone. `isAlways` imitates this.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runTool } from '../kafka/jvm';
import type { Boot } from './boot';

const BOOTSTRAP = 'bootstrap.checkpoint';
const made = new Map<string, Promise<Buffer>>();

/** Formats the folders of a node that are not formatted, or all of them. */
export async function format({ logDirs, nodeId, clusterId }: Boot, classPath: string, isAlways: boolean): Promise<void> {
  const records = await bootstrapRecords(classPath);
  for (const dir of logDirs) {
    const properties = path.join(dir, 'meta.properties');
    if (existsSync(properties) && !isAlways) continue;
    mkdirSync(dir, { recursive: true });
    const id = randomBytes(16).toString('base64url');
    writeFileSync(properties, `version=1\ncluster.id=${clusterId}\nnode.id=${nodeId}\ndirectory.id=${id}\n`);
    writeFileSync(path.join(dir, BOOTSTRAP), records);
    rmSync(path.join(dir, '__cluster_metadata-0', 'quorum-state'), { force: true });
  }
}

/** The same for all clusters of a release. */
function bootstrapRecords(classPath: string): Promise<Buffer> {
  const records = made.get(classPath) ?? makeRecords(classPath);
  made.set(classPath, records);
  return records;
}

async function makeRecords(classPath: string): Promise<Buffer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-format-'));
  try {
    const file = path.join(folder, 'server.properties');
    const settings = {
      'process.roles': 'controller',
      'node.id': '1000',
      'controller.quorum.voters': '1000@127.0.0.1:9093',
      'controller.listener.names': 'CONTROLLER',
      listeners: 'CONTROLLER://127.0.0.1:9093',
      'log.dirs': path.join(folder, 'data'),
    };
    writeFileSync(
      file,
      Object.entries(settings)
        .map(([key, value]) => `${key}=${value}\n`)
        .join(''),
    );
    await runTool(classPath, 'kafka.tools.StorageTool', ['format', '-t', randomBytes(16).toString('base64url'), '-c', file]);
    return readFileSync(path.join(folder, 'data', BOOTSTRAP));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
