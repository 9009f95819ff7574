/** What a request shows the API server so that it knows the user, and how it is renewed. */
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
  /** Makes sure that a credential that the API server refused (401) is not shown again, where there is another one. */
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

  async function renew(): Promise<Credential> {
    kept = await issue(refused);
    return kept.credential;
  }

  return {
    current: async () => {
      if (running !== undefined) return running;
      if (kept !== undefined && clock.now().getTime() < (kept.expiresMs ?? Number.POSITIVE_INFINITY)) return kept.credential;
      running = renew().finally(() => {
        running = undefined;
      });
      return running;
    },
    refuse: (credential) => {
      // Several requests may have shown it: the first refusal counts.
      if (kept?.credential !== credential) return;
      kept = undefined;
      refused = credential;
    },
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

/** Returns why a file could not be used. The message of an error with a code may repeat what Node was given. */
export function whyFailed(error: unknown): string {
  const { code, message = String(error) } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' ? 'there is no such file' : (code ?? (message.split('\n')[0] ?? '').replace(/\.$/, ''));
}
