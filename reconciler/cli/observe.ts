/** `kafka-tls observe`: the observation of a Kafka as one JSON document without Secret values. Changes nothing. */
import { readOnly } from '../cluster/write-guard';
import { withNodeSettings } from '../observe/node-settings';
import { observe } from '../observe/observe';
import { withDenied } from '../observe/permissions';
import { printableJson } from '../report/printable';
import type { ClusterFlags, NamedObject, SourceFlags } from './flags';
import type { Session } from './io';
import { bundleSource, namedKafka, withConnection } from './session';

export interface ObserveFlags extends SourceFlags, ClusterFlags {
  readonly kafka?: NamedObject;
}

/** Prints the observation and returns the exit code. */
export async function runObserve(flags: ObserveFlags, session: Session): Promise<number> {
  const needsCluster = flags.kafka !== undefined || flags.configMap !== undefined;
  const inFile = needsCluster ? undefined : await bundleSource(session, flags);
  return withConnection(session, flags, async (connection, signal) => {
    const context = { ...connection, cluster: readOnly(connection.cluster), clock: session.runtime.clock, canLackSecrets: true };
    const what =
      flags.kafka === undefined
        ? await (inFile ?? (await bundleSource(session, flags, connection)))()
        : namedKafka(flags.kafka, connection);
    const seen = await observe(context, what, signal);
    const running = seen.pods.filter((p) => p.isRunning && p.certificateSecret !== undefined);
    const live = await withNodeSettings(context, seen, running, 'desired' in what ? what.desired.clusterDomain : undefined, signal);
    session.io.stdout(`${printableJson('desired' in what ? await withDenied(context.cluster, what, live) : live, 2)}\n`);
    return 0;
  });
}
