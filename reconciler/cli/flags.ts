/** Flags of several commands: their help and their parsers. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { goDurationMs } from '#model/go-duration';
import { REACHES, type Reach } from './io';

/** Default place of bundles: the output of `cdk8s synth`. */
export const DEFAULT_FILE = 'dist';

/** An object named by a flag: `demo/kafka-tls-orders`, or a name without a namespace. */
export interface NamedObject {
  readonly namespace?: string;
  readonly name: string;
}

/** Selects a bundle. */
export interface SourceFlags {
  readonly file?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly configMap?: NamedObject;
  readonly digest?: string;
}

/** Selects a cluster and limits the time of the command. */
export interface ClusterFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly reach?: Reach;
  /** Milliseconds. */
  readonly timeout?: number;
}

/** Formats of `--output`, by command; the first is the default. Each command has a table of these formats, which the compiler checks. */
export const FORMATS = {
  plan: ['text', 'json', 'markdown', 'html'],
  apply: ['text', 'json'],
  verify: ['text', 'json'],
  status: ['text', 'json', 'html', 'prometheus'],
  render: ['text', 'json'],
  sandbox: ['text', 'json'],
} as const;
export type Format<C extends keyof typeof FORMATS> = (typeof FORMATS)[C][number];

export interface OutputFlags<C extends keyof typeof FORMATS> {
  readonly output: Format<C>;
}

/** Adds the flags that name a bundle in files. */
export function addFileFlags(command: Command): Command {
  return command
    .optionsGroup('Which bundle:')
    .option('-f, --file <path>', `bundle to read: a file, a folder of synth output, or - for standard input (default: ${DEFAULT_FILE})`)
    .option('--name <kafka>', 'the bundle of this Kafka, if there are several bundles')
    .option('-n, --namespace <namespace>', 'namespace of names that are given without one');
}

/** Adds the flag that reads the bundle from the cluster. */
export function addConfigMapFlag(command: Command): Command {
  return command.addOption(
    new Option('--config-map <namespace/name>', 'read the bundle from this ConfigMap in the cluster, as the Job does')
      .argParser(parseName)
      .conflicts('file'),
  );
}

const REACH_HELP =
  'connect to the names of the pods, or by port-forward through the API server (default: auto, which is pod in a pod of the cluster, and port-forward elsewhere)';

/** Adds the flags that name a cluster. */
export function addClusterFlags(command: Command): Command {
  return command
    .optionsGroup('Which cluster:')
    .option('--kubeconfig <file>', 'how to reach the cluster (default: $KUBECONFIG, ~/.kube/config, or the Pod this runs in)')
    .option('--context <name>', 'context in the kubeconfig (default: the current one)')
    .addOption(new Option('--reach <way>', REACH_HELP).choices(REACHES))
    .addOption(
      new Option(
        '--timeout <duration>',
        'give up after this long, such as 90s or 1h30m (default: only the deadlines in the bundle)',
      ).argParser(parseDuration),
    );
}

/** Adds `--output` with the formats of the command. */
export function addOutputFlag(command: Command, description: string): Command {
  const formats = FORMATS[command.name() as keyof typeof FORMATS];
  return command.addOption(new Option('--output <format>', description).choices(formats).default(formats[0]));
}

/** Parses `namespace/name` or `name`. */
export function parseName(text: string): NamedObject {
  const parts = text.split('/');
  if (parts.length > 2 || parts.some((part) => !/^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/.test(part))) {
    throw new InvalidArgumentError('A name such as demo/orders is expected.');
  }
  const [first = '', second] = parts;
  return second === undefined ? { name: first } : { namespace: first, name: second };
}

/** Parses a whole number from 1. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new InvalidArgumentError('A whole number from 1 is expected.');
  return count;
}

function parseDuration(text: string): number {
  const ms = goDurationMs(text);
  if (ms === undefined || ms <= 0) throw new InvalidArgumentError('A duration such as 90s, 20m or 1h30m is expected.');
  return ms;
}
