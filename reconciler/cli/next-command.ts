/** The command that is printed as the next one: it can be pasted into a shell, and means the same bundle, cluster and options. */
import type { Bundle } from '../../constructs/model/bundle';
import { quoted } from '../shell';
import { type ClusterFlags, DEFAULT_FILE, type SourceFlags } from './flags';

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

function option(name: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [name, value];
}
