/** Mistakes that are compile errors. Snippets are compiled against the published declarations. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

const ROOT = process.cwd();
const LIBRARY = path.resolve(__dirname, '../../constructs/index');
const HEAD = `
import { Chart, App, Size } from 'cdk8s';
import { KafkaTls, KafkaCluster, Tls, TlsIssuer, Acknowledgement, Executor, ReconcileSchedule, KafkaOpsRequest, KafkaOperation } from ${JSON.stringify(LIBRARY)};
const chart = new Chart(new App(), 'c', { namespace: 'n' });
const cluster = KafkaCluster.existing('orders'), issuer = TlsIssuer.issuer('ca'), tls = Tls.on({ issuer }), job = { image: 'x' };
void [KafkaTls, KafkaOpsRequest, KafkaOperation, Size, Acknowledgement, Executor, ReconcileSchedule, chart, cluster, tls, job];
`;

const snippets: readonly { readonly name: string; readonly code: string; readonly says: RegExp | undefined }[] = [
  { name: 'a complete KafkaTls', code: `new KafkaTls(chart, 'x', { cluster, tls, job, executor: Executor.native() });`, says: undefined },
  {
    name: 'an empty tls',
    code: `new KafkaTls(chart, 'x', { cluster, tls: {} });`,
    says: /missing in type '\{\}' but required in type 'Tls'/,
  },
  { name: 'an empty cluster', code: `new KafkaTls(chart, 'x', { cluster: {}, tls });`, says: /required in type 'KafkaCluster'/ },
  { name: 'an empty issuer', code: `Tls.on({ issuer: {} });`, says: /required in type 'TlsIssuer'/ },
  { name: 'an empty acknowledgement', code: `Tls.off({ acknowledge: [{}] });`, says: /required in type 'Acknowledgement'/ },
  {
    name: 'acknowledgements that may not change',
    code: `const agreed: readonly Acknowledgement[] = [Acknowledgement.clientsLeaveTls()]; Tls.off({ acknowledge: agreed });`,
    says: undefined,
  },
  {
    name: 'lists that may not change',
    code: `const names = ['a.example'] as const; const tolerations = [{ key: 'a', operator: 'Exists' }] as const;
      Tls.on({ issuer, server: { dnsNames: names, ipAddresses: ['10.0.0.1'] as const, subject: { organizations: names } } });
      new KafkaTls(chart, 'x', { cluster, tls, job: { image: 'x', imagePullSecrets: names, pod: { tolerations, envFromSecrets: names } } });`,
    says: undefined,
  },
  { name: 'an empty executor', code: `new KafkaTls(chart, 'x', { cluster, tls, executor: {} });`, says: /required in type 'Executor'/ },
  {
    name: 'an empty schedule',
    code: `new KafkaTls(chart, 'x', { cluster, tls, job: { image: 'x', schedule: {} } });`,
    says: /required in type 'ReconcileSchedule'/,
  },
  {
    name: 'an empty operation',
    code: `new KafkaOpsRequest(chart, 'x', { name: 'x', kafka: 'orders', operation: {} });`,
    says: /required in type 'KafkaOperation'/,
  },
  { name: 'a misspelt issuer', code: `Tls.on({ isuer: issuer });`, says: /Did you mean to write 'issuer'\?|'isuer' does not exist/ },
  {
    name: 'a misspelt prop beside the right ones',
    code: `Tls.on({ issuer, aknowledge: [] });`,
    says: /Did you mean to write 'acknowledge'\?/,
  },
  { name: 'no issuer', code: `Tls.on({});`, says: /Property 'issuer' is missing/ },
  { name: 'no tls', code: `new KafkaTls(chart, 'x', { cluster });`, says: /Property 'tls' is missing/ },
  { name: 'a job without an image', code: `new KafkaTls(chart, 'x', { cluster, tls, job: {} });`, says: /Property 'image' is missing/ },
  {
    name: 'controllers without brokers',
    code: `KafkaCluster.dedicated({ name: 'o', version: '4.2.0', controllers: { replicas: 3, storage: Size.gibibytes(1) } });`,
    says: /Property 'brokers' is missing/,
  },
  {
    name: 'a duration as text',
    code: `Tls.on({ issuer, server: { duration: '90d' } });`,
    says: /Type 'string' is not assignable to type 'Duration'/,
  },
  { name: 'a choice made by hand', code: `new Tls({ acknowledge: [] });`, says: /Constructor of class 'Tls' is private/ },
];

const folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-typing-'));
let output = '';
before(() => {
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  for (const [i, { code }] of snippets.entries()) writeFileSync(path.join(folder, `snippet-${i}.ts`), HEAD + code);
  const options = {
    strict: true,
    exactOptionalPropertyTypes: true,
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2016'],
    types: [],
    noEmit: true,
    skipLibCheck: false,
  };
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['*.ts'] }));
  const tsc = spawnSync(process.execPath, [path.join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder], {
    encoding: 'utf8',
    cwd: folder,
  });
  output = tsc.stdout + tsc.stderr;
});
after(() => rmSync(folder, { recursive: true }));

for (const [i, { name, says }] of snippets.entries()) {
  test(`${says === undefined ? 'compiles' : 'does not compile'} ${name}`, () => {
    const lines = output.split('\n');
    const start = lines.findIndex((line) => line.startsWith(`snippet-${i}.ts`));
    const said =
      start === -1
        ? ''
        : [lines[start], ...lines.slice(start + 1).filter((_, j, all) => all.slice(0, j + 1).every((l) => l.startsWith(' ')))].join('\n');
    if (says === undefined) assert.equal(said, '', output);
    else assert.match(said, says, output);
  });
}

test('the declarations compile with library checks and an old standard library', () => {
  assert.deepEqual(
    output.split('\n').filter((line) => line !== '' && !line.startsWith(' ') && !line.startsWith('snippet-')),
    [],
  );
});
