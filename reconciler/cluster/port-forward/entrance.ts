/**
 * The end of a forwarded connection on this machine: a port on the loopback address, since @platformatic/kafka opens its sockets itself.
 *
 * Every process of this machine could connect to that port, and would then be inside the cluster's network. So only one socket gets through:
 * the one that `admit` names, recognised by its own port. Everything else is closed at once, and after that socket nothing is accepted.
 */
import { createServer, type Socket } from 'node:net';

export interface Entrance {
  readonly host: string;
  readonly port: number;
  /** Lets this socket of this process in. */
  admit(socket: Socket): void;
  /** Stops to listen; the socket that got in stays. */
  close(): void;
}

const HOST = '127.0.0.1';

/** Opens an entrance. `enter` gets the other end of the admitted socket. */
export async function openEntrance(enter: (peer: Socket) => void): Promise<Entrance> {
  let admit: (port: number | undefined) => void = () => undefined;
  const admittedPort = new Promise<number | undefined>((resolve) => {
    admit = resolve;
  });
  const server = createServer((peer) => {
    peer.on('error', () => undefined);
    void admittedPort.then((port) => {
      if (port === undefined || peer.remotePort !== port) return peer.destroy();
      server.close();
      return enter(peer);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, HOST, resolve);
  });
  const address = server.address();
  return {
    host: HOST,
    port: typeof address === 'object' && address !== null ? address.port : 0,
    admit: (socket) => void socket.once('connect', () => admit(socket.localPort)),
    close: () => {
      admit(undefined);
      server.close();
    },
  };
}
