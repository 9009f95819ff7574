/** The result of a run, in the file that Kubernetes copies into the status of the pod. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { printable } from '../report/printable';

/** Kubernetes reads no more bytes. */
const LONGEST = 4096;

/** Writes the file. A failure to write it does not fail the run. */
export async function writeTermination(file: string | undefined, text: string, cwd: string): Promise<void> {
  if (file === undefined) return;
  await writeFile(path.resolve(cwd, file), Buffer.from(printable(text)).subarray(0, LONGEST)).catch(() => undefined);
}
