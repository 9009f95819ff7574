/** What a Kafka process makes of its mounts when it starts. It reads them once; what changes on disk later does not reach it. */
import { CERTIFICATE_DIR, CONFIG_DIR, CONFIG_KEYS } from '../../../../constructs/model/kubedb';
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
  const speaksTls = (properties['listener.security.protocol.map'] ?? '').split(',').some((listener) => listener.endsWith('SSL'));
  if (!speaksTls) return { voters };
  const keystore = properties['ssl.keystore.location'];
  if (keystore === undefined || !mounts.has(keystore))
    return { failure: `a listener speaks TLS, and the key store ${keystore ?? '(none configured)'} is missing` };
  const file = (name: string) => mounts.get(`${CERTIFICATE_DIR}/${name}`) ?? '';
  return { voters, tls: { chain: splitPem(file('tls.crt')), key: file('tls.key'), trust: splitPem(file('ca.crt')) } };
}

function readProperties(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => line.includes('=') && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')).trim(), line.slice(line.indexOf('=') + 1).trim()]));
}
