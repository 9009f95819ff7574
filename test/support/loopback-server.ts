/** A server of a test: listens on this machine, on any port, and ends with its test. */
import { once } from 'node:events';
import type net from 'node:net';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';

export class LoopbackServer {
  private readonly sockets = new Set<net.Socket>();

  constructor(
    private readonly scheme: string,
    private readonly server: net.Server,
  ) {
    server.on('connection', (socket: net.Socket) => {
      this.sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket));
    });
    // A client that rejects the certificate is no failure of the server.
    server.on('tlsClientError', () => undefined);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.scheme}://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    await once(this.server.listen(0, '127.0.0.1'), 'listening');
  }

  stop(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  /** Starts a new test. */
  forget(): void {
    // nothing to forget
  }
}

/** Starts a server that ends with the test file, and returns its port. */
export async function listen(server: net.Server): Promise<number> {
  const loopback = new LoopbackServer('', server);
  await loopback.start();
  after(() => loopback.stop());
  return loopback.port;
}

/** Returns a port of this machine on which nothing listens. */
export async function closedPort(server: net.Server): Promise<number> {
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
