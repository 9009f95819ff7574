/** What a Kafka process makes of its mounts when it starts. It reads them once; what changes on disk later does not reach it. */
import { CERTIFICATE_DIR, CONFIG_DIR, CONFIG_KEYS } from '#model/kubedb';
import { splitPem } from '../pki/x509';
import type { TlsMaterial } from './model';

/** Files of a container, by absolute path. */
export type Mounts = ReadonlyMap<string, string>;

export interface Startup {
  /** Node ids of all controllers, as configured. */
  readonly voters: readonly number[];
  readonly tls?: (TlsMaterial & { readonly key: string }) | undefined;
}

/** Returns how the process runs, or why it ends at once. */
export function startup(mounts: Mounts): Startup | { readonly failure: string } {
  const main = mounts.get(`${CONFIG_DIR}/${CONFIG_KEYS.main}`);
  if (main === undefined) return { failure: `${CONFIG_DIR}/${CONFIG_KEYS.main} is missing` };
  const properties = { ...readProperties(main), ...readProperties(mounts.get(`${CONFIG_DIR}/${CONFIG_KEYS.ssl}`) ?? '') };
  const voters = (properties['controller.quorum.voters'] ?? '')
    .split(',')
    .filter(Boolean)
    .map((voter) => Number(voter.split('@')[0]));
  const protocols = protocolsOf(properties['listener.security.protocol.map'] ?? '');
  const unmapped = listenersOf(properties).find((listener) => protocols[listener] === undefined);
  if (unmapped !== undefined) return { failure: `requirement failed: No security protocol defined for listener ${unmapped}` };
  if (!listenersOf(properties).some((listener) => protocols[listener]?.endsWith('SSL'))) return { voters };
  const keystore = properties['ssl.keystore.location'];
  if (keystore === undefined || !mounts.has(keystore))
    return { failure: `a listener speaks TLS, and the key store ${keystore ?? '(none configured)'} is missing` };
  const file = (name: string) => mounts.get(`${CERTIFICATE_DIR}/${name}`) ?? '';
  return { voters, tls: { chain: splitPem(file('tls.crt')), key: file('tls.key'), trust: splitPem(file('ca.crt')) } };
}

function protocolsOf(map: string): Readonly<Record<string, string>> {
  const entries = map.split(',').map((entry) => entry.split(':').map((part) => part.trim().toUpperCase()));
  return Object.fromEntries(entries.map(([listener = '', protocol = '']) => [listener, protocol]));
}

function listenersOf(properties: Readonly<Record<string, string>>): readonly string[] {
  const lists = [properties.listeners ?? '', properties['advertised.listeners'] ?? '', properties['controller.listener.names'] ?? ''];
  const listeners = lists.flatMap((list) => list.split(',')).map((listener) => listener.split('://')[0]?.trim().toUpperCase() ?? '');
  return listeners.filter((listener) => listener !== '');
}

function readProperties(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => line.includes('=') && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')).trim(), line.slice(line.indexOf('=') + 1).trim()]));
}
