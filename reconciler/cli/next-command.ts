/** The next command, printed for a user to paste into a shell. It names the same bundle, cluster and options as the present one. */
import type { Bundle } from '#model/bundle';
import { type ClusterFlags, DEFAULT_FILE, type SourceFlags } from './flags';
import { quoted } from './shell';

/** The flags that a plan was made with. */
export interface PlannedWith extends SourceFlags, ClusterFlags {
  readonly out?: string;
  readonly takeOver?: boolean;
  readonly retry?: boolean;
}

/** Returns the command that executes a plan made with these flags. */
export function applyCommand(flags: PlannedWith, { desired }: Bundle, isOneOfSeveral: boolean): string {
  const { configMap, namespace } = flags;
  const source =
    configMap === undefined
      ? ['-f', flags.file ?? DEFAULT_FILE]
      : ['--config-map', [configMap.namespace, configMap.name].filter((p) => p !== undefined).join('/')];
  return [
    ...['kafka-tls', 'apply', ...source],
    ...(isOneOfSeveral ? ['--name', desired.kafka, '-n', desired.namespace] : option('-n', namespace)),
    ...option('--plan', flags.out),
    ...(flags.takeOver === true ? ['--take-over'] : []),
    ...(flags.retry === true ? ['--retry'] : []),
    ...option('--kubeconfig', flags.kubeconfig),
    ...option('--context', flags.context),
    ...option('--reach', flags.reach),
  ]
    .map(quoted)
    .join(' ');
}

/** Returns the text with the flags of this run added to every `kafka-tls apply` in it. `--plan` is left out: it excludes other options. */
export function withCommand(text: string, { out: _, ...flags }: PlannedWith, bundle: Bundle, isOneOfSeveral: boolean): string {
  return text.replace(/"kafka-tls apply(?: (--retry|--take-over))?"/g, (_whole, added?: string) => {
    const options = { ...flags, ...(added === '--retry' ? { retry: true } : {}), ...(added === '--take-over' ? { takeOver: true } : {}) };
    return `"${applyCommand(options, bundle, isOneOfSeveral)}"`;
  });
}

function option(name: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [name, value];
}
