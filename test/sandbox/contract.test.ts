/**
 * What may be relied on of the sandbox's API, each a test with a sentence. The sandbox may imitate this and no more.
 *
 * The same sentences hold for a real API server: with KAFKA_TLS_TEST_KUBECONFIG set to a kubeconfig (a bearer token or a client
 * certificate in it), they are put to that server, too, in a namespace of its own. Parts that need cert-manager's kinds say
 * "skipped" where these are not installed.
 */
import { after, before, describe } from 'node:test';
import { createApi } from '#reconciler/sandbox/api/api';
import { serveApi } from '#reconciler/sandbox/api/http';
import { applyingContract } from './contract/applying';
import { type Client, clientOf, inProcess, overHttps } from './contract/client';
import { customKindsContract } from './contract/custom-kinds';
import { readingContract } from './contract/reading';
import { removingContract } from './contract/removing';
import { createWorld, type World } from './contract/world';
import { writingContract } from './contract/writing';

interface Server {
  readonly client: Client;
  stop?(): Promise<void>;
}

function contract(server: string, start: () => Promise<Server>): void {
  describe(`with ${server}`, () => {
    let running: Server;
    let world: World;
    before(async () => {
      running = await start();
      world = await createWorld(running.client);
    });
    after(async () => {
      await running.client.send('DELETE', `/api/v1/namespaces/${world.namespace}`);
      await running.stop?.();
    });
    for (const part of [readingContract, writingContract, applyingContract, removingContract, customKindsContract]) part(() => world);
  });
}

const api = () => createApi({ now: () => new Date('2026-11-23T09:00:00Z') });

contract('the sandbox in the process', async () => ({ client: inProcess(api()) }));

contract('the sandbox over HTTPS', async () => {
  const { url, token, certificateAuthority, close } = await serveApi(api());
  return { client: overHttps(url, { ca: certificateAuthority, headers: { authorization: `Bearer ${token}` } }), stop: close };
});

const real = process.env.KAFKA_TLS_TEST_KUBECONFIG;
if (real !== undefined) contract(`the server of ${real}`, async () => ({ client: clientOf(real) }));
