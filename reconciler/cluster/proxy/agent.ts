/**
 * Connections through a proxy: first a tunnel by CONNECT or SOCKS, then TLS with the API server inside the tunnel. Sockets stay open
 * between requests. The server's certificate is checked against the host of the request, whether that is a name or an address.
 */
import http from 'node:http';
import https from 'node:https';
import { isIP, isIPv6, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { SocksClient } from 'socks';
import { PROXY_FAILED, TransportError } from '../http';
import { networkReason } from '../network-error';
import { hostOf, type ProxyServer, printedProxy } from './environment';

/** A proxy that does not answer is given up. */
const TUNNEL_TIMEOUT_MS = 30_000;

/** Which certificates an HTTPS proxy may show. */
export type ProxyTls = Pick<https.RequestOptions, 'ca' | 'rejectUnauthorized'>;

type Created = (error: Error | null, socket: Duplex) => void;
type Tunnels = (options: http.ClientRequestArgs) => Promise<Socket>;

/** Returns an agent whose connections lead through the proxy. */
export function proxyAgent(proxy: ProxyServer, isTls: boolean, proxyTls: ProxyTls): http.Agent {
  const open: Tunnels = ({ host, port }) =>
    openTunnel(proxy, { host: host ?? '', port: Number(port) }, proxyTls).catch((error: NodeJS.ErrnoException) => {
      // SocksClient keeps the code in the message only.
      const code = error.code ?? /\bE[A-Z]{5,}\b/.exec(error.message)?.[0] ?? '';
      const why = networkReason({ code, message: error.message });
      throw new TransportError(`${printedProxy(proxy)}: ${why}`, { code: PROXY_FAILED, wasSent: false, cause: error });
    });
  return isTls ? new TlsAgent(open) : new PlainAgent(open);
}

class PlainAgent extends http.Agent {
  constructor(private readonly open: Tunnels) {
    super({ keepAlive: true });
  }

  override createConnection(options: http.ClientRequestArgs, created: Created): undefined {
    this.open(options).then(
      (tunnel) => created(null, tunnel),
      (error) => created(error, undefined as never),
    );
  }
}

class TlsAgent extends https.Agent {
  constructor(private readonly open: Tunnels) {
    super({ keepAlive: true });
  }

  override createConnection(options: https.RequestOptions, created: Created): undefined {
    this.open(options).then(
      (socket) => created(null, super.createConnection({ ...options, socket } as https.RequestOptions) as Duplex),
      (error) => created(error, undefined as never),
    );
  }
}

interface Target {
  readonly host: string;
  readonly port: number;
}

function openTunnel(proxy: ProxyServer, target: Target, proxyTls: ProxyTls): Promise<Socket> {
  return proxy.url.protocol.startsWith('socks') ? socksTunnel(proxy.url, target) : connectTunnel(proxy.url, target, proxyTls);
}

/** The proxy looks up the name, as it does for kubectl. */
async function socksTunnel(url: URL, destination: Target): Promise<Socket> {
  const [userId, password] = userInfo(url);
  const { socket } = await SocksClient.createConnection({
    proxy: {
      host: hostOf(url),
      port: Number(url.port) || 1080,
      type: url.protocol.startsWith('socks4') ? 4 : 5,
      ...(userId === '' ? {} : { userId, password }),
    },
    command: 'connect',
    destination,
    timeout: TUNNEL_TIMEOUT_MS,
  });
  return socket;
}

function connectTunnel(url: URL, { host, port }: Target, proxyTls: ProxyTls): Promise<Socket> {
  const isTls = url.protocol === 'https:';
  const target = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  const [user, password] = userInfo(url);
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  return new Promise((resolve, reject) => {
    const request = (isTls ? https : http).request({
      ...proxyTls,
      host: hostOf(url),
      // Node would take it from the header, which names the target.
      servername: isIP(hostOf(url)) === 0 ? hostOf(url) : '',
      port: url.port || (isTls ? 443 : 80),
      method: 'CONNECT',
      path: target,
      headers: { host: target, ...(user === '' ? {} : { 'proxy-authorization': authorization }) },
      agent: false,
      timeout: TUNNEL_TIMEOUT_MS,
    });
    request.on('connect', ({ statusCode, statusMessage }, socket: Socket, head) => {
      socket.setTimeout(0);
      if (head.length > 0) socket.unshift(head);
      if (statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(new Error(`CONNECT ${target} was refused: ${statusCode} ${statusMessage}`));
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${TUNNEL_TIMEOUT_MS / 1000} s`)));
    request.on('error', reject);
    request.end();
  });
}

function userInfo({ username, password }: URL): readonly [user: string, password: string] {
  return [decodeURIComponent(username), decodeURIComponent(password)];
}
