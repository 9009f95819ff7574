/**
 * Connections through a proxy: a tunnel by CONNECT or SOCKS, then TLS with the API server inside the tunnel. Sockets stay open between
 * requests. The server's certificate must be valid for the host of the request, whether that is a name or an address.
 *
 * Why not hpagent, which @kubernetes/client-node uses: it fails for IPv6 addresses, warns of a TLS server name that is an address, and does
 * not tell why the proxy refused. Node's own `proxyEnv` verifies an HTTPS proxy without the authority of the kubeconfig.
 */
import http from 'node:http';
import https from 'node:https';
import { isIP, isIPv6, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { SocksClient } from 'socks';
import { PROXY_FAILED, TransportError } from '../http';
import { networkReason } from '../network-error';
import { hostOf, type ProxyServer, printedProxy } from './environment';

/** After this long without an answer a proxy counts as unavailable. */
const TUNNEL_TIMEOUT_MS = 30_000;

/** The trusted certificates of an HTTPS proxy. */
export type ProxyTls = Pick<https.RequestOptions, 'ca' | 'rejectUnauthorized'>;

type Created = (error: Error | null, socket: Duplex) => void;

interface Target {
  readonly host: string;
  readonly port: number;
}

/** Returns an agent whose connections lead through the proxy. */
export function proxyAgent(proxy: ProxyServer, isTls: boolean, proxyTls: ProxyTls): http.Agent {
  const agent = new (isTls ? https : http).Agent({ keepAlive: true });
  const connect = agent.createConnection.bind(agent);
  // Node's types do not know that the socket may come later, through the callback.
  agent.createConnection = ((options: https.RequestOptions, created: Created) => {
    const fail = (error: unknown) => created(error as Error, undefined as never);
    openTunnel(proxy, { host: options.host ?? '', port: Number(options.port) }, proxyTls).then((socket) => {
      try {
        created(null, isTls ? (connect({ ...options, socket } as https.RequestOptions) as Duplex) : socket);
      } catch (error) {
        fail(error);
      }
    }, fail);
  }) as unknown as typeof agent.createConnection;
  return agent;
}

async function openTunnel(proxy: ProxyServer, target: Target, proxyTls: ProxyTls): Promise<Socket> {
  try {
    return await (proxy.url.protocol.startsWith('socks') ? socksTunnel(proxy.url, target) : connectTunnel(proxy.url, target, proxyTls));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    // SocksClient keeps the code in the message only.
    const why = networkReason({ code: code ?? /\bE[A-Z]{5,}\b/.exec(message)?.[0] ?? '', message });
    throw new TransportError(`${printedProxy(proxy)}: ${why}`, { code: PROXY_FAILED, wasSent: false, cause });
  }
}

/** The proxy looks up the name of the target, as it does for kubectl. */
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
      // By default Node takes it from the Host header, which names the target.
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
