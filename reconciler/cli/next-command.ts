/** The command that is printed as the next one: it can be pasted into a shell, and means the same bundle, cluster and options. */
import type { Bundle } from '#model/bundle';
import { type ClusterFlags, DEFAULT_FILE, type SourceFlags } from './flags';
import { quoted } from './shell';

/** What a plan was made with. */
export interface PlannedWith extends SourceFlags, ClusterFlags {
  readonly out?: string;
  readonly takeOver?: boolean;
  readonly retry?: boolean;
}

/** Returns the command that carries out a plan that was made with these flags. */
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
  ]
    .map(quoted)
    .join(' ');
}

/** Returns the text with every `kafka-tls apply` in it completed by the flags of this run. A saved plan does not go with another option. */
export function withCommand(text: string, { out: _, ...flags }: PlannedWith, bundle: Bundle, isOneOfSeveral: boolean): string {
  return text.replace(/"kafka-tls apply(?: (--retry|--take-over))?"/g, (_whole, added?: string) => {
    const options = { ...flags, ...(added === '--retry' ? { retry: true } : {}), ...(added === '--take-over' ? { takeOver: true } : {}) };
    return `"${applyCommand(options, bundle, isOneOfSeveral)}"`;
  });
}

function option(name: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [name, value];
}
