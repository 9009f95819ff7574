/**
 * The settings of a broker's configuration files that TLS determines: whether each listener is encrypted, and its key stores.
 *
 * KubeDB writes these files, and users add listeners, cipher suites and client authentication. All other settings are kept, and a file that
 * already has the desired effect is not changed.
 */
import { readProperties, withProperties } from './properties';

const PROTOCOL_MAP = 'listener.security.protocol.map';
/** Settings that name listeners. A broker does not start when one of them has no protocol. */
const LISTENER_LISTS = ['listeners', 'advertised.listeners', 'controller.listener.names', 'inter.broker.listener.name'];

export type SecurityProtocol = 'SSL' | 'SASL_SSL' | 'PLAINTEXT' | 'SASL_PLAINTEXT';

/** The listeners of KubeDB, whose encryption follows the Kafka. */
export interface ListenerRules {
  readonly own: readonly string[];
  /** Protocol of a listener that has none yet. */
  readonly protocol: SecurityProtocol;
}

interface MapEntry {
  readonly listener: string;
  readonly protocol: string;
}

/**
 * Returns a broker's properties with the desired encryption of KubeDB's listeners. If their encryption changes, other listeners change with
 * them, except listeners with separate key stores. Logins (SASL) never change.
 */
export function withListenerProtocols(properties: string, { own, protocol }: ListenerRules): string {
  const settings = readProperties(properties);
  const entries = mapEntries(settings.get(PROTOCOL_MAP) ?? '');
  const isOwn = ({ listener }: MapEntry) => own.includes(listener.toUpperCase());
  const changes = entries.some((e) => isOwn(e) && isEncrypted(e.protocol) !== isEncrypted(protocol));
  const follows = (e: MapEntry) => isOwn(e) || (changes && !hasOwnStores(e.listener, settings));
  const kept = entries.map((e) => (follows(e) ? { ...e, protocol: encryptedLike(e.protocol, protocol) } : e));
  const missing = listenersIn(settings).filter((name) => !entries.some((e) => e.listener.toUpperCase() === name.toUpperCase()));
  const wanted = [...kept, ...missing.map((listener) => ({ listener, protocol }))];
  if (missing.length === 0 && wanted.every((e, i) => e.protocol === entries[i]?.protocol)) return properties;
  return withProperties(properties, { [PROTOCOL_MAP]: wanted.map((e) => `${e.listener}:${e.protocol}`).join(',') });
}

/** Returns a security protocol with the login of the first one and the encryption of the second one. */
export function encryptedLike(protocol: string, other: SecurityProtocol): string {
  if (isEncrypted(protocol) === isEncrypted(other)) return protocol;
  return `${/^SASL_/i.test(protocol) ? 'SASL_' : ''}${isEncrypted(other) ? 'SSL' : 'PLAINTEXT'}`;
}

function isEncrypted(protocol: string): boolean {
  return protocol.toUpperCase().endsWith('SSL');
}

function mapEntries(map: string): readonly MapEntry[] {
  return itemsOf(map).map((item) => {
    const colon = item.lastIndexOf(':');
    return { listener: item.slice(0, colon).trim(), protocol: item.slice(colon + 1).trim() };
  });
}

/** Source: Kafka takes `listener.name.<listener>.ssl.*` before `ssl.*`. */
function hasOwnStores(listener: string, settings: ReadonlyMap<string, string>): boolean {
  return settings.has(`listener.name.${listener.toLowerCase()}.ssl.keystore.location`);
}

function listenersIn(settings: ReadonlyMap<string, string>): readonly string[] {
  const named = LISTENER_LISTS.flatMap((list) => itemsOf(settings.get(list) ?? '')).map((item) => item.split('://')[0] ?? item);
  return named.filter((name, i) => named.findIndex((other) => other.toUpperCase() === name.toUpperCase()) === i);
}

function itemsOf(list: string): readonly string[] {
  return list
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** Key stores of a broker. */
export interface KeyStores {
  readonly keystore: string;
  readonly truststore: string;
  /** Undefined: passwords are not changed. */
  readonly password: string | undefined;
}

/** Settings that decide which stores are used. */
function storeSettings({ keystore, truststore, password }: KeyStores): Readonly<Record<string, string | undefined>> {
  return {
    'ssl.keystore.location': keystore,
    'ssl.keystore.type': 'JKS',
    'ssl.keystore.password': password,
    'ssl.key.password': password,
    'ssl.truststore.location': truststore,
    'ssl.truststore.type': 'JKS',
    'ssl.truststore.password': password,
  };
}

/** Settings of a new file. In an existing file they belong to the user or to KubeDB. */
const STORE_POLICY = { 'ssl.client.auth': 'required', 'ssl.endpoint.identification.algorithm': '' };

/** Files with the settings of a broker. Settings in `ssl` override those in `main`. */
export interface BrokerFiles {
  readonly main: string;
  readonly ssl: string | undefined;
}

/** Returns the files of a broker that uses these key stores. */
export function withKeyStores({ main, ssl }: BrokerFiles, stores: KeyStores): BrokerFiles {
  const settings = new Map([...readProperties(main), ...readProperties(ssl ?? '')]);
  const isNew = !settings.has('ssl.keystore.location');
  if (isNew) {
    const all = { ...storeSettings({ ...stores, password: stores.password ?? '' }), ...STORE_POLICY };
    return { main, ssl: withProperties(ssl ?? '', all) };
  }
  const changes = Object.fromEntries(
    Object.entries(storeSettings(stores)).filter(([key, value]) => value !== undefined && !isSetTo(settings.get(key), key, value)),
  );
  // Settings are changed in the file that has them.
  return ssl === undefined ? { main: withProperties(main, changes), ssl } : { main, ssl: withProperties(ssl, changes) };
}

/** JKS is Kafka's default type. */
function isSetTo(has: string | undefined, key: string, wanted: string): boolean {
  return key.endsWith('.type') ? (has ?? 'JKS').toUpperCase() === wanted : has === wanted;
}

/** Returns the files of a broker without key stores. The file that only configures them is removed. */
export function withoutKeyStores({ main, ssl }: BrokerFiles, stores: KeyStores): BrokerFiles {
  const hasStores = (text: string | undefined) =>
    text !== undefined && readProperties(text).get('ssl.keystore.location') === stores.keystore;
  const removed = Object.fromEntries(Object.keys(storeSettings(stores)).map((key) => [key, undefined]));
  return { main: hasStores(main) ? withProperties(main, removed) : main, ssl: hasStores(ssl) ? undefined : ssl };
}

/** Returns the file of KubeDB's own clients, which trust the brokers' trust store when listeners are encrypted. */
export function withClientProtocol(client: string, protocol: SecurityProtocol, stores: KeyStores): string {
  const settings = readProperties(client);
  const has = settings.get('security.protocol');
  const changed = withProperties(client, { 'security.protocol': has === undefined ? protocol : encryptedLike(has, protocol) });
  const location = 'ssl.truststore.location';
  const password = 'ssl.truststore.password';
  if (isEncrypted(protocol)) {
    const isKept = stores.password === undefined && settings.get(location) === stores.truststore;
    return withProperties(changed, { [location]: stores.truststore, ...(isKept ? {} : { [password]: stores.password ?? '' }) });
  }
  if (settings.get(location) !== stores.truststore) return changed;
  return withProperties(changed, { [location]: undefined, [password]: undefined });
}
