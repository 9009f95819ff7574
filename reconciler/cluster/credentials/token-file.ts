/** A token in a file, which others replace: a projected ServiceAccount token is rotated every hour or so. */
import { readFile } from 'node:fs/promises';
import { type CredentialSource, credentialError, whyFailed } from './source';

/** Returns a source that reads the file for every request. What was read last, or `fallback`, is used while the file cannot be read. */
export function tokenFile(file: string, userName: string, fallback: string | undefined): CredentialSource {
  let last = fallback;
  return {
    current: async () => {
      try {
        const token = (await readFile(file, 'utf8')).trim();
        if (token !== '') last = token;
      } catch (cause) {
        if (last === undefined) throw credentialError(userName, `tokenFile ${file}: cannot be read: ${whyFailed(cause)}`, { cause });
      }
      if (last === undefined) throw credentialError(userName, `tokenFile ${file}: is empty`);
      return { token: last };
    },
    refuse: () => undefined,
  };
}
