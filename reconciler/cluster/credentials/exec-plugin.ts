/**
 * Credential plugins (`exec` of a kubeconfig): a program prints an ExecCredential, as in client-go.
 *
 * 1. The plugin's standard error reaches the user while it runs: it tells people how to log in.
 * 2. The plugin is started once, however many requests wait for it, and again when the credential has expired or was refused with 401.
 * 3. Its standard output holds secrets and is never repeated. Its standard error is quoted in full when it fails.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { isatty } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';
import { INSTANT, isValid, map, nullable, oneOf, STRING } from '#model/schema';
import { parseYaml } from '#reconciler/input/yaml';
import type { Clock } from '#reconciler/ports';
import { execCluster } from '../kubeconfig/cluster';
import type { ChosenContext } from '../kubeconfig/files';
import type { ExecEntry } from '../kubeconfig/schema';
import { type CredentialSource, credentialError, type Issued, renewable } from './source';

/** The facts and the parts of the process that sources of credentials need. */
export interface CredentialContext {
  readonly chosen: Pick<ChosenContext, 'cluster' | 'user' | 'userName' | 'userFile'>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly stderr: (text: string) => void;
  /** Each of them ends a running plugin when it aborts. */
  readonly ends: readonly AbortSignal[];
}

/** Returns the source of the credentials that a plugin prints. */
export function execPlugin(exec: ExecEntry, context: CredentialContext): CredentialSource {
  const run = new PluginRun(exec, context);
  return renewable(context.clock, async () => run.issued(await run.output()));
}

class PluginRun {
  private readonly isInteractive: boolean;

  constructor(
    private readonly exec: ExecEntry,
    private readonly context: CredentialContext,
  ) {
    this.isInteractive = exec.interactiveMode !== 'Never' && isatty(0);
  }

  /** Runs the plugin and returns its standard output. */
  async output(): Promise<string> {
    const { exec, context } = this;
    if (exec.interactiveMode === 'Always' && !this.isInteractive) throw this.failed('needs a terminal, and standard input is none');
    // A run that was interrupted may still need a login, to clean up.
    const stop = AbortSignal.any(context.ends.filter((signal) => !signal.aborted));
    let [stdout, stderr] = ['', ''];
    return new Promise((resolve, reject) => {
      const child = this.start(stop);
      child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
        context.stderr(text);
      });
      child.once('error', (cause) => reject(stop.aborted ? stop.reason : this.notStarted(cause)));
      child.once('close', (code, signal) => {
        // A terminal sends Ctrl-C to the plugin, too.
        if (stop.aborted) reject(stop.reason);
        else if (code === 0) resolve(stdout);
        else reject(this.unsuccessful(code === null ? `was ended by ${signal}` : `failed with exit code ${code}`, stderr));
      });
    });
  }

  private start(signal: AbortSignal): ChildProcess {
    const { command, args = [], env = [], apiVersion, provideClusterInfo } = this.exec;
    const cluster = provideClusterInfo === true ? { cluster: execCluster(this.context.chosen.cluster) } : {};
    const question = { kind: 'ExecCredential', apiVersion, spec: { ...cluster, interactive: this.isInteractive } };
    const own = Object.fromEntries(env.map(({ name, value }) => [name, value]));
    try {
      return spawn(command, args, {
        env: { ...this.context.env, ...own, KUBERNETES_EXEC_INFO: JSON.stringify(question) },
        stdio: [this.isInteractive ? 'inherit' : 'ignore', 'pipe', 'pipe'],
        signal,
      });
    } catch (cause) {
      throw this.notStarted(cause as Error);
    }
  }

  issued(text: string): Issued {
    const value = valueIn(text);
    if (!isValid(EXEC_CREDENTIAL, value)) throw this.failed('did not print an ExecCredential');
    const { apiVersion } = this.exec;
    if (value.apiVersion !== apiVersion)
      throw this.failed(`answered in another apiVersion than ${apiVersion}, which the kubeconfig asks for`);
    if (!isValid(STATUS, value)) throw this.failed('printed an ExecCredential whose status is missing or malformed');
    const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp: expires } = value.status;
    if (!token && !cert && !key) throw this.failed('printed an ExecCredential without a token and without a client certificate');
    if (!cert !== !key) throw this.failed(`printed a client ${cert ? 'certificate without its key' : 'key without its certificate'}`);
    return {
      credential: { ...(token ? { token } : {}), ...(cert && key ? { cert, key } : {}) },
      ...(expires ? { expiresMs: Date.parse(expires) } : {}),
    };
  }

  private failed(
    why: string,
    hint = 'Run the plugin by hand, or check "exec" of the user in the kubeconfig.',
    reasons: readonly string[] = [],
  ) {
    return credentialError(this.context.chosen.userName, `exec plugin ${this.exec.command} ${why}`, { hint, reasons });
  }

  private notStarted(cause: Error) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'ENOENT') return this.failed(`cannot be started: ${code ?? cause.name}`);
    const { installHint = 'Install the plugin, or check "exec" of the user in the kubeconfig.' } = this.exec;
    return this.failed('was not found', stripVTControlCharacters(installHint).trim());
  }

  /** One line of reason follows the sentence; several become a list. */
  private unsuccessful(how: string, stderr: string) {
    const lines = stripVTControlCharacters(stderr)
      .split(/[\r\n]+/)
      .map((line) => line.trim())
      .filter((line) => line !== '');
    const [only = 'it wrote nothing to standard error'] = lines;
    const why = lines.length > 1 ? how : `${how}: ${only.replace(/\.$/, '')}`;
    return this.failed(why, 'Log in again, or run the plugin by hand.', lines.length > 1 ? lines : []);
  }
}

const EXEC_CREDENTIAL = map({ kind: oneOf(['ExecCredential']), apiVersion: STRING });
const STATUS = map({
  status: map({
    token: nullable(STRING),
    clientCertificateData: nullable(STRING),
    clientKeyData: nullable(STRING),
    expirationTimestamp: nullable(INSTANT),
  }),
});

/** kubectl accepts YAML, too. */
function valueIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const parsed = parseYaml(text);
    return 'values' in parsed && parsed.values.length === 1 ? parsed.values[0] : undefined;
  }
}
