/** The kubectl commands that users run in the sandbox work on a real API server, too. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { KINDS, ref } from '#model/kube-object';
import { howToResume } from '#reconciler/execute/pause';
import { asSaid, PAUSED, resumingEditor } from '../support/resume-by-hand';
import { type ControlPlane, realApi } from './cluster';
import { WITHOUT_KUBEDB } from './kubedb-kinds';

const isInstalled = spawnSync('kubectl', ['version', '--client']).status === 0;
const KAFKA =
  'apiVersion: kubedb.com/v1\nkind: Kafka\nmetadata: {name: by-hand, namespace: default}\nspec: {version: 4.2.0, replicas: 3}\n';

describe('kubectl', { skip: isInstalled ? WITHOUT_KUBEDB : 'kubectl is not on the PATH' }, () => {
  let controlPlane: ControlPlane;
  const home = mkdtempSync(path.join(tmpdir(), 'kafka-tls-kubectl-'));
  before(async () => {
    controlPlane = await realApi();
    writeFileSync(path.join(home, 'kafka.yaml'), KAFKA);
  });
  after(async () => {
    rmSync(home, { recursive: true, force: true });
    await controlPlane?.stop();
  });
  const kubectl = (...args: string[]) => {
    const { stdout, stderr, status } = spawnSync('kubectl', args, {
      cwd: home,
      encoding: 'utf8',
      env: { ...process.env, KUBECONFIG: controlPlane.kubeconfig, HOME: home, KUBE_EDITOR: resumingEditor(home) },
    });
    assert.equal(status, 0, stderr);
    return stdout;
  };

  test('apply --server-side, get by short name, get -w, describe and delete', () => {
    assert.equal(kubectl('apply', '--server-side', '-f', 'kafka.yaml'), 'kafka.kubedb.com/by-hand serverside-applied\n');
    assert.match(kubectl('get', 'kf', '-n', 'default'), /^NAME +VERSION +STATUS +AGE\nby-hand +4\.2\.0 /);
    assert.match(kubectl('get', 'kafkas.kubedb.com', 'by-hand', '-w', '--request-timeout=1s', '-n', 'default'), /by-hand/);
    assert.match(kubectl('describe', 'kafkas.kubedb.com', 'by-hand', '-n', 'default'), /Name: +by-hand/);
    assert.match(kubectl('get', 'kfops', '-n', 'default', '--ignore-not-found'), /^$/);
    assert.match(kubectl('delete', 'kafkas.kubedb.com', 'by-hand', '-n', 'default'), /"by-hand" deleted/);
  });

  test('the command in the condition of a paused Kafka resumes it', () => {
    kubectl('apply', '--server-side', '-f', 'kafka.yaml');
    const kafka = ['kafkas.kubedb.com', 'by-hand', '-n', 'default'];
    kubectl('patch', ...kafka, '--subresource=status', '--type=merge', '-p', JSON.stringify(PAUSED));
    kubectl(...asSaid(howToResume(ref(KINDS.Kafka, 'default', 'by-hand'))));
    assert.equal(kubectl('get', ...kafka, '-o', 'jsonpath={.status.conditions[*].type}'), 'Provisioned');
    kubectl('delete', ...kafka);
  });
});
