/**
 * Builds the Go programs of the test's cluster, each once.
 *
 * A binary is kept outside the tree, in $XDG_CACHE_HOME/kafka-tls-test (else ~/.cache/kafka-tls-test), under a hash of its sources, its
 * go.mod and go.sum, and the version of Go. If it is there, Go is asked for nothing but its version.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** A folder below `test/real` with a Go program in it, and where the CRDs are that it installs: in a module that it is built from. */
export interface GoProgram {
  readonly name: string;
  readonly crds?: { readonly module: string; readonly folder: string };
}

export interface Built {
  readonly name: string;
  readonly binary: string;
  /** Folder with the CRDs that it installs. */
  readonly crds?: string;
}

const HERE = path.join('test', 'real');
/** What the programs share. */
const SHARED = 'part';
const LINES_OF_GO = 10;

/** Returns where a program is, and makes it if it is not there. */
export async function build(program: GoProgram): Promise<Built> {
  const { name, crds } = program;
  const folder = path.join(cache(), `${name}-${hashOf(program)}`);
  if (!existsSync(folder)) await make(program, folder);
  return { name, binary: path.join(folder, name), ...(crds === undefined ? {} : { crds: path.join(folder, 'crds') }) };
}

function cache(): string {
  return path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'kafka-tls-test');
}

function hashOf({ name, crds }: GoProgram): string {
  const hash = createHash('sha256')
    .update(goVersion())
    .update(JSON.stringify(crds ?? {}));
  for (const folder of [SHARED, name])
    for (const file of readdirSync(path.join(HERE, folder), { recursive: true, withFileTypes: true })
      .filter((f) => f.isFile())
      .map((f) => path.join(f.parentPath, f.name))
      .sort())
      hash.update(`\0${file}\0`).update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

function goVersion(): string {
  const { stdout, error } = spawnSync('go', ['version'], { encoding: 'utf8' });
  if (error !== undefined)
    throw new Error(`Go: not found: ${error.message}. The tests on a real Kubernetes API are built with Go; put it on the PATH.`);
  return stdout;
}

/** Builds into a temporary folder and renames it: an interrupted build leaves no folder that looks complete. */
async function make({ name, crds }: GoProgram, folder: string): Promise<void> {
  mkdirSync(cache(), { recursive: true });
  const making = mkdtempSync(path.join(cache(), 'making-'));
  try {
    await go(name, ['build', '-ldflags=-s -w', '-o', path.join(making, name), '.']);
    if (crds !== undefined) {
      const module = await go(name, ['list', '-m', '-f', '{{.Dir}}', crds.module]);
      const from = path.join(module.trim(), crds.folder);
      mkdirSync(path.join(making, 'crds'));
      for (const file of readdirSync(from).filter((f) => f.endsWith('.yaml')))
        copyFileSync(path.join(from, file), path.join(making, 'crds', file));
    }
    renameSync(making, folder);
  } catch (error) {
    // Another process may have been faster.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

/** Runs Go in a program's folder and returns what it prints. */
function go(name: string, args: readonly string[]): Promise<string> {
  const running = spawn('go', args, {
    cwd: path.join(HERE, name),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, GOWORK: 'off' },
  });
  let [printed, complaints] = ['', ''];
  running.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  running.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  return new Promise((resolve, reject) => {
    running.once('error', reject);
    running.once('close', (code) => (code === 0 ? resolve(printed) : reject(new Error(whyNotBuilt(name, complaints)))));
  });
}

function whyNotBuilt(name: string, complaints: string): string {
  const lines = complaints.split('\n').filter((line) => line !== '' && !line.startsWith('go: downloading'));
  const isOffline = /\b(dial tcp|no such host|i\/o timeout|connection refused|proxyconnect|module lookup disabled)\b/.test(complaints);
  const what = isOffline ? 'the first build needs a Go module proxy (GOPROXY), and it does not answer' : 'Go refuses it';
  return `${path.join(HERE, name)}: not built: ${what}: ${lines.slice(0, isOffline ? 1 : LINES_OF_GO).join('\n')}`;
}
