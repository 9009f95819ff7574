/**
 * Addresses of pods on this machine. All of 127.0.0.0/8 is loopback on Linux, so every pod has one, and listens on KubeDB's ports there. A run
 * takes a free block of 254 addresses, and holds it by a socket on the first one. JVMs resolve names by the file that this writes
 * (`-Djdk.net.hosts.file`); they read it at every look-up and remember an answer for 30 s, as they do in a cluster.
 *
 * A pod keeps its address when it is created again, and its name resolves from its creation on. In a cluster the address changes.
 */
import { randomInt } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';

const HOLDER = 1;
const FIRST_POD = 10;
const LAST_POD = 250;
/** Only says that the block is taken. */
const HOLDER_PORT = 29_091;
const ATTEMPTS = 50;

export class PodNetwork {
  private readonly addresses = new Map<string, { readonly address: string; readonly names: readonly string[] }>();
  private taken: { readonly block: string; readonly holder: Server } | undefined;

  constructor(
    /** File with the names and addresses of all pods. */
    readonly hostsFile: string,
  ) {
    this.write();
  }

  /** Takes a free block. */
  async open(): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const block = `127.${1 + randomInt(254)}.${randomInt(256)}`;
      const holder = await listen(`${block}.${HOLDER}`);
      if (holder === undefined) continue;
      this.taken = { block, holder };
      return;
    }
    throw new Error(`no free block of addresses in 127.0.0.0/8 after ${ATTEMPTS} attempts`);
  }

  /** Returns the address of a pod. The first call gives it one, and makes its names known. */
  addressOf(pod: string, names: readonly string[]): string {
    const known = this.addresses.get(pod);
    if (known !== undefined) return known.address;
    const number = FIRST_POD + this.addresses.size;
    if (number > LAST_POD) throw new Error(`more than ${LAST_POD - FIRST_POD + 1} pods in one run`);
    if (this.taken === undefined) throw new Error(`${pod}: the network is not open`);
    const address = `${this.taken.block}.${number}`;
    this.addresses.set(pod, { address, names });
    this.write();
    return address;
  }

  close(): void {
    this.taken?.holder.close();
  }

  /** Replaced by a rename: a JVM must not read half of it. */
  private write(): void {
    const lines = [...this.addresses.values()].map(({ address, names }) => `${address} ${names.join(' ')}\n`);
    const next = `${this.hostsFile}.next`;
    writeFileSync(next, ['127.0.0.1 localhost\n', ...lines].join(''));
    renameSync(next, this.hostsFile);
  }
}

function listen(host: string): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(HOLDER_PORT, host, () => resolve(server.unref()));
  });
}
