/** Mistakes that are compile errors, and the examples of doc comments, which are none. Both are compiled against the published declarations. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { publicApi } from '../docs/reference/api';

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

const api = publicApi();
/** What examples take for granted: the names of the library, and a chart with an app in it. */
const EXAMPLE_HEAD = `
import { ApiObject, App, Chart, Duration, JsonPatch, Size } from 'cdk8s';
import { ${api.map(({ name }) => name).join(', ')} } from ${JSON.stringify(LIBRARY)};
declare const chart: Chart, cluster: KafkaCluster, issuer: TlsIssuer, tls: Tls, orders: KafkaTls, image: string;
`;

/** The examples of doc comments. That of a prop is its value; the others are statements. */
const examples = api.flatMap(({ name, kind, doc, members }) => [
  ...(doc?.tags.example ?? []).map((code) => ({ name, code: `{\n${code}\n}` })),
  ...members.flatMap((member) =>
    (member.doc?.tags.example ?? []).map((code) => ({
      name: `${name}.${member.name}`,
      code: kind === 'interface' ? `export const value: NonNullable<${name}['${member.name}']> = ${code.trim()};` : `{\n${code}\n}`,
    })),
  ),
]);

const folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-typing-'));
let output = '';
before(() => {
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  for (const [i, { code }] of snippets.entries()) writeFileSync(path.join(folder, `snippet-${i}.ts`), HEAD + code);
  for (const [i, { code }] of examples.entries()) writeFileSync(path.join(folder, `example-${i}.ts`), EXAMPLE_HEAD + code);
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

/** Returns the first error in a file, with its indented lines. */
function saidAbout(file: string): string {
  const lines = output.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`${file}.ts`));
  if (start === -1) return '';
  return [lines[start], ...lines.slice(start + 1).filter((_, j, all) => all.slice(0, j + 1).every((l) => l.startsWith(' ')))].join('\n');
}

for (const [i, { name, says }] of snippets.entries()) {
  test(`${says === undefined ? 'compiles' : 'does not compile'} ${name}`, () => {
    const said = saidAbout(`snippet-${i}`);
    if (says === undefined) assert.equal(said, '', output);
    else assert.match(said, says, output);
  });
}

describe('the example in a doc comment compiles', () => {
  for (const [i, { name, code }] of examples.entries()) test(name, () => assert.equal(saidAbout(`example-${i}`), '', code));

  test('(and every example is one of these)', () => {
    const files = readdirSync('constructs', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    const written = files.flatMap((file) => readFileSync(path.join('constructs', file), 'utf8').match(/^ *\* @example/gm) ?? []);
    assert.equal(examples.length, written.length);
  });
});

test('the declarations compile with library checks and an old standard library', () => {
  assert.deepEqual(
    output.split('\n').filter((line) => line !== '' && !/^( |snippet-|example-)/.test(line)),
    [],
  );
});
