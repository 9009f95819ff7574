/** Proxies on this machine. Whatever they are asked for, they lead to one port of it, and they write down what they were asked for. */
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { Issued } from './certificate-factory';
import { LoopbackServer } from './loopback-server';

/** A proxy for CONNECT; with a certificate over TLS. `refusal` is the status of every answer. */
export class HttpProxy extends LoopbackServer {
  readonly tunnels: string[] = [];
  refusal: number | undefined;

  constructor(target: () => number, serving?: Issued) {
    const scheme = serving === undefined ? 'http' : 'https';
    const server = serving === undefined ? http.createServer() : https.createServer({ cert: serving.cert, key: serving.key });
    super(scheme, server);
    server.on('connect', (request: http.IncomingMessage, socket: net.Socket) => {
      const basic = /^Basic (.+)$/.exec(request.headers['proxy-authorization'] ?? '')?.[1];
      this.tunnels.push(`${scheme} ${request.url}${basic === undefined ? '' : ` as ${Buffer.from(basic, 'base64')}`}`);
      if (this.refusal !== undefined) return socket.end(`HTTP/1.1 ${this.refusal} Refused\r\n\r\n`);
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      join(socket, target());
    });
  }

  override forget(): void {
    this.tunnels.length = 0;
    this.refusal = undefined;
  }
}

/** SOCKS 5: no authentication, then one connection to an IPv4 address or a name. */
export class SocksProxy extends LoopbackServer {
  readonly tunnels: string[] = [];

  constructor(target: () => number) {
    const server = net.createServer((socket) => {
      socket.once('data', () => {
        socket.write(Buffer.from([5, 0]));
        socket.once('data', (wanted) => {
          this.tunnels.push(`socks ${destinationIn(wanted)}`);
          socket.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]));
          join(socket, target());
        });
      });
      socket.on('error', () => socket.destroy());
    });
    super('socks5', server);
  }

  override forget(): void {
    this.tunnels.length = 0;
  }
}

function destinationIn(request: Buffer): string {
  const isName = request[3] === 3;
  const [from, to] = isName ? [5, 5 + (request[4] ?? 0)] : [4, 8];
  const host = isName ? request.subarray(from, to).toString() : request.subarray(from, to).join('.');
  return `${host}:${request.readUInt16BE(to)}`;
}

function join(socket: net.Socket, port: number): void {
  const target = net.connect(port, '127.0.0.1');
  socket.pipe(target).pipe(socket);
  socket.on('error', () => target.destroy());
  target.on('error', () => socket.destroy());
}
