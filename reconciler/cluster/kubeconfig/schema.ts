/**
 * The fields of a kubeconfig that kubectl honours, their types, and what kubectl refuses although every type is right.
 *
 * A field that decides which user is authenticated must never be ignored silently: the run would have other rights than the kubeconfig
 * gives. No message repeats a value of a user.
 */
import { isMap } from '#model/plain-data';
import {
  ANY,
  BOOLEAN,
  formatIssues,
  formatPath,
  type Infer,
  issuesOf,
  isValid,
  list,
  map,
  NAME,
  NON_EMPTY,
  optional,
  optionals,
  record,
  type Schema,
  STRING,
  STRING_MAP,
  STRINGS,
} from '#model/schema';

const CLUSTER = map(
  optionals({
    server: STRING,
    'tls-server-name': STRING,
    'insecure-skip-tls-verify': BOOLEAN,
    'certificate-authority': STRING,
    'certificate-authority-data': STRING,
    'proxy-url': STRING,
    /** Answers are never requested in compressed form. */
    'disable-compression': BOOLEAN,
    extensions: list(map(optionals({ name: STRING, extension: ANY }))),
  }),
);
export type ClusterEntry = Infer<typeof CLUSTER>;

const EXEC = map({
  command: NON_EMPTY,
  ...optionals({
    apiVersion: STRING,
    args: STRINGS,
    env: list(map({ name: NON_EMPTY, value: STRING })),
    interactiveMode: STRING,
    installHint: STRING,
    provideClusterInfo: BOOLEAN,
  }),
});
export type ExecEntry = Infer<typeof EXEC>;

const USER = map(
  optionals({
    token: STRING,
    tokenFile: STRING,
    username: STRING,
    password: STRING,
    'client-certificate': STRING,
    'client-certificate-data': STRING,
    'client-key': STRING,
    'client-key-data': STRING,
    as: STRING,
    'as-uid': STRING,
    'as-groups': STRINGS,
    'as-user-extra': record(STRINGS),
    exec: EXEC,
    'auth-provider': map({ name: NON_EMPTY, config: optional(STRING_MAP) }),
  }),
);
export type UserEntry = Infer<typeof USER>;

const CONTEXT = map(optionals({ cluster: STRING, user: STRING, namespace: NAME }));

const named = <K extends string, T>(key: K, entry: Schema<T>) => {
  const member = { [key]: optional(entry) } as Record<K, ReturnType<typeof optional<T>>>;
  return optional(list(map({ name: NON_EMPTY, ...member })));
};
const KUBECONFIG = map({
  clusters: named('cluster', CLUSTER),
  users: named('user', USER),
  contexts: named('context', CONTEXT),
  'current-context': optional(STRING),
});
export type KubeConfigFile = Infer<typeof KUBECONFIG>;

/** Returns the content of a kubeconfig, or everything that is wrong with it. */
export function parseKubeConfig(documents: readonly unknown[]): KubeConfigFile | { readonly violations: readonly string[] } {
  if (documents.length > 1) return { violations: [`holds ${documents.length} documents instead of one`] };
  // KUBECONFIG may name files that are still empty.
  const file = withoutEmptyEntries(documents[0] ?? {});
  if (isValid(KUBECONFIG, file)) {
    const violations = duplicatesIn(file);
    return violations.length > 0 ? { violations } : file;
  }
  const texts = formatIssues(KUBECONFIG, file);
  const violations = issuesOf(KUBECONFIG, file).map(({ keys, expected }, i) =>
    keys[0] === 'users' ? `${formatPath(keys)}: is something else; ${expected} is expected` : (texts[i] ?? ''),
  );
  return { violations };
}

function duplicatesIn(file: KubeConfigFile): readonly string[] {
  return (['clusters', 'users', 'contexts'] as const).flatMap((list) => {
    const names = (file[list] ?? []).map((e) => e.name);
    const duplicates = new Set(names.filter((name, i) => names.indexOf(name) !== i));
    return [...duplicates].map((name) => `${list}: has several entries named ${name}`);
  });
}

function withoutEmptyEntries(file: unknown): unknown {
  if (!isMap(file)) return file;
  const members = Object.entries(withoutEmpty(file)).map(([key, member]) => {
    return [key, Array.isArray(member) ? member.map((item) => (isMap(item) ? withoutEmpty(item) : item)) : member] as const;
  });
  return Object.fromEntries(members);
}

/** Returns a map without the values that Go treats as absent: null, empty strings, lists and maps. */
function withoutEmpty(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const members = Object.entries(value).map(([key, member]) => [key, isMap(member) ? withoutEmpty(member) : member] as const);
  return Object.fromEntries(members.filter(([, member]) => !isEmpty(member)));
}

function isEmpty(value: unknown): boolean {
  if (isMap(value)) return Object.keys(value).length === 0;
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}

const EXEC_API_VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];
const INTERACTIVE_MODES = ['Never', 'IfAvailable', 'Always'];
/** Auth-providers that kubectl had until 1.25, and what replaced them. */
const REMOVED_PROVIDERS: Readonly<Record<string, string>> = {
  gcp: '; use exec with gke-gcloud-auth-plugin, which "gcloud container clusters get-credentials" writes',
  azure: '; use exec with kubelogin, which "kubelogin convert-kubeconfig" writes',
};

/** Returns why kubectl would not use this cluster. */
export function clusterViolations(cluster: ClusterEntry): readonly string[] {
  const isUnchecked = cluster['insecure-skip-tls-verify'] === true;
  return violated([
    [!has(cluster, 'server'), 'server is missing'],
    both(cluster, 'certificate-authority', 'certificate-authority-data'),
    [
      isUnchecked && has(cluster, 'certificate-authority', 'certificate-authority-data'),
      'insecure-skip-tls-verify cannot be combined with a certificate authority',
    ],
  ]);
}

/** Returns why kubectl would not use this user; `isTls` is false for a server that takes no credentials. */
export function userViolations(user: UserEntry, isTls: boolean): readonly string[] {
  const { exec, 'auth-provider': provider } = user;
  const { apiVersion, interactiveMode = 'Never' } = exec ?? {};
  const hasCertificate = has(user, 'client-certificate', 'client-certificate-data');
  const hasCredentials = hasCertificate || has(user, 'token', 'tokenFile', 'username', 'exec', 'auth-provider');
  return violated([
    [!hasCredentials && isTls, noCredentials(user)],
    [has(user, 'token', 'tokenFile') && has(user, 'username', 'password'), 'a token cannot be combined with username and password'],
    both(user, 'client-certificate', 'client-certificate-data'),
    both(user, 'client-key', 'client-key-data'),
    [hasCertificate && !has(user, 'client-key', 'client-key-data'), 'client-certificate has no client-key'],
    [exec !== undefined && provider !== undefined, 'exec cannot be combined with auth-provider'],
    [
      exec !== undefined && !EXEC_API_VERSIONS.includes(apiVersion ?? ''),
      `exec.apiVersion is ${apiVersion === undefined ? 'missing' : 'not supported'}; it must be ${EXEC_API_VERSIONS.join(' or ')}`,
    ],
    [!INTERACTIVE_MODES.includes(interactiveMode), `exec.interactiveMode is not one of ${INTERACTIVE_MODES.join(', ')}`],
    [
      provider !== undefined && provider.name !== 'oidc',
      `auth-provider ${provider?.name} is not supported, as in kubectl${REMOVED_PROVIDERS[provider?.name ?? ''] ?? ''}`,
    ],
    [
      !has(user, 'as') && has(user, 'as-uid', 'as-groups', 'as-user-extra'),
      'as-uid, as-groups and as-user-extra need the user name in "as"',
    ],
  ]);
}

/** kubectl asks for a user name here. An unknown field is the likely reason. */
function noCredentials(user: UserEntry): string {
  const unknown = Object.keys(user).filter((field) => !Object.hasOwn(USER.entries, field));
  const fields =
    unknown.length === 0 ? '' : `; kubectl does not know the ${unknown.length === 1 ? 'field' : 'fields'} ${unknown.join(', ')}`;
  return `has no token, tokenFile, client-certificate, username, exec or auth-provider${fields}`;
}

type Rule = readonly [isViolated: boolean, message: string];

function violated(rules: readonly Rule[]): readonly string[] {
  return rules.flatMap(([isViolated, message]) => (isViolated ? [message] : []));
}

function both<T extends object>(entry: T, a: keyof T & string, b: keyof T & string): Rule {
  return [has(entry, a) && has(entry, b), `has both ${a} and ${b}; kubectl allows one of them`];
}

function has<T extends object>(entry: T, ...fields: readonly (keyof T)[]): boolean {
  return fields.some((field) => entry[field] !== undefined);
}
