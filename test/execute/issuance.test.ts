/**
 * An issuer that refuses: the run reports the issuer's reason while it waits and when it ends. Once the cause is fixed, the next run gets the
 * certificates, though cert-manager itself would wait for an hour.
 */

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { ClientCertificate } from '#constructs/index';
import { EXECUTORS, type ExecutorName } from '#model/desired';
import { KINDS } from '#model/kube-object';
import { untyped } from '#test/support/untyped';
import { assertDone, NOTHING_TO_DO } from '../support/converged';
import { on } from '../support/desired-states';
import { assertFails, COMBINED, failureOf, KAFKA, startPlaintext, startSecured, type World } from '../support/world';

let world: World;
afterEach(() => world?.stop());

const REASON = 'subject alternative name localhost not allowed by this role';
const CERTIFICATE = `Certificate/demo/${KAFKA}-server-cert`;
const FAULT = 'sandbox.kafka-tls/issuance-fails';

const issuer = () => world.ref(KINDS.Issuer, `${KAFKA}-ca`);
const refuse = (reason: string) => world.annotate({ [FAULT]: reason }, issuer());

async function plaintext(executor: ExecutorName): Promise<void> {
  world = await startPlaintext(executor, { kafka: COMBINED });
}

async function secured(executor: ExecutorName): Promise<void> {
  world = await startSecured(executor, on(), { kafka: COMBINED });
}

/** The issuer of the bundle refuses as soon as it exists. */
function refuseFromTheStart(): void {
  world.onEvent = ({ event, subject }) => {
    if (event === 'applied' && subject.kind === KINDS.Issuer.kind && subject.name === issuer().name) void refuse(REASON);
  };
}

/** What was reported of a wait, once each: `Certificate/demo/a: reason`. */
const waits = () =>
  world.events.filter((e) => e.event === 'waiting').map((e) => `${e.subject.kind}/${e.subject.namespace}/${e.subject.name}: ${e.message}`);

for (const executor of EXECUTORS) {
  describe(`executor ${executor}`, () => {
    test('the first certificates are refused, with the reason; once the cause is fixed, the next run gets them at once', async () => {
      await plaintext(executor);
      refuseFromTheStart();
      const bundle = world.desired(on());
      const failure = await failureOf(world.apply(bundle));
      world.onEvent = undefined;
      assert.equal(failure.exitCode, 1, failure.message);
      assert.match(failure.message, new RegExp(`${CERTIFICATE}.*${REASON} \\(CertificateRequest/demo/${KAFKA}-server-cert-1\\)`));
      assert.deepEqual(world.evicted, [], 'no pod was restarted');

      await refuse('');
      const began = world.clock.monotonicMs();
      await world.apply(bundle);
      assert.ok(world.clock.monotonicMs() - began < 600_000, 'and not after an hour');
      await assertDone(world, bundle);
    });

    test('while rotating, the reason is reported within seconds and every minute', async () => {
      await secured(executor);
      await refuse(REASON);
      const bundle = world.desired(on({ issuedAfter: world.clock.now().toISOString() }));
      await assertFails(world.apply(bundle), 1, new RegExp(REASON));
      const reports = world.events.filter(
        (e) => e.event === 'waiting' && e.message === `${REASON} (CertificateRequest/demo/${KAFKA}-server-cert-2)`,
      );
      assert.ok((reports[0]?.wait?.elapsedMs ?? Number.NaN) <= 10_000, 'within seconds');
      assert.ok(reports.length >= 4 && reports.length < 30, `${reports.length} times`);

      await refuse('');
      await world.apply(bundle, { retry: true });
      await assertDone(world, bundle);
    });

    test('a certificate of an application is refused, and tried again by the next run', async () => {
      await secured(executor);
      await refuse(REASON);
      const bundle = world.desired(on(), {}, (kafkaTls) => new ClientCertificate(kafkaTls, 'billing', { kafkaTls, name: 'billing' }));
      const failure = await failureOf(world.apply(bundle));
      assert.match(
        failure.message,
        new RegExp(`Certificate/demo/billing: not Ready after 5m: ${REASON} \\(CertificateRequest/demo/billing-1\\)`),
      );
      await refuse('');
      world.events.length = 0;
      await world.apply(bundle);
      assert.deepEqual(world.evicted, []);
      await assertDone(world, bundle);
    });

    test('a renewal that has failed while the old certificate is valid changes nothing', async () => {
      await secured(executor);
      await refuse(REASON);
      const certificate = world.ref(KINDS.Certificate, `${KAFKA}-server-cert`);
      await world.askForRenewal(certificate);
      await world.environment.pass(60_000);
      const bundle = world.desired(on());
      assert.deepEqual(await world.apply(bundle), NOTHING_TO_DO);
    });
  });
}

describe('an issuer that leaves desired names out', () => {
  const DROPS = 'sandbox.kafka-tls/drops-names';
  const drop = (names: string) => world.annotate({ [DROPS]: names }, issuer());
  const dropFromTheStart = () => {
    world.onEvent = ({ event, subject }) => {
      if (event === 'applied' && subject.kind === KINDS.Issuer.kind && subject.name === issuer().name) void drop('127.0.0.1');
    };
  };
  const message = /Issuer\/orders-ca dropped 127\.0\.0\.1: the issued certificate lacks what was asked for/;
  const revision = async () => untyped((await world.cluster.get(world.ref(KINDS.Certificate, `${KAFKA}-server-cert`)))?.status)?.revision;

  for (const executor of EXECUTORS) {
    test(`is reported, and not asked again and again (${executor})`, async () => {
      await plaintext(executor);
      dropFromTheStart();
      const bundle = world.desired(on());
      const failure = await failureOf(world.apply(bundle));
      world.onEvent = undefined;
      assert.equal(failure.exitCode, 1, failure.message);
      assert.match(failure.message, message);
      if (executor === 'native') assert.deepEqual(world.evicted, [], 'no pod was restarted');
      for (let i = 0; i < 4; i++) assert.match((await failureOf(world.apply(bundle))).message, message);
      assert.ok((await revision()) <= 3, 'it is not issued again with every run');

      await drop('');
      await world.apply(bundle, { retry: true });
      await assertDone(world, bundle);
    });
  }
});

describe('native', () => {
  test('a cause that is fixed while the run waits lets the run continue', async () => {
    await secured('native');
    await refuse(REASON);
    const bundle = world.desired(on({ issuedAfter: world.clock.now().toISOString() }));
    let isFixed = false;
    world.onEvent = ({ event, message }) => {
      if (isFixed || event !== 'waiting' || !message.startsWith(REASON)) return;
      isFixed = true;
      void refuse('');
    };
    const began = world.clock.monotonicMs();
    await world.apply(bundle);
    assert.ok(
      waits().some((w) => w.startsWith(`${CERTIFICATE}: ${REASON}`)),
      waits().join('\n'),
    );
    assert.ok(world.clock.monotonicMs() - began < 300_000);
    await assertDone(world, bundle);
  });
});
