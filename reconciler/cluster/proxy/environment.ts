/**
 * The proxy for an address: the cluster's `proxy-url`, else HTTPS_PROXY and NO_PROXY, by the rules of Go's `httpproxy`, which kubectl and
 * helm follow. Each variable may be written in lower case; upper case wins. @kubernetes/client-node knows only `proxy-url`.
 */
import { BlockList, isIP } from 'node:net';

export interface ProxyServer {
  readonly url: URL;
  /** The field or variable with its address. */
  readonly from: string;
}

/** The address of a proxy cannot be used. */
export interface ProxyProblem {
  readonly problem: string;
}

type Env = Readonly<Record<string, string | undefined>>;

const SCHEMES = ['http:', 'https:', 'socks5:', 'socks5h:', 'socks:', 'socks4:', 'socks4a:'];

/** Returns the proxy for an address, or why its own address cannot be used. */
export function proxyFor(target: URL, proxyUrl: string | undefined, env: Env): ProxyServer | ProxyProblem | undefined {
  if (proxyUrl !== undefined) return proxyNamed(proxyUrl, 'proxy-url');
  const variable = target.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const [name, value] = fromEnvironment(env, variable);
  if (value === '' || isExempt(target, fromEnvironment(env, 'NO_PROXY')[1])) return undefined;
  // As in Go, a host without a scheme is an HTTP proxy.
  return proxyNamed(/^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`, name);
}

export function isProblem(proxy: ProxyServer | ProxyProblem | undefined): proxy is ProxyProblem {
  return proxy !== undefined && 'problem' in proxy;
}

/** Returns the address of a proxy without user and password. */
export function printedProxy({ url, from }: ProxyServer): string {
  return `proxy ${url.protocol}//${url.host} (${from})`;
}

function fromEnvironment(env: Env, name: string): readonly [name: string, value: string] {
  const lower = name.toLowerCase();
  return env[name] ? [name, env[name]] : [lower, env[lower] ?? ''];
}

/** The text is not repeated: it may hold a password. */
function proxyNamed(text: string, from: string): ProxyServer | ProxyProblem {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '') return { problem: `${from} is not an address such as http://proxy.example:3128` };
  if (!SCHEMES.includes(url.protocol))
    return { problem: `${from} has the scheme ${url.protocol.slice(0, -1)}; it must be http, https or socks5` };
  return { url, from };
}

/** Tells whether an address is reached without a proxy: NO_PROXY lists it, or it is on this machine. */
export function isExempt(target: URL, noProxy: string): boolean {
  if (isThisMachine(target)) return true;
  const host = hostOf(target);
  const port = target.port || (target.protocol === 'https:' ? '443' : '80');
  const entries = noProxy.split(',').map((entry) => entry.trim().toLowerCase());
  return entries.some((entry) => entry === '*' || (entry !== '' && matches(entry, host, port)));
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry.includes('/')) return isWithin(host, entry);
  const [name, onlyPort] = splitPort(entry);
  if (name === '' || (onlyPort !== undefined && onlyPort !== port)) return false;
  if (isIP(name) !== 0) return isWithin(host, `${name}/${isIP(name) === 4 ? 32 : 128}`);
  const suffix = name.replace(/^\*(?=\.)/, '');
  // `.example.com` matches only subdomains; `example.com` also matches itself.
  return suffix.startsWith('.') ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`);
}

function splitPort(entry: string): readonly [host: string, port: string | undefined] {
  if (isIP(entry) !== 0) return [entry, undefined];
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d*))?$/.exec(entry) ?? [];
  return [bracketed ?? plain ?? '', port || undefined];
}

/** Tells whether an address leads to this machine, whatever the network. */
export function isThisMachine(url: URL): boolean {
  const host = hostOf(url);
  return host === 'localhost' || isWithin(host, '127.0.0.0/8') || isWithin(host, '::1/128');
}

/** Returns the host of an address; that of IPv6 without brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

function isWithin(host: string, network: string): boolean {
  const [address = '', bits = ''] = network.split('/');
  const family = isIP(address);
  const isNetwork = family !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128);
  if (!isNetwork || isIP(host) !== family) return false;
  const name = family === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(address, Number(bits), name);
  return list.check(host, name);
}
