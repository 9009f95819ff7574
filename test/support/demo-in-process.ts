/** Demos of `examples/` in this process: the same commands and the same sandbox over HTTPS, without the time that processes take to start. */
import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Io } from '#reconciler/cli/io';
import { createRuntime } from '#reconciler/cli/runtime';
import { type Commands, createDemo, type Script } from '../../examples/demo';
import { kafkaTls } from './command-line';

const ROOT = process.cwd();

/** Runs an app of `examples/`, a path without extension, and returns the names of the files that it wrote. */
export function synthesise(app: string, outdir: string, env: Readonly<Record<string, string>> = {}): readonly string[] {
  const file = path.join(ROOT, 'lib/examples', `${app}.js`);
  const before = { ...process.env };
  Object.assign(process.env, env, { CDK8S_OUTDIR: outdir });
  try {
    delete require.cache[file];
    require(file);
  } finally {
    for (const name of [...Object.keys(env), 'CDK8S_OUTDIR']) delete process.env[name];
    Object.assign(process.env, before);
  }
  return readdirSync(outdir);
}

export class DemoInProcess implements Commands {
  printed = '';
  private readonly kubeconfig: string;
  private readonly end = new AbortController();
  private sandbox: Promise<unknown> = Promise.resolve();

  constructor(readonly folder: string) {
    this.kubeconfig = path.join(folder, 'kubeconfig');
  }

  run(script: Script): Promise<void> {
    return script(createDemo(this));
  }

  print = (text: string): void => {
    this.printed += text;
  };

  flash = (): void => {};

  async startSandbox(flags: readonly string[]): Promise<string> {
    const greeting = new Promise<string>((resolve) => {
      const io = { signal: this.end.signal, stdout: resolve };
      this.sandbox = this.command(['sandbox', ...flags, '--kubeconfig', this.kubeconfig], io);
    });
    return (await Promise.race([greeting, this.sandbox.then(() => 'The sandbox ended.')])).split('\n')[0] ?? '';
  }

  async synth(app: string, env: Readonly<Record<string, string>>): Promise<void> {
    const dist = path.join(this.folder, 'dist');
    rmSync(dist, { recursive: true, force: true });
    const files = synthesise(app, dist, env);
    this.print(files.map((file) => `  - dist/${file}\n`).join(''));
  }

  async kafkaTls(args: readonly string[], onLine: (line: string) => void): Promise<void> {
    let written = '';
    const stdout = (text: string) => {
      written += text;
    };
    await this.command(args, { cwd: this.folder, env: { KUBECONFIG: this.kubeconfig }, stdout });
    for (const line of written.replace(/\n$/, '').split('\n')) onLine(line);
  }

  async close(): Promise<void> {
    this.end.abort();
    await this.sandbox;
  }

  private async command(argv: readonly string[], io: Partial<Io>): Promise<void> {
    const { exitCode, stderr } = await kafkaTls(argv, { io, outside: createRuntime({ env: io.env ?? {}, stderr: () => {} }) });
    assert.equal(stderr, '');
    assert.equal(exitCode, 0, `${argv[0]} ended with exit code ${exitCode}`);
  }
}
