/** KubeDB's kinds and its catalog on an API server that has neither. The CRDs are test data outside the project. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { KINDS } from '../../constructs/model/kube-object';
import { seedObjects } from '../../reconciler/sandbox/api/seed';
import type { Client, Json } from '../sandbox/contract/client';
import { eventually } from '../sandbox/contract/world';

const FOLDER = path.resolve(process.cwd(), '../shared/crds');
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const CATALOG = `/apis/${KINDS.KafkaVersion.apiVersion}/${KINDS.KafkaVersion.plural}`;

/** Installs what is not there yet. */
export async function installKubeDbKinds(client: Client): Promise<void> {
  if ((await client.send('GET', `/apis/${KINDS.Kafka.apiVersion}`)).status !== 200) await installDefinitions(client);
  for (const version of seedObjects([]).filter((o) => o.kind === KINDS.KafkaVersion.kind)) {
    const { status, body } = await client.send('POST', CATALOG, version);
    if (status !== 201 && status !== 409) throw new Error(`KafkaVersion/${version.metadata.name}: not created: ${body.message}`);
  }
}

async function installDefinitions({ send }: Client): Promise<void> {
  if (!existsSync(FOLDER)) throw new Error(`${FOLDER}: not there: KubeDB's CRDs are installed from it.`);
  for (const file of readdirSync(FOLDER).filter((name) => /kubedb\.com|appscode\.com/.test(name))) {
    const definition = parse(readFileSync(path.join(FOLDER, file), 'utf8'));
    const { status, body } = await send('POST', DEFINITIONS, definition);
    if (status !== 201 && status !== 409)
      throw new Error(`CustomResourceDefinition/${definition.metadata.name}: not created: ${body.message}`);
    const isServed = ({ status }: Json) => status?.conditions?.some((c: Json) => c.type === 'Established' && c.status === 'True');
    await eventually(async () => (await send('GET', `${DEFINITIONS}/${definition.metadata.name}`)).body, isServed);
  }
  await eventually(
    () => send('GET', CATALOG),
    ({ status }) => status === 200,
  );
}
