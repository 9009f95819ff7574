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
  const calls = code.reduce((sum, { text }) => sum + (text.match(/(?<!function )\bclusterError\(/g) ?? []).length, 0);
  assert.equal(found.filter((t) => t.origin === 'error' && t.isPart === undefined).length, created + calls);
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

/** Places that pass a text on, and the function that makes it: its texts are on the page. */
const PASSED_ON: Readonly<Record<string, readonly string[]>> = {
  'blocker reconciler/plan/gates/disruption-budget#budgetForbidsEviction': ['reconciler/plan/gates/disruption-budget#forbiddingBudget'],
  'blocker reconciler/plan/preflight/issuers#issuerTypeCannotSign': ['reconciler/plan/preflight/issuers#whyUnsuitable'],
  'error reconciler/cluster/api-error#clusterError': ['reconciler/cluster/api-error#apiError'],
  'error reconciler/cluster/api-error#forbidden': ['reconciler/cluster/api-error#apiError'],
  'error reconciler/cluster/credentials/oidc#transportTo': ['reconciler/cluster/proxy/environment#proxyNamed'],
  'error reconciler/cluster/kube-config#usable': [
    'reconciler/cluster/kubeconfig/schema#clusterViolations',
    'reconciler/cluster/kubeconfig/schema#userViolations',
    'reconciler/cluster/kubeconfig/cluster#authorityViolations',
  ],
  'error reconciler/execute/wait-for-obstacles#waitForObstacles': ['reconciler/execute/wait#timeout'],
  'error reconciler/input/files#readJsonFile': ['reconciler/input/files#problemsOf', 'reconciler/input/plain-json#unlikeJson'],
  'error reconciler/input/files#unreadable': [],
  'synth constructs/model/validate-certificate#CERTIFICATE_RULES': ['constructs/model/validate-certificate#commonNameProblem'],
  'synth constructs/model/validate-tls#sharedRules': ['constructs/model/certificate-names#dnsNameProblem'],
};

test('only texts that another place makes are left out', () => {
  const leftOut = found.filter(isMadeElsewhere).map(({ origin, place }) => `${origin} ${place}`);
  assert.deepEqual(
    [...new Set(leftOut)].sort(),
    Object.keys(PASSED_ON),
    'the page lacks a text: let texts.ts read it, or name its maker here',
  );
  const onPage = new Set(found.filter((t) => !isMadeElsewhere(t)).map(({ place }) => place));
  assert.deepEqual(
    Object.values(PASSED_ON)
      .flat()
      .filter((place) => !onPage.has(place)),
    [],
  );
});
