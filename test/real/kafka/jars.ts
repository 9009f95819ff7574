/** Kafka's jars, from Maven Central to a folder outside the tree; downloaded once a content of `pom.xml`. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

const POM = 'test/real/kafka/pom.xml';
const DOWNLOAD_LIMIT_MS = 1_800_000;

/** A profile of `pom.xml`. */
export type Release = 'kafka-4' | 'kafka-3';

/** Returns the version that a profile pins. */
export function versionOf(release: Release): string {
  const pom = readFileSync(POM, 'utf8');
  const version = new RegExp(`<id>${release}</id>\\s*<properties><kafka.version>([^<]+)<`).exec(pom)?.[1];
  if (version === undefined) throw new Error(`${POM} has no profile ${release}`);
  return version;
}

/** Returns the class path of a release, or why there is none. */
export function classPathOf(release: Release): { readonly classPath: string } | { readonly missing: string } {
  if (run('java', ['-version']).status !== 0) return { missing: 'there is no Java on this machine: "java -version" does not run' };
  const folder = path.join(cacheFolder(), `${release}-${createHash('sha256').update(readFileSync(POM)).digest('hex').slice(0, 12)}`);
  if (!existsSync(folder)) {
    if (run('mvn', ['-version']).status !== 0) return { missing: 'there is no Maven on this machine: "mvn -version" does not run' };
    const because = download(release, folder);
    if (because !== undefined) return { missing: because };
  }
  return { classPath: `${folder}/*` };
}

/** Folder outside the tree for what is made once. */
export function cacheFolder(): string {
  return path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'kafka-tls-test');
}

/** Only a whole folder gets its name, so that an interrupted download is not taken for one. */
function download(release: Release, folder: string): string | undefined {
  const partial = `${folder}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${partial}`];
  const maven = run('mvn', ['-q', '-B', '-Dstyle.color=never', '-f', POM, '-P', release, ...goal], DOWNLOAD_LIMIT_MS);
  if (maven.status === 0) {
    renameSync(partial, folder);
    return undefined;
  }
  rmSync(partial, { recursive: true, force: true });
  const because = /\[ERROR\] (.*?)( -> |$)/m.exec(maven.stdout)?.[1] ?? 'it took too long';
  return `Kafka ${versionOf(release)} could not be got from Maven Central: ${because}`;
}

function run(command: string, args: readonly string[], timeout = 600_000): SpawnSyncReturns<string> {
  return spawnSync(command, args, { encoding: 'utf8', timeout, stdio: ['ignore', 'pipe', 'pipe'] });
}
