/** The pages that are generated from the code are fresh, and lack nothing. `npm run docs` writes them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectGolden } from '../support/golden';
import { commandLinePage } from './reference/command-line';
import { constructsPage } from './reference/constructs';
import { foundTexts, isMadeElsewhere } from './reference/found-texts';
import { messagesPage } from './reference/messages';
import { permissionsPage } from './reference/permissions';
import { sourcesBelow } from './reference/source';

const page = (name: string) => `docs/reference/${name}.md`;

test('constructs', () => expectGolden(page('constructs'), constructsPage()));
test('command line', async () => expectGolden(page('command-line'), await commandLinePage()));
test('permissions', () => expectGolden(page('permissions'), permissionsPage()));
test('reasons and messages', () => expectGolden(page('messages'), messagesPage()));

const found = foundTexts();
const code = ['reconciler', 'constructs'].flatMap(sourcesBelow).filter(({ file }) => !file.includes('sandbox/'));

test('every error that the code creates is on the page about messages', () => {
  const classes = /\bnew (InvalidInput|Cluster|OperationFailed|Timeout|Blocked|Interrupted|Internal)Error\(/g;
  const created = code.reduce((sum, { text }) => sum + (text.match(classes) ?? []).length, 0);
  assert.equal(found.filter((t) => t.origin === 'error').length, created);
  const others = code.flatMap(({ text }) => [...text.matchAll(/\bextends (\w*Error)\b/g)].map(([, name]) => name));
  assert.deepEqual([...new Set(others)].sort(), ['Error', 'KafkaTlsError', 'OperationFailedError'], 'no other class of errors exists');
});

/** They return what other functions make. */
const COLLECTORS = [
  'bySeverity',
  'draftNative',
  'draftOpsRequest',
  'issuerIsNotReady',
  'objectsBelongToAnother',
  'preconditions',
  'reloadAndRestart',
  'reloadOrDraft',
  'submitOrContinue',
  'submitStep',
];

test('every function that makes a blocker is found', () => {
  const planning = code.filter(({ file }) => /^reconciler.(plan|executors)\b/.test(file));
  const makers = planning.flatMap(({ text }) =>
    [...text.matchAll(/\bfunction (\w+)\((?:[^()]|\([^()]*\))*\): [^{]*\bObstacle\b/g)].map(([, name = '']) => name),
  );
  const places = found.filter((t) => t.origin === 'blocker').map(({ place }) => place.split('#')[1] ?? '');
  assert.ok(makers.length > 20);
  const lacking = makers.filter((name) => !places.includes(name)).sort();
  assert.deepEqual(lacking, COLLECTORS, 'the page lacks a blocker: let found-texts.ts find it, or name the function as a collector');
});

/** Another place makes all of their text, such as the rule of synth that is violated, or the answer of the API server. */
const PASSED_ON = [
  'blocker reconciler/plan/gates/disruption-budget#budgetForbidsEviction',
  'blocker reconciler/plan/preflight/issuers#issuerTypeCannotSign',
  'error reconciler/bundle/files#readObjects',
  'error reconciler/cluster/api-error#clusterError',
  'error reconciler/cluster/credentials/oidc#transportTo',
  'error reconciler/cluster/kube-config#usable',
  'error reconciler/cluster/kubeconfig/files#contextOf',
  'error reconciler/cluster/kubeconfig/files#readKubeConfig',
  'error reconciler/execute/wait-for-obstacles#waitForObstacles',
  'error reconciler/input/files#readJsonFile',
  'error reconciler/input/files#unreadable',
  'synth constructs/model/validate-certificate#CERTIFICATE_RULES',
  'synth constructs/model/validate-tls#sharedRules',
];

test('only texts that another place makes are left out', () => {
  const leftOut = found.filter(isMadeElsewhere).map(({ origin, place }) => `${origin} ${place}`);
  assert.deepEqual([...new Set(leftOut)].sort(), PASSED_ON, 'the page lacks a text: let texts.ts read it, or name the place here');
});
