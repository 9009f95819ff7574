/**
 * Credential plugins (`exec` of a kubeconfig): a program prints an ExecCredential, as in client-go.
 *
 * 1. What the plugin writes to standard error reaches the user while it runs: people are told there how to log in.
 * 2. The plugin is started once, however many requests wait for it, and again when the credential has expired or was refused with 401.
 * 3. Its standard output holds secrets and is never repeated. Its standard error is quoted in full when it fails.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { isatty } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';
import { ANY_TEXT, fits, INSTANT, mapOf, nullable } from '#reconciler/input/schema';
import { parseYaml } from '#reconciler/input/yaml';
import type { Clock } from '#reconciler/ports';
import type { ExecEntry } from '../kubeconfig/schema';
import { type CredentialSource, credentialError, type Issued, renewable } from './source';

export interface ExecPluginContext {
  readonly userName: string;
  /** The cluster as plugins know it, for those that ask with `provideClusterInfo`. */
  readonly cluster: () => object;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly stderr: (text: string) => void;
  /** Each of them ends a plugin that runs when it aborts. */
  readonly ends: readonly AbortSignal[];
}

/** Returns the source of the credentials that a plugin prints. */
export function execPlugin(exec: ExecEntry, context: ExecPluginContext): CredentialSource {
  return renewable(context.clock, async () => {
    const isInteractive = exec.interactiveMode !== 'Never' && isatty(0);
    if (exec.interactiveMode === 'Always' && !isInteractive) throw failed(exec, context, 'needs a terminal, and standard input is none');
    return issuedIn(await output(exec, context, isInteractive), exec, context);
  });
}

/** Runs the plugin and returns what it printed. */
function output(exec: ExecEntry, context: ExecPluginContext, isInteractive: boolean): Promise<string> {
  // A run that was told to stop may still have to log in, to clean up.
  const stop = AbortSignal.any(context.ends.filter((signal) => !signal.aborted));
  const written = { stdout: '', stderr: '' };
  return new Promise((resolve, reject) => {
    const child = start(exec, context, isInteractive, stop);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      written.stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      written.stderr += text;
      context.stderr(text);
    });
    child.once('error', (cause) => reject(stop.aborted ? stop.reason : notStarted(exec, context, cause)));
    child.once('close', (code, ending) => {
      // A terminal sends Ctrl-C to the plugin, too.
      if (stop.aborted) reject(stop.reason);
      else if (code === 0) resolve(written.stdout);
      else reject(unsuccessful(exec, context, code === null ? `was ended by ${ending}` : `failed with exit code ${code}`, written.stderr));
    });
  });
}

function start(exec: ExecEntry, context: ExecPluginContext, isInteractive: boolean, signal: AbortSignal): ChildProcess {
  const own = Object.fromEntries((exec.env ?? []).map(({ name, value }) => [name, value]));
  try {
    return spawn(exec.command, exec.args ?? [], {
      env: { ...context.env, ...own, KUBERNETES_EXEC_INFO: execInfo(exec, context, isInteractive) },
      stdio: [isInteractive ? 'inherit' : 'ignore', 'pipe', 'pipe'],
      signal,
    });
  } catch (cause) {
    throw notStarted(exec, context, cause as Error);
  }
}

/** The question to the plugin, in the environment variable that carries it. */
function execInfo({ apiVersion, provideClusterInfo }: ExecEntry, { cluster }: ExecPluginContext, interactive: boolean): string {
  const spec = { ...(provideClusterInfo === true ? { cluster: cluster() } : {}), interactive };
  return JSON.stringify({ kind: 'ExecCredential', apiVersion, spec });
}

interface ExecCredential {
  readonly apiVersion: string;
  readonly status: {
    readonly token?: string | null;
    readonly clientCertificateData?: string | null;
    readonly clientKeyData?: string | null;
    readonly expirationTimestamp?: string | null;
  };
}

const EXEC_CREDENTIAL = mapOf({ kind: ANY_TEXT, apiVersion: ANY_TEXT });
const STATUS = mapOf({
  status: mapOf({
    token: nullable(ANY_TEXT),
    clientCertificateData: nullable(ANY_TEXT),
    clientKeyData: nullable(ANY_TEXT),
    expirationTimestamp: nullable(INSTANT),
  }),
});

function issuedIn(text: string, exec: ExecEntry, context: ExecPluginContext): Issued {
  const value = valueIn(text);
  if (!fits(EXEC_CREDENTIAL, value) || (value as { kind: string }).kind !== 'ExecCredential') {
    throw failed(exec, context, 'printed something else than an ExecCredential');
  }
  const { apiVersion } = value as ExecCredential;
  if (apiVersion !== exec.apiVersion)
    throw failed(exec, context, `answered in another apiVersion than ${exec.apiVersion}, which the kubeconfig asks for`);
  if (!fits(STATUS, value)) throw failed(exec, context, 'printed an ExecCredential whose status is missing or malformed');
  const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp: expires } = (value as ExecCredential).status;
  if (!token && !cert && !key) throw failed(exec, context, 'printed an ExecCredential without a token and without a client certificate');
  if (!cert !== !key)
    throw failed(exec, context, `printed a client ${cert ? 'certificate without its key' : 'key without its certificate'}`);
  return {
    credential: { ...(token ? { token } : {}), ...(cert && key ? { cert, key } : {}) },
    ...(expires ? { expiresMs: Date.parse(expires) } : {}),
  };
}

/** kubectl takes YAML as well. */
function valueIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const parsed = parseYaml(text);
    return 'values' in parsed && parsed.values.length === 1 ? parsed.values[0] : undefined;
  }
}

function failed({ command }: ExecEntry, { userName }: ExecPluginContext, why: string, hint?: string) {
  return credentialError(userName, `exec plugin ${command} ${why}`, {
    hint: hint ?? 'Run the plugin by hand, or check "exec" of the user in the kubeconfig.',
  });
}

function notStarted(exec: ExecEntry, context: ExecPluginContext, cause: Error) {
  const { code } = cause as NodeJS.ErrnoException;
  if (code !== 'ENOENT') return failed(exec, context, `cannot be started: ${code ?? cause.name}`);
  return failed(exec, context, 'was not found', installHint(exec) ?? 'Install the plugin, or check "exec" of the user in the kubeconfig.');
}

function installHint({ installHint: hint }: ExecEntry): string | undefined {
  return hint === undefined ? undefined : stripVTControlCharacters(hint).trim();
}

/** One line of reason follows the sentence; several become a list. */
function unsuccessful({ command }: ExecEntry, { userName }: ExecPluginContext, how: string, stderr: string) {
  const lines = stripVTControlCharacters(stderr)
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const [only = 'it wrote nothing to standard error'] = lines;
  const why = lines.length > 1 ? '' : `: ${only.replace(/\.$/, '')}`;
  return credentialError(userName, `exec plugin ${command} ${how}${why}`, {
    hint: 'Log in again, or run the plugin by hand.',
    ...(lines.length > 1 ? { reasons: lines } : {}),
  });
}
