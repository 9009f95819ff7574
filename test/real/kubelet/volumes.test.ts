/** Volumes as a kubelet makes them. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { KubeObject } from '#model/kube-object';
import type { PodSpec } from '#reconciler/sandbox/stand-ins/kinds';
import { PodVolumes } from './volumes';

const SPEC = {
  containers: [
    {
      name: 'kafka',
      volumeMounts: [
        { name: 'certs', mountPath: '/certs' },
        { name: 'data', mountPath: '/data' },
      ],
    },
  ],
  volumes: [
    {
      name: 'certs',
      secret: {
        secretName: 'cert',
        items: [
          { key: 'tls.crt', path: 'server.crt' },
          { key: 'tls.key', path: 'server.key' },
        ],
        defaultMode: 0o400,
      },
    },
    { name: 'trust', configMap: { name: 'trust', optional: true } },
    { name: 'data', persistentVolumeClaim: { claimName: 'data-orders-0' } },
    { name: 'scratch', emptyDir: {} },
  ],
} as const satisfies PodSpec;

const secret = (data: Readonly<Record<string, string>>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'cert' },
  data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
});
const FIRST = secret({ 'tls.crt': 'certificate 1', 'tls.key': 'key 1', other: 'not mounted' });
const SECOND = secret({ 'tls.crt': 'certificate 2', 'tls.key': 'key 2' });

describe('the volumes of a pod', () => {
  let root: string;
  let volumes: PodVolumes;
  const certs = (...file: readonly string[]) => path.join(root, 'pod', 'volumes', 'certs', ...file);
  const read = (file: string) => readFileSync(certs(file), 'utf8');
  const showing =
    (object: KubeObject | undefined) =>
    ({ kind }: { kind: string }) =>
      kind === 'Secret' ? object : undefined;
  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'kafka-tls-volumes-'));
    volumes = new PodVolumes(SPEC, { pod: path.join(root, 'pod'), claims: path.join(root, 'claims') });
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  test('show the chosen keys of a Secret under their paths, with the mode', () => {
    assert.equal(volumes.mount(showing(FIRST)), undefined);
    assert.deepEqual(
      readdirSync(certs())
        .filter((f) => !f.startsWith('..'))
        .sort(),
      ['server.crt', 'server.key'],
    );
    assert.deepEqual([read('server.crt'), read('server.key')], ['certificate 1', 'key 1']);
    assert.equal(statSync(certs('server.key')).mode & 0o777, 0o400);
  });

  test('change all files at once, by another target of ..data', () => {
    volumes.mount(showing(FIRST));
    const before = readlinkSync(certs('..data'));
    assert.equal(readlinkSync(certs('server.crt')), '..data/server.crt');
    volumes.sync(showing(SECOND));
    assert.notEqual(readlinkSync(certs('..data')), before);
    assert.deepEqual([read('server.crt'), read('server.key')], ['certificate 2', 'key 2']);
    assert.ok(!existsSync(certs(before)));
  });

  test('stay as they are while the content is the same, and when the object is gone', () => {
    volumes.mount(showing(FIRST));
    const before = readlinkSync(certs('..data'));
    for (const object of [FIRST, undefined]) volumes.sync(showing(object));
    assert.equal(readlinkSync(certs('..data')), before);
  });

  const missing: readonly [name: string, object: KubeObject | undefined, because: string][] = [
    ['a Secret that is missing', undefined, 'MountVolume.SetUp failed for volume "certs": secret "cert" not found'],
    [
      'a key that is missing',
      secret({ 'tls.crt': 'x' }),
      'MountVolume.SetUp failed for volume "certs": references non-existent secret key: tls.key',
    ],
  ];
  for (const [name, object, because] of missing)
    test(`are not mounted with ${name}`, () => assert.equal(volumes.mount(showing(object)), because));

  test('of claims stay when the pod goes', () => {
    volumes.mount(showing(FIRST));
    const data = volumes.mountsOf(SPEC.containers[0]).get('/data') ?? '';
    writeFileSync(path.join(data, 'meta.properties'), 'kept');
    volumes.remove();
    assert.ok(!existsSync(path.join(root, 'pod')));
    const next = new PodVolumes(SPEC, { pod: path.join(root, 'next'), claims: path.join(root, 'claims') });
    next.mount(showing(FIRST));
    assert.equal(readFileSync(path.join(next.mountsOf(SPEC.containers[0]).get('/data') ?? '', 'meta.properties'), 'utf8'), 'kept');
  });
});
