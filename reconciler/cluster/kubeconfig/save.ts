/** Writes renewed tokens into a kubeconfig, as kubectl does; everything else in the file stays as it is. */
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parseYaml, withYamlValues } from '#reconciler/input/yaml';

/** Changes fields of a user's auth-provider. Throws when the file cannot be written, or another process is writing it. */
export function saveAuthProvider(file: string, userName: string, fields: Readonly<Record<string, string>>): void {
  // kubectl's own lock: it, too, gives up when the file is there.
  const lock = `${file}.lock`;
  closeSync(openSync(lock, 'wx', 0));
  try {
    const text = readFileSync(file, 'utf8');
    const place = ['users', indexOfUser(text, userName), 'user', 'auth-provider', 'config'];
    const values = Object.entries(fields).map(([field, value]) => ({ path: [...place, field], value }));
    writeFileSync(file, withYamlValues(text, values));
  } finally {
    rmSync(lock, { force: true });
  }
}

function indexOfUser(text: string, userName: string): number {
  const parsed = parseYaml(text);
  const [config] = 'values' in parsed ? parsed.values : [];
  const { users = [] } = (config ?? {}) as { readonly users?: readonly { readonly name?: string }[] };
  const index = users.findIndex((user) => user.name === userName);
  if (index < 0) throw new Error(`it does not have user ${userName} any more`);
  return index;
}
