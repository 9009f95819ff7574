/** How a run ended, where Kubernetes takes it from into the status of the pod. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { printable } from '../report/printable';

/** Kubernetes reads no more of it. */
const LONGEST = 4096;

/** A run that did its work has not failed because this could not be written. */
export async function writeTermination(file: string | undefined, text: string, cwd: string): Promise<void> {
  if (file === undefined) return;
  await writeFile(path.resolve(cwd, file), Buffer.from(printable(text)).subarray(0, LONGEST)).catch(() => undefined);
}
