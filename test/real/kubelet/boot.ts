/**
 * What KubeDB's public boot scripts (kubedb/kafka-init-docker) do between the mounted files and the start of Kafka:
 *
 *   1. the operator's `config.properties`, with `ssl.properties` before it
 *   2. the user's file of the role, then `KAFKA_*` of the environment over it; four settings and KubeDB's own listeners cannot be changed
 *   3. the user and password of the environment in the places of KAFKA_USER and KAFKA_PASSWORD
 *   4. `<hostname>.` before the host of the advertised listeners BROKER and CONTROLLER
 *   5. `node.id` from the ordinal, a folder below `log.dirs` for the node
 *   6. of a setting that is there twice, the first one counts
 *
 * A process here shares the file system and the network of this machine. So paths below a mount are replaced by the folder of the mount,
 * and listeners are bound to the pod's address, LOCAL included. The defaults of the image's files are left out: those of Kafka itself hold.
 * Storage is formatted in `storage.ts`.
 */

/** Files and settings of one container, as its boot script finds them. */
export interface BootInput {
  readonly hostname: string;
  readonly address: string;
  readonly env: ReadonlyMap<string, string>;
  /** Files by their path in the container; undefined: not there. */
  readonly read: (path: string) => string | undefined;
  /** The folder on this machine for every mount path. */
  readonly mounts: ReadonlyMap<string, string>;
}

type Settings = ReadonlyMap<string, string>;

const CONFIG_DIR = '/opt/kafka/config';
/** Dedicated controllers start at this id. */
const CONTROLLER_IDS = 1000;
const UNCHANGEABLE = ['process.roles', 'node.id', 'controller.quorum.voters', 'advertised.listeners'];
const OWN_LISTENERS = ['broker', 'controller', 'local'];
const NOT_SETTINGS = /^KAFKA_(CLUSTER_ID|USER|PASSWORD|SCRAM_(256|512)_(USERS|PASSWORDS)|JVM_PERFORMANCE_OPTS|JMX_OPTS)$/;
const CUSTOM_FILE: Readonly<Record<string, string>> = { controller: 'controller', broker: 'broker' };
/** The boot script's, if no variable names one. */
const CLUSTER_ID = '4L6g3nShT-eMCtK--X86sw';

export interface Boot {
  /** The settings that Kafka starts with. */
  readonly settings: Settings;
  readonly nodeId: number;
  readonly clusterId: string;
  /** Folders to format; the last one holds the metadata. */
  readonly logDirs: readonly string[];
}

/** Returns how a container starts Kafka, or why its boot script fails. */
export function boot(input: BootInput): Boot | { readonly failure: string } {
  const { env, read, hostname } = input;
  const main = read(`${CONFIG_DIR}/temp-config/config.properties`);
  if (main === undefined) return { failure: `${CONFIG_DIR}/temp-config/config.properties: no such file` };
  let operator = [...linesOf(read(`${CONFIG_DIR}/temp-config/ssl.properties`) ?? ''), ...linesOf(main)];
  const roles = operator.find(([key]) => key === 'process.roles')?.[1] ?? '';
  const custom = read(`${CONFIG_DIR}/custom-config/${CUSTOM_FILE[roles] ?? 'server'}.properties`);
  if (custom !== undefined) operator = merged(operator, linesOf(custom));
  const variables = settingsIn(env);
  if (variables.length > 0) operator = merged(operator, variables);
  const settings = new Map<string, string>();
  for (const [key, value] of operator) if (!settings.has(key)) settings.set(key, withLogin(value, env));

  const nodeId = Number(hostname.slice(hostname.lastIndexOf('-') + 1)) + (roles === 'controller' ? CONTROLLER_IDS : 0);
  const advertised = settings.get('advertised.listeners');
  if (advertised !== undefined)
    settings.set(
      'advertised.listeners',
      itemsOf(advertised)
        .map((l) => prefixed(l, hostname))
        .join(),
    );
  const dataDirs = itemsOf(settings.get('log.dirs') ?? '').map((dir) => `${dir}/${nodeId}`);
  settings.set('log.dirs', dataDirs.join());
  settings.set('node.id', String(nodeId));
  for (const [key, value] of settings) settings.set(key, onThisMachine(key, value, input));
  const logDirs = [...itemsOf(settings.get('log.dirs') ?? ''), settings.get('metadata.log.dir') ?? []].flat();
  return { settings, nodeId, clusterId: env.get('KAFKA_CLUSTER_ID') ?? settings.get('cluster.id') ?? CLUSTER_ID, logDirs };
}

type Line = readonly [key: string, value: string];

function linesOf(text: string): readonly Line[] {
  const lines = text.split('\n').filter((line) => line.includes('=') && !line.startsWith('#'));
  return lines.map((line) => [line.slice(0, line.indexOf('=')).trim(), line.slice(line.indexOf('=') + 1).trim()]);
}

/** Returns the operator's settings with those of a user. Further listeners are appended, KubeDB's own stay. */
function merged(operator: readonly Line[], user: readonly Line[]): Line[] {
  const all = new Map(operator);
  for (const [key, value] of user) {
    if (UNCHANGEABLE.includes(key)) continue;
    if (key === 'listeners' || key === 'listener.security.protocol.map') {
      const further = itemsOf(value).filter((item) => !OWN_LISTENERS.includes((item.split(':')[0] ?? '').toLowerCase()));
      all.set(key, [...itemsOf(all.get(key) ?? ''), ...further].join());
    } else all.set(key, value);
  }
  return [...all];
}

/** `KAFKA_LOG_RETENTION_HOURS` is `log.retention.hours`; two underscores are one, three are a dash. */
function settingsIn(env: ReadonlyMap<string, string>): readonly Line[] {
  const settings = [...env].filter(([name]) => name.startsWith('KAFKA_') && !NOT_SETTINGS.test(name));
  return settings.map(([name, value]) => {
    const key = name.slice('KAFKA_'.length).replaceAll(/_{1,3}/g, (dashes) => ['.', '_', '-'][dashes.length - 1] ?? '');
    return [key.toLowerCase(), value];
  });
}

function withLogin(value: string, env: ReadonlyMap<string, string>): string {
  const [user, password] = [env.get('KAFKA_USER'), env.get('KAFKA_PASSWORD')];
  if (user === undefined || password === undefined) return value;
  return value.replaceAll(/\bKAFKA_USER\b/g, () => user).replaceAll(/\bKAFKA_PASSWORD\b/g, () => password);
}

function prefixed(listener: string, hostname: string): string {
  return listener.replace(/^(BROKER|CONTROLLER):\/\//, `$1://${hostname}.`);
}

function onThisMachine(key: string, value: string, { address, mounts }: BootInput): string {
  if (key === 'listeners') return value.replaceAll('://:', `://${address}:`);
  if (key === 'advertised.listeners') return value.replaceAll('://localhost:', `://${address}:`);
  const deepestFirst = [...mounts].sort(([a], [b]) => b.length - a.length);
  const folderFor = (path: string) => {
    const [mount, folder] = deepestFirst.find(([at]) => path === at || path.startsWith(`${at}/`)) ?? ['', ''];
    return folder + path.slice(mount.length);
  };
  return value.split(',').map(folderFor).join();
}

function itemsOf(list: string): readonly string[] {
  return list.split(',').flatMap((item) => item.trim() || []);
}
