/** A server of a test: listens on this machine, on any port, and ends with its test. */
import { once } from 'node:events';
import http from 'node:http';
import type net from 'node:net';
import type { AddressInfo } from 'node:net';

export class LoopbackServer {
  private readonly sockets = new Set<net.Socket>();

  constructor(
    private readonly scheme: string,
    private readonly server: net.Server,
  ) {
    server.on('connection', (socket: net.Socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
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
    if (this.server instanceof http.Server) this.server.closeAllConnections();
    for (const socket of this.sockets) socket.destroy();
  }

  /** Starts a new test. */
  forget(): void {
    // nothing to forget
  }
}
