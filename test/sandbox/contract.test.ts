/**
 * The behaviour of the sandbox's API on which callers may rely. The sandbox may imitate this and no more.
 *
 * The same tests hold for a real API server: with KAFKA_TLS_TEST_KUBECONFIG set to a kubeconfig that has a bearer token or a client
 * certificate, they run against that server, too, in a separate namespace. Parts that need cert-manager's kinds report "skipped" if these
 * are not installed.
 */
import { after, before, describe } from 'node:test';
import { createApi } from '#reconciler/sandbox/api/api';
import { serveApi } from '#reconciler/sandbox/api/http';
import { applyingContract } from './contract/applying';
import { type Client, clientOf, inProcess, overHttps } from './contract/client';
import { customKindsContract } from './contract/custom-kinds';
import { readingContract } from './contract/reading';
import { removingContract } from './contract/removing';
import { type Run, startRun } from './contract/run';
import { writingContract } from './contract/writing';

interface Server {
  readonly client: Client;
  stop?(): Promise<void>;
}

function contract(name: string, start: () => Promise<Server>): void {
  describe(`with ${name}`, () => {
    let server: Server;
    let run: Run;
    before(async () => {
      server = await start();
      run = await startRun(server.client);
    });
    after(async () => {
      await server.client.send('DELETE', `/api/v1/namespaces/${run.namespace}`);
      await server.stop?.();
    });
    for (const part of [readingContract, writingContract, applyingContract, removingContract, customKindsContract]) part(() => run);
  });
}

/** Its clock moves on by a second whenever it is read. */
const api = () => {
  let ms = Date.parse('2026-11-23T09:00:00Z');
  return createApi({
    now: () => {
      ms += 1_000;
      return new Date(ms);
    },
  });
};

contract('the sandbox in the process', async () => ({ client: inProcess(api()) }));

contract('the sandbox over HTTPS', async () => {
  const { url, token, certificateAuthority, close } = await serveApi(api());
  return { client: overHttps(url, { ca: certificateAuthority, headers: { authorization: `Bearer ${token}` } }), stop: close };
});

const real = process.env.KAFKA_TLS_TEST_KUBECONFIG;
if (real !== undefined) contract(`the server of ${real}`, async () => ({ client: clientOf(real) }));
