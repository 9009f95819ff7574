/** Every manifest of every example, those inside its bundle too, is accepted by a real API server that allows no unknown field. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { type KubeObject, kindOf } from '#model/kube-object';
import { APPLY, type Client, clientOf } from '../sandbox/contract/client';
import { kafkaTls } from '../support/command-line';
import { type ControlPlane, realApi } from './cluster';
import { WITHOUT_KUBEDB } from './kubedb-kinds';

const NAMESPACE = 'demo';
const EXPECTED = readdirSync('examples', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => ({ name, file: path.join('examples', name, 'expected.yaml') }))
  .filter(({ file }) => existsSync(file));

describe('manifests of examples', { skip: WITHOUT_KUBEDB }, () => {
  let controlPlane: ControlPlane;
  let client: Client;
  before(async () => {
    controlPlane = await realApi();
    client = clientOf(controlPlane.kubeconfig);
    await client.send('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  });
  after(() => controlPlane?.stop());

  for (const { name, file } of EXPECTED) {
    test(`${name}: what Git holds, and what the reconciler applies from it`, async () => {
      const { stdout, stderr, exitCode } = await kafkaTls(['render', '-f', file]);
      assert.equal(exitCode, 0, stderr);
      const manifests = [...documents(readFileSync(file, 'utf8')), ...documents(stdout)];
      assert.ok(manifests.length > 5, `${manifests.length} manifests`);
      for (const manifest of manifests) {
        const kind = kindOf(manifest);
        assert.ok(kind, `${manifest.kind} of ${manifest.apiVersion}`);
        const root = manifest.apiVersion === 'v1' ? '/api' : '/apis';
        const scope = kind.namespaced ? `/namespaces/${NAMESPACE}` : '';
        const at = `${root}/${manifest.apiVersion}${scope}/${kind.plural}/${manifest.metadata.name}`;
        const query = 'dryRun=All&fieldManager=test&fieldValidation=Strict&force=true';
        const { status, body } = await client.send('PATCH', `${at}?${query}`, manifest, APPLY);
        assert.ok(status === 200 || status === 201, `${manifest.kind}/${manifest.metadata.name}: ${status} ${body.message}`);
      }
    });
  }
});

function documents(text: string): readonly KubeObject[] {
  return parseAllDocuments(text, { version: '1.1' }).map((document) => document.toJS());
}
