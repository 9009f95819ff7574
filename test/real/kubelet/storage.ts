/**
 * Formats the storage of a node at every start, as KubeDB's boot script does: `meta.properties` is written again, with the cluster id and a new
 * id of the directory; the memory of the last vote is deleted; data stays. Kafka's own tool runs once for each release, for the records
 * that a new cluster begins with: a JVM at every start would double the CPU time of a restart, and the tool writes the same files.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runTool } from '../kafka/jvm';
import type { Boot } from './boot';

const BOOTSTRAP = 'bootstrap.checkpoint';
const made = new Map<string, Promise<Buffer>>();

/** Formats the folders of a node. */
export async function format({ logDirs, nodeId, clusterId }: Boot, classPath: string): Promise<void> {
  const records = await bootstrapRecords(classPath);
  for (const dir of logDirs) {
    mkdirSync(dir, { recursive: true });
    const id = randomBytes(16).toString('base64url');
    writeFileSync(path.join(dir, 'meta.properties'), `version=1\ncluster.id=${clusterId}\nnode.id=${nodeId}\ndirectory.id=${id}\n`);
    if (!existsSync(path.join(dir, BOOTSTRAP))) writeFileSync(path.join(dir, BOOTSTRAP), records);
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
