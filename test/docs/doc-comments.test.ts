/** The doc comments of the public API: an editor shows them, and the page about the constructs is made of them. `typing.test.ts` compiles their examples. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Declaration, publicApi } from './reference/api';

const api = publicApi();
const isClass = ({ kind }: Declaration) => kind === 'construct' || kind === 'class';

/** Props of which a name and a type do not show how to write them. */
const HARD_PROPS = [
  'BrokerCertificateProps.issuer',
  'CertificateProps.extraSpec',
  'CertificateProps.subject',
  'ClientCertificateProps.literalSubject',
  'CronOptions.timeZone',
  'DeclaredClusterProps.extraSpec',
  'KafkaNodesProps.extraSpec',
  'KafkaTlsProps.deadlines',
  'KafkaTlsProps.restart',
  'ReconcilerJobProps.schedule',
  'ReconcilerPodProps.affinity',
  'ReconcilerPodProps.env',
  'ReconcilerPodProps.securityContext',
  'ReconcilerPodProps.tolerations',
  'TlsOnProps.issuedAfter',
  'TlsOnProps.rotation',
];

/** Every declaration and member, as `KafkaTlsProps.job`. */
const documented = api.flatMap((declaration) => [
  { name: declaration.name, doc: declaration.doc },
  ...declaration.members.map((member) => ({ name: `${declaration.name}.${member.name}`, doc: member.doc })),
]);

test('every public name begins with a sentence that describes it', () => {
  const lacking = documented.filter(({ doc }) => !/^["A-Z`][\s\S]*?\.(\s|$)/.test(doc?.text ?? ''));
  assert.deepEqual(
    lacking.map(({ name }) => name),
    [],
  );
});

test('every optional prop has its default', () => {
  const props = api
    .filter(({ kind }) => kind === 'interface')
    .flatMap(({ name, members }) => members.map((m) => ({ ...m, name: `${name}.${m.name}` })));
  assert.ok(props.length > 80);
  const lacking = props.filter(({ isOptional, doc }) => isOptional !== (doc?.tags.default !== undefined));
  assert.deepEqual(
    lacking.map(({ name }) => name),
    [],
  );
});

test('every class has an example, and names what to read', () => {
  const lacking = api.filter(isClass).flatMap(({ name, doc }) => {
    return ['example', 'see'].filter((tag) => doc?.tags[tag] === undefined).map((tag) => `${name}: @${tag}`);
  });
  assert.deepEqual(lacking, []);
});

test('every prop that is hard to write has an example', () => {
  const lacking = HARD_PROPS.filter((name) => documented.find((d) => d.name === name)?.doc?.tags.example === undefined);
  assert.deepEqual(lacking, []);
});
