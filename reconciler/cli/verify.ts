/** `kafka-tls verify`: compares the certificate of every listener with its Secret. Changes nothing. */
import type { Bundle } from '#model/bundle';
import { tlsStateOf } from '#model/tls';
import { readOnly } from '../cluster/write-guard';
import { observe } from '../observe/observe';
import { mismatches } from '../plan/verify';
import type { Style } from '../report/style';
import { type Verification, verificationJson, verificationText } from '../report/verification';
import type { ClusterFlags, Format, NamedObject, OutputFlags, SourceFlags } from './flags';
import { type Connection, type Session, styleOf } from './io';
import { bundleInCluster, bundlesInFiles, kafkaMissing, namedKafka, withConnection } from './session';

export interface VerifyFlags extends SourceFlags, ClusterFlags, OutputFlags<'verify'> {
  readonly kafka?: NamedObject;
}

/** The subject: the desired state of a bundle, or a Kafka and its own spec. */
type What = Bundle | { readonly namespace: string; readonly kafka: string };

const PRINTED: Readonly<Record<Format<'verify'>, (verification: Verification, style: Style, isFirst: boolean) => string>> = {
  text: (verification, style, isFirst) => `${isFirst ? '' : '\n'}${verificationText(verification, style)}`,
  json: verificationJson,
};

const MISMATCH = 1;
const UNKNOWN = 4;

/** Prints the certificate of every listener and returns the exit code. */
export async function runVerify(flags: VerifyFlags, session: Session): Promise<number> {
  const inFiles = flags.kafka === undefined && flags.configMap === undefined ? await bundlesInFiles(session, flags) : [];
  return withConnection(session, flags, async (connection, signal) => {
    const context = { ...connection, cluster: readOnly(connection.cluster), clock: session.runtime.clock };
    const codes: number[] = [];
    for (const what of await subjectsOf(flags, inFiles, connection)) {
      const live = await observe(context, what, signal);
      if (live.kafka === undefined) throw kafkaMissing(live.namespace, live.name);
      const tls = 'tls' in what ? what.tls : tlsStateOf(live.kafka.spec);
      const verification: Verification = { live, tls, mismatches: mismatches(live, tls) };
      session.io.stdout(PRINTED[flags.output](verification, styleOf(session.io), codes.length === 0));
      codes.push(exitCodeOf(verification));
    }
    return codes.includes(MISMATCH) ? MISMATCH : Math.max(...codes);
  });
}

async function subjectsOf(flags: VerifyFlags, inFiles: readonly Bundle[], connection: Connection): Promise<readonly What[]> {
  if (flags.kafka !== undefined) return [namedKafka(flags.kafka, connection)];
  return flags.configMap === undefined ? inFiles : [await bundleInCluster(connection, flags.configMap)];
}

/** A listener without an answer is unknown, never verified. */
function exitCodeOf({ live, mismatches: found }: Verification): number {
  if (found.some((m) => !m.isUnknown)) return MISMATCH;
  return found.length > 0 || live.pods.length === 0 ? UNKNOWN : 0;
}
