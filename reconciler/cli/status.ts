/** `kafka-tls status`: the TLS of every Kafka that may be listed, one row for each. Changes nothing. */
import type { KubeObject } from '#model/kube-object';
import { bundleFromConfigMap, holdsBundle } from '../bundle/documents';
import { readOnly } from '../cluster/write-guard';
import { ClusterError, InvalidInputError } from '../errors';
import { FLEET_FORMAT, type FleetStatus } from '../model/fleet';
import { observeFleet, type Wanted } from '../observe/fleet';
import { statusRow } from '../plan/fleet-status';
import { fleetJson, fleetMetrics, fleetText } from '../report/fleet';
import { fleetPage } from '../report/page/fleet';
import type { Style } from '../report/style';
import type { ClusterFlags, Format, OutputFlags } from './flags';
import { type Session, styleOf } from './io';
import { withConnection } from './session';

export interface StatusFlags extends ClusterFlags, OutputFlags<'status'> {
  readonly allNamespaces?: boolean;
}

const PRINTED: Readonly<Record<Format<'status'>, (status: FleetStatus, style: Style) => string>> = {
  text: fleetText,
  json: fleetJson,
  html: fleetPage,
  prometheus: fleetMetrics,
};

const DIFFERS = 1;
const UNKNOWN = 4;

/** Prints the rows and returns the exit code. */
export async function runStatus(flags: StatusFlags, session: Session): Promise<number> {
  return withConnection(session, flags, async (connection, signal) => {
    const context = { ...connection, cluster: readOnly(connection.cluster), clock: session.runtime.clock };
    const namespace = flags.allNamespaces === true ? undefined : connection.namespace;
    const { observedAt, members, unread } = await observeFleet(context, namespace, wantedIn, signal).catch((error: unknown) => {
      throw onlyOneNamespace(error, namespace);
    });
    const status: FleetStatus = {
      format: FLEET_FORMAT,
      observedAt,
      ...(namespace === undefined ? {} : { namespace }),
      isComplete: unread.length === 0,
      kafkas: members.map(statusRow),
      unread,
    };
    session.io.stdout(PRINTED[flags.output](status, styleOf(session.io)));
    return exitCodeOf(status);
  });
}

/** A Kafka that could not be compared is unknown, never as wanted. */
function exitCodeOf({ kafkas, isComplete }: FleetStatus): number {
  if (kafkas.some((k) => k.drift.length > 0)) return DIFFERS;
  return isComplete && kafkas.every((k) => k.unknown.length === 0) ? 0 : UNKNOWN;
}

function wantedIn(configMap: KubeObject): Wanted | undefined {
  if (!holdsBundle(configMap)) return undefined;
  try {
    const { tls, desired } = bundleFromConfigMap(configMap);
    return { tls, clusterDomain: desired.clusterDomain };
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    return { unreadable: error.message };
  }
}

function onlyOneNamespace(error: unknown, namespace: string | undefined): unknown {
  if (namespace !== undefined || !(error instanceof ClusterError) || error.status !== 403) return error;
  const { message, status, reason } = error;
  return new ClusterError(`Kafkas of all namespaces: ${message}`, {
    status,
    reason,
    cause: error,
    hint: 'Name a namespace that you may read with -n, instead of -A.',
  });
}
