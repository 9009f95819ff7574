/** KubeDB's kinds on a real API server: its CRDs are test data outside the project, and its operators cannot be had. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { KINDS } from '#model/kube-object';
import { seedObjects } from '#reconciler/sandbox/api/seed';
import type { Client } from '../sandbox/contract/client';

/** Folder with the CRDs. */
export const KUBEDB_CRDS = path.resolve('..', 'shared', 'crds');

/** Why what is about KubeDB cannot be tested; false when it can. */
export const WITHOUT_KUBEDB: string | false = existsSync(KUBEDB_CRDS) ? false : "KubeDB's CRDs are not there: ../shared/crds";

/** Creates the catalog of Kafka versions, as far as it is not there. */
export async function createCatalog(client: Client): Promise<void> {
  const catalog = `/apis/${KINDS.KafkaVersion.apiVersion}/${KINDS.KafkaVersion.plural}`;
  for (const version of seedObjects([]).filter((o) => o.kind === KINDS.KafkaVersion.kind)) {
    const { status, body } = await client.send('POST', catalog, version);
    if (status !== 201 && status !== 409) throw new Error(`KafkaVersion/${version.metadata.name}: not created: ${body.message ?? body}`);
  }
}
