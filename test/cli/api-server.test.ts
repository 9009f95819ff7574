/** An API server that is away when a command starts: in a pod it is waited for, elsewhere it is not. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { awaitApiServer } from '#reconciler/cli/api-server';
import type { Connection, Io } from '#reconciler/cli/io';
import { ClusterError, type KafkaTlsError } from '#reconciler/errors';
import { FakeClock } from '../support/fake-clock';

const refused = { message: 'API server https://10.0.0.1: cannot be reached: connection refused.', status: 0, retryable: true };
const unknownAccount = { message: 'the API server does not accept these credentials', status: 401, retryable: false };
const overloaded = { message: 'SelfSubjectAccessReview: create failed: 503 ServiceUnavailable', status: 503, retryable: true };
const badCertificate = {
  message: 'API server https://10.0.0.1: cannot be reached: its certificate is not accepted.',
  status: 0,
  retryable: false,
};

interface Case {
  readonly name: string;
  readonly isInPod?: boolean;
  readonly failure: { readonly message: string; readonly status: number; readonly retryable: boolean };
  /** How long it is away. */
  readonly awayMs: number;
  readonly expect: { readonly exitCode?: number; readonly afterMs: number };
}

const CASES: readonly Case[] = [
  { name: 'refuses connections for a while: waited for', failure: refused, awayMs: 120_000, expect: { afterMs: 120_000 } },
  { name: 'answers 503 for a while: waited for', failure: overloaded, awayMs: 20_000, expect: { afterMs: 20_000 } },
  { name: 'does not know the ServiceAccount yet: waited for', failure: unknownAccount, awayMs: 10_000, expect: { afterMs: 10_000 } },
  { name: 'refuses connections for longer: blocked', failure: refused, awayMs: Infinity, expect: { afterMs: 300_000, exitCode: 4 } },
  { name: 'never knows the ServiceAccount: failed', failure: unknownAccount, awayMs: Infinity, expect: { afterMs: 300_000, exitCode: 1 } },
  {
    name: 'has a certificate that is not trusted: not waited for',
    failure: badCertificate,
    awayMs: Infinity,
    expect: { afterMs: 0, exitCode: 1 },
  },
  { name: 'refuses connections outside of a pod: not asked', isInPod: false, failure: refused, awayMs: Infinity, expect: { afterMs: 0 } },
];

describe('an API server that', () => {
  for (const { name, isInPod = true, failure, awayMs, expect } of CASES) {
    test(name, async () => {
      const clock = new FakeClock();
      const began = clock.monotonicMs();
      const { message, ...options } = failure;
      const isAllowed = async () => {
        if (clock.monotonicMs() - began >= awayMs) return true;
        throw new ClusterError(message, { reason: 'Test', ...options });
      };
      let written = '';
      const stderr = (text: string) => {
        written += text;
      };
      const io = { stderr } as Partial<Io> as Io;
      const connection = { cluster: { isAllowed }, namespace: 'demo', isInPod } as unknown as Connection;
      const runtime = { clock, connect: () => assert.fail(), startSandbox: () => assert.fail(), sendTrace: () => assert.fail() };
      const waiting = awaitApiServer(connection, { io, runtime }, new AbortController().signal).then(
        () => undefined,
        (error: KafkaTlsError) => error,
      );
      const error = await clock.run(waiting);
      assert.equal(error?.exitCode, expect.exitCode, error?.message);
      assert.equal(clock.monotonicMs() - began, expect.afterMs);
      assert.equal(written, expect.afterMs === 0 ? '' : `${message} Waiting up to 5m for it.\n`, 'it is reported once');
    });
  }
});
