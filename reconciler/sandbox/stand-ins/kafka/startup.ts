/** How a Kafka process starts from its mounted files. It reads them once; later changes on disk reach it only on request (`administration.ts`). */
import { CERTIFICATE_DIR, CONFIG_DIR, TRUSTSTORE } from '../kubedb/layout';
import { trustedCertificates } from '../pki/jks';
import { splitPem } from '../pki/x509';
import type { TlsMaterial } from './model';

/** Files of a container, by absolute path. Those that are no text have one character a byte. */
export type Mounts = ReadonlyMap<string, string>;

export interface Startup {
  /** Node ids of all controllers, as configured. */
  readonly voters: readonly number[];
  /** Its configuration, without passwords and logins. */
  readonly settings: Readonly<Record<string, string>>;
  readonly tls?: (TlsMaterial & { readonly key: string }) | undefined;
}

/** Returns how the process runs, or why it ends at once. */
export function startup(mounts: Mounts): Startup | { readonly failure: string } {
  const main = mounts.get(`${CONFIG_DIR}/config.properties`);
  if (main === undefined) return { failure: `${CONFIG_DIR}/config.properties is missing` };
  const properties = { ...propertiesIn(main), ...propertiesIn(mounts.get(`${CONFIG_DIR}/ssl.properties`) ?? '') };
  const list = (key: string) => (properties[key] ?? '').split(',').flatMap((item) => item.trim() || []);
  const settings = Object.fromEntries(Object.entries(properties).filter(([key]) => !/password|jaas/.test(key)));
  const voters = list('controller.quorum.voters').map((voter) => Number(voter.split('@')[0]));
  const protocols = new Map(
    list('listener.security.protocol.map').map(
      (entry) =>
        entry
          .toUpperCase()
          .split(':')
          .map((part) => part.trim()) as [string, string],
    ),
  );
  const listeners = ['listeners', 'advertised.listeners', 'controller.listener.names'].flatMap(list);
  const names = listeners.map((listener) => listener.split('://')[0]?.toUpperCase() ?? '');
  const unmapped = names.find((name) => !protocols.has(name));
  if (unmapped !== undefined) return { failure: `requirement failed: No security protocol defined for listener ${unmapped}` };
  if (!names.some((name) => protocols.get(name)?.endsWith('SSL'))) return { voters, settings };
  const keystore = properties['ssl.keystore.location'];
  if (keystore === undefined || !mounts.has(keystore))
    return { failure: `a listener speaks TLS, and the key store ${keystore ?? '(none configured)'} is missing` };
  return { voters, settings, tls: storesIn(mounts) };
}

/**
 * Returns the content of the key store and the trust store. The files in PEM beside the key store hold the same; `ca.crt` can be ahead of the
 * trust store.
 */
export function storesIn(mounts: Mounts): NonNullable<Startup['tls']> {
  const file = (name: string) => mounts.get(`${CERTIFICATE_DIR}/${name}`) ?? '';
  return {
    chain: splitPem(file('tls.crt')),
    key: file('tls.key'),
    trust: trustedCertificates(Buffer.from(mounts.get(TRUSTSTORE) ?? '', 'latin1')),
  };
}

function propertiesIn(text: string): Readonly<Record<string, string>> {
  const lines = text.split('\n').filter((line) => line.includes('=') && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')).trim(), line.slice(line.indexOf('=') + 1).trim()]));
}
