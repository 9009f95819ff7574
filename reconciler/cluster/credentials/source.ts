/** The credential that identifies the user to the API server, and how it is renewed. */
import { readFile } from 'node:fs/promises';
import { ClusterError } from '#reconciler/errors';
import type { Clock } from '#reconciler/ports';

export interface Credential {
  readonly token?: string;
  /** Client certificate and its key, in PEM. */
  readonly cert?: string;
  readonly key?: string;
}

export interface CredentialSource {
  /** Returns the credential for the next request. */
  current(): Promise<Credential>;
  /** Makes sure that a credential that the API server refused (401) is not used again, if there is another one. */
  refuse(credential: Credential): void;
}

export interface Issued {
  readonly credential: Credential;
  /** Absent: it is used until the API server refuses it. */
  readonly expiresMs?: number;
}

/** Returns a source that keeps a credential until it expires or is refused. However many requests wait, one issuance runs at a time. */
export function renewable(clock: Clock, issue: (refused: Credential | undefined) => Promise<Issued>): CredentialSource {
  let kept: Issued | undefined;
  let refused: Credential | undefined;
  let running: Promise<Credential> | undefined;
  const renew = async () => {
    try {
      kept = await issue(refused);
      return kept.credential;
    } finally {
      running = undefined;
    }
  };
  return {
    current: async () => {
      const isFresh = kept !== undefined && clock.now().getTime() < (kept.expiresMs ?? Number.POSITIVE_INFINITY);
      if (running === undefined && kept !== undefined && isFresh) return kept.credential;
      running ??= renew();
      return running;
    },
    refuse: (credential) => {
      // Several requests may have used it: the first refusal counts.
      if (kept?.credential !== credential) return;
      kept = undefined;
      refused = credential;
    },
  };
}

/**
 * Returns a source that reads a token from a file for every request: the kubelet replaces the token of a ServiceAccount every hour or so.
 * While the file cannot be read, the last token is used, or `fallback`.
 */
export function tokenFile(file: string, userName: string, fallback: string | undefined): CredentialSource {
  let last = fallback;
  return {
    current: async () => {
      try {
        last = (await readFile(file, 'utf8')).trim() || last;
      } catch (cause) {
        if (last === undefined) throw credentialError(userName, `tokenFile ${file}: cannot be read: ${whyFailed(cause)}`, { cause });
      }
      if (last === undefined) throw credentialError(userName, `tokenFile ${file}: is empty`);
      return { token: last };
    },
    refuse: () => undefined,
  };
}

/** Reason of errors about credentials that are not available. */
export const NO_CREDENTIALS = 'Credentials';

export interface CredentialErrorOptions {
  readonly hint?: string;
  readonly cause?: unknown;
  readonly reasons?: readonly string[];
}

/** Returns the error of a user whose credentials are not available. */
export function credentialError(userName: string, why: string, { hint, ...options }: CredentialErrorOptions = {}): ClusterError {
  return new ClusterError(`credentials of user ${userName}: ${why}.`, {
    status: 0,
    reason: NO_CREDENTIALS,
    hint: hint ?? 'Log in again, or check the files that the kubeconfig names.',
    ...options,
  });
}

/** Returns why a file cannot be used. Only the code of a system error is used: its message may repeat secret input. */
export function whyFailed(error: unknown): string {
  const { code, message = String(error) } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' ? 'there is no such file' : (code ?? (message.split('\n')[0] ?? '').replace(/\.$/, ''));
}
