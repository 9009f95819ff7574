/**
 * The fields of a kubeconfig that kubectl honours, their types, and what kubectl refuses although every type is right.
 *
 * Nothing that decides which identity is shown may be ignored in silence: the rights of a run would differ from those that the
 * kubeconfig gives. Values of a user are never repeated in a message.
 */
import { isMap } from '#model/kube-object';
import { ANY_TEXT, everyOf, listOf, mapOf, NAME, nullable, type Rule, TEXT, TEXTS, TRUTH, unseen } from '#reconciler/input/schema';

export interface ClusterEntry {
  readonly server?: string;
  readonly 'tls-server-name'?: string;
  readonly 'insecure-skip-tls-verify'?: boolean;
  readonly 'certificate-authority'?: string;
  readonly 'certificate-authority-data'?: string;
  readonly 'proxy-url'?: string;
  /** Answers are never asked for in compressed form. */
  readonly 'disable-compression'?: boolean;
  readonly extensions?: readonly { readonly name?: string; readonly extension?: unknown }[];
}

export interface ExecEntry {
  readonly apiVersion?: string;
  readonly command: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly interactiveMode?: string;
  readonly installHint?: string;
  readonly provideClusterInfo?: boolean;
}

export interface AuthProviderEntry {
  readonly name: string;
  readonly config?: Readonly<Record<string, string>>;
}

export interface UserEntry {
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly 'client-certificate'?: string;
  readonly 'client-certificate-data'?: string;
  readonly 'client-key'?: string;
  readonly 'client-key-data'?: string;
  readonly as?: string;
  readonly 'as-uid'?: string;
  readonly 'as-groups'?: readonly string[];
  readonly 'as-user-extra'?: Readonly<Record<string, readonly string[]>>;
  readonly exec?: ExecEntry;
  readonly 'auth-provider'?: AuthProviderEntry;
}

export interface ContextEntry {
  readonly cluster?: string;
  readonly user?: string;
  readonly namespace?: string;
}

const TEXTUAL = nullable(ANY_TEXT);
const FLAG = nullable(TRUTH);

const CLUSTER: Rule = mapOf({
  server: TEXTUAL,
  'tls-server-name': TEXTUAL,
  'insecure-skip-tls-verify': FLAG,
  'certificate-authority': TEXTUAL,
  'certificate-authority-data': TEXTUAL,
  'proxy-url': TEXTUAL,
  'disable-compression': FLAG,
  extensions: nullable(listOf(mapOf({ name: TEXTUAL }))),
} satisfies Record<keyof ClusterEntry, Rule>);

const EXEC: Rule = mapOf({
  apiVersion: TEXTUAL,
  command: TEXT,
  args: nullable(TEXTS),
  env: nullable(listOf(mapOf({ name: TEXT, value: ANY_TEXT }))),
  interactiveMode: TEXTUAL,
  installHint: TEXTUAL,
  provideClusterInfo: FLAG,
} satisfies Record<keyof ExecEntry, Rule>);

const USER_FIELDS = {
  token: TEXTUAL,
  tokenFile: TEXTUAL,
  username: TEXTUAL,
  password: TEXTUAL,
  'client-certificate': TEXTUAL,
  'client-certificate-data': TEXTUAL,
  'client-key': TEXTUAL,
  'client-key-data': TEXTUAL,
  as: TEXTUAL,
  'as-uid': TEXTUAL,
  'as-groups': nullable(TEXTS),
  'as-user-extra': nullable(everyOf(nullable(TEXTS))),
  exec: nullable(EXEC),
  'auth-provider': nullable(mapOf({ name: TEXT, config: nullable(everyOf(TEXTUAL)) })),
} satisfies Record<keyof UserEntry, Rule>;

/** It becomes part of a path. An empty one is the default. */
const NAMESPACE: Rule = (value) => (value === '' ? [] : nullable(NAME)(value));

const CONTEXT: Rule = mapOf({ cluster: TEXTUAL, user: TEXTUAL, namespace: NAMESPACE } satisfies Record<keyof ContextEntry, Rule>);

const named = (key: string, entry: Rule) => nullable(listOf(mapOf({ name: TEXT, [key]: nullable(entry) })));

/** A whole file. */
export const KUBECONFIG: Rule = mapOf({
  clusters: named('cluster', CLUSTER),
  users: named('user', unseen(mapOf(USER_FIELDS))),
  contexts: named('context', CONTEXT),
  'current-context': TEXTUAL,
});

export const EXEC_API_VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'] as const;
const INTERACTIVE_MODES = ['Never', 'IfAvailable', 'Always'];
/** Auth-providers that kubectl had until 1.25, and what took their place. */
const REMOVED_PROVIDERS: Readonly<Record<string, string>> = {
  gcp: '; use exec with gke-gcloud-auth-plugin, which "gcloud container clusters get-credentials" writes',
  azure: '; use exec with kubelogin, which "kubelogin convert-kubeconfig" writes',
};

/** Returns why kubectl would not use this cluster. */
export function clusterViolations(cluster: ClusterEntry): readonly string[] {
  const hasAuthority = has(cluster, 'certificate-authority', 'certificate-authority-data');
  return violated([
    [!has(cluster, 'server'), 'server is missing'],
    both(cluster, 'certificate-authority', 'certificate-authority-data'),
    [
      hasAuthority && cluster['insecure-skip-tls-verify'] === true,
      'insecure-skip-tls-verify cannot be combined with a certificate authority',
    ],
  ]);
}

/** Returns why kubectl would not use this user; `isTls` is false for a server that takes no credentials. */
export function userViolations(user: UserEntry, isTls: boolean): readonly string[] {
  const { exec, 'auth-provider': provider } = user;
  const hasCertificate = has(user, 'client-certificate', 'client-certificate-data');
  const hasCredentials = hasCertificate || has(user, 'token', 'tokenFile', 'username', 'exec', 'auth-provider');
  const isVersion = EXEC_API_VERSIONS.some((version) => version === exec?.apiVersion);
  const isRemoved = provider !== undefined && provider.name !== 'oidc';
  return violated([
    [!hasCredentials && isTls, noCredentials(user)],
    [has(user, 'token', 'tokenFile') && has(user, 'username', 'password'), 'a token cannot be combined with username and password'],
    both(user, 'client-certificate', 'client-certificate-data'),
    both(user, 'client-key', 'client-key-data'),
    [hasCertificate && !has(user, 'client-key', 'client-key-data'), 'client-certificate has no client-key'],
    [exec !== undefined && provider !== undefined, 'exec cannot be combined with auth-provider'],
    [
      exec !== undefined && !isVersion,
      `exec.apiVersion is ${exec?.apiVersion === undefined ? 'missing' : 'not supported'}; it must be ${EXEC_API_VERSIONS.join(' or ')}`,
    ],
    [
      exec?.interactiveMode !== undefined && !INTERACTIVE_MODES.includes(exec.interactiveMode),
      `exec.interactiveMode is not one of ${INTERACTIVE_MODES.join(', ')}`,
    ],
    [isRemoved, `auth-provider ${provider?.name} is not supported, as in kubectl${REMOVED_PROVIDERS[provider?.name ?? ''] ?? ''}`],
    [
      !has(user, 'as') && has(user, 'as-uid', 'as-groups', 'as-user-extra'),
      'as-uid, as-groups and as-user-extra need the user name in "as"',
    ],
  ]);
}

/** kubectl asks for a user name here. An unknown field is the likely reason. */
function noCredentials(user: UserEntry): string {
  const unknown = Object.keys(user).filter((field) => !Object.hasOwn(USER_FIELDS, field));
  const fields =
    unknown.length === 0 ? '' : `; kubectl does not know the ${unknown.length === 1 ? 'field' : 'fields'} ${unknown.join(', ')}`;
  return `has no token, tokenFile, client-certificate, username, exec or auth-provider${fields}`;
}

/** What kubectl requires. */
type Requirement = readonly [isViolated: boolean, message: string];

function violated(rules: readonly Requirement[]): readonly string[] {
  return rules.flatMap(([isViolated, message]) => (isViolated ? [message] : []));
}

function both<T extends object>(entry: T, a: keyof T & string, b: keyof T & string): Requirement {
  return [has(entry, a) && has(entry, b), `has both ${a} and ${b}; kubectl allows one of them`];
}

function has<T extends object>(entry: T, ...fields: readonly (keyof T)[]): boolean {
  return fields.some((field) => entry[field] !== undefined);
}

/** Returns a value without what Go takes for absent: null, empty texts, lists and maps. */
export function withoutEmpty(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const members = Object.entries(value).map(([key, member]) => [key, isMap(member) ? withoutEmpty(member) : member] as const);
  return Object.fromEntries(members.filter(([, member]) => !isEmpty(member)));
}

function isEmpty(value: unknown): boolean {
  if (isMap(value)) return Object.keys(value).length === 0;
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}
