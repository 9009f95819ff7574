#!/usr/bin/env node
/**
 * The executable. Refuses a runtime that cannot run the rest, in one sentence, and then loads the rest.
 *
 * This file is the first that Node reads, so it must stay readable to an old Node and must import nothing that an old Node does not have.
 */
import module from 'node:module';

const OLDEST_NODE = 22;

const refusal = unsupportedRuntime();
if (refusal === undefined) {
  // Node keeps the compiled code in the folder for temporary files. If the folder cannot be written, Node compiles again.
  module.enableCompileCache();
  void import('./cli/process.js').then(({ run }) => run());
} else {
  process.stderr.write(`kafka-tls: ${refusal}\n`);
  process.exitCode = 2;
}

/**
 * Returns why this runtime cannot run the command. Bun and Deno imitate `process.versions.node`, so they are looked for first.
 *
 * Exported, because esbuild links the imports of an ES module and wraps each import of a file without exports.
 */
export function unsupportedRuntime(): string | undefined {
  const { node, bun, deno }: Readonly<Record<string, string | undefined>> = process.versions;
  const other = bun !== undefined ? `Bun ${bun}` : deno !== undefined ? `Deno ${deno}` : undefined;
  if (other !== undefined) return `runs on Node, ${OLDEST_NODE} or newer; this is ${other}.`;
  if (Number.parseInt(node ?? '', 10) < OLDEST_NODE) return `Node ${node} is running, ${OLDEST_NODE} or newer is needed.`;
  return undefined;
}
