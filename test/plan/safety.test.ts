/** What a plan must never do: restart a pod without need, repeat an operation forever, or report a false success. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PAUSE_REASON, REQUEST } from '#model/names';
import { type Plan, restartsOf, type Step } from '#reconciler/model/plan';
import { plan } from '#reconciler/plan/plan';
import { untyped } from '#test/support/untyped';
import { ClusterBuilder, certificate, NOW, TLS, tlsBy } from '../support/cluster-builder';

const SERVER = 'orders-server-cert';
const CONVERGE = new ClusterBuilder().bundle.converge.metadata.name;
const MOVE = [{ kind: 'clientsMoveToTls' }] as const;
const planOf = (c: ClusterBuilder): Plan => plan(c.bundle, c.live, new Date(NOW));
const kinds = (p: Plan) => p.steps.map((s) => s.kind);
/** The state that the submitted request records. */
const fromOf = (p: Plan) =>
  p.steps.flatMap((s) => (s.kind === 'submitOpsRequest' ? [s.manifest.metadata.annotations?.[REQUEST.from]] : []))[0];

const isRotateRequest = (s: Step) => s.kind === 'submitOpsRequest' && untyped(s.manifest.spec)?.tls?.rotateCertificates === true;

const isRotation = (s: Step) => s.kind === 'issue' && s.certificates.some((c) => c.isRotation);

/** A Kafka whose every pod serves this leaf. */
function serving(c: ClusterBuilder, leaf: ReturnType<typeof certificate>): ClusterBuilder {
  c.secret(SERVER, { leaf });
  for (const pod of c.live.pods) c.podServes(pod.name, { protocol: 'tls', leaf, isSignedBySecretCa: true });
  return c;
}

for (const executor of ['native', 'ops-request'] as const) {
  describe(`executor ${executor}`, () => {
    const turningOn = () => new ClusterBuilder('dedicated', 'off').wants(TLS).desires({ executor, acknowledge: MOVE });
    const verified = { executor, annotations: { [REQUEST.verified]: NOW } };

    test('a second attempt records the state before the first one', () => {
      const c = turningOn()
        .kafka((k) => ({ ...k, spec: { ...untyped(k.spec), enableSSL: true, tls: TLS } }))
        .request(CONVERGE, 'Failed', { executor, from: 'off' }, { tls: TLS });
      assert.equal(fromOf(planOf(c)), JSON.stringify('off'));
    });

    test('a repair records no state, so it approves no later cut-over', () => {
      const c = new ClusterBuilder().desires({ executor }).certificate(SERVER, (x) => ({ ...x, spec: { ...x.spec, secretName: 'x' } }));
      assert.equal(fromOf(planOf(c)), undefined);
    });

    test('a rotation is not repeated if the issuer backdates certificates', () => {
      const c = new ClusterBuilder()
        .byRestart()
        .desires({ executor, issuedAfter: '2026-11-23T08:00:00Z' })
        .request('orders-tls-rotate-x', 'Successful', verified, { tls: { rotateCertificates: true } });
      const { obstacles, steps } = planOf(c);
      const [obstacle] = obstacles;
      assert.equal(obstacle?.kind, 'failed', steps.map((s) => s.kind).join());
      assert.match(obstacle?.message ?? '', /Issuer\/orders-ca issues certificates that are already too old: issued 2026-10-23T09:00:00Z/);
      assert.match(obstacle?.hint ?? '', /The issuer backdates them: choose an earlier issuedAfter/);
    });

    test('a rotation is not repeated if new certificates are already close to their expiry', () => {
      const leaf = certificate('server', { notBefore: '2026-01-01T00:00:00Z', notAfter: '2026-12-01T00:00:00Z' });
      const c = serving(new ClusterBuilder().byRestart().desires({ executor }), leaf).request(
        'orders-tls-rotate-x',
        'Successful',
        verified,
        {
          tls: { rotateCertificates: true },
        },
      );
      assert.match(
        planOf(c).obstacles[0]?.message ?? '',
        /Issuer\/orders-ca issues certificates that are already too old: expires 2026-12-01T00:00:00Z/,
      );
    });

    describe('an issuer that leaves wanted names out', () => {
      const { ipAddresses: _, ...rest } = certificate('server');
      const lacking = (change: object = {}) =>
        serving(new ClusterBuilder().byRestart().desires({ executor }), { ...rest, ipAddresses: [], ...change } as ReturnType<
          typeof certificate
        >);

      test('is named, with the names, and nothing is issued again', () => {
        const { obstacles, steps } = planOf(lacking());
        assert.deepEqual([obstacles.map((o) => o.kind), steps], [['failed'], []]);
        assert.equal(obstacles[0]?.message, 'Issuer/orders-ca dropped 127.0.0.1: the issued certificate lacks what was asked for');
        assert.match(obstacles[0]?.hint ?? '', /allow these names, then run "kafka-tls apply --retry"/);
      });

      test('is asked once more with --retry', () => {
        const { bundle, live } = lacking();
        const { steps, obstacles } = plan(bundle, live, new Date(NOW), { retry: true });
        assert.deepEqual(obstacles, []);
        assert.ok(steps.some((s) => (executor === 'native' ? isRotation(s) : isRotateRequest(s))));
      });

      test('does not keep a certificate from being replaced before it expires', () => {
        const { steps, notes } = planOf(lacking({ notAfter: '2026-11-30T00:00:00Z' }));
        assert.ok(restartsOf(steps).length > 0);
        assert.ok(
          notes.some((n) => /orders-server-cert: Issuer\/orders-ca dropped 127\.0\.0\.1/.test(n)),
          notes.join('\n'),
        );
      });

      test('is not blamed for names that cert-manager is still to issue for', () => {
        const isIssuing = [{ type: 'Issuing', status: 'True', reason: 'RequestChanged' }];
        const c = lacking().certificate(SERVER, (x) => ({ ...x, status: { ...x.status, conditions: isIssuing } }));
        assert.deepEqual(planOf(c).obstacles, []);
      });
    });

    test('a rotation covers what cert-manager does not issue by itself', () => {
      const pkcs1 = tlsBy('orders-ca', { certificates: [{ alias: 'server', privateKey: { encoding: 'PKCS1' } }] });
      const { secrets } = new ClusterBuilder().live;
      const again = () => turningOn().sees(() => ({ certificates: [], secrets }));
      const cases = {
        'another key encoding': new ClusterBuilder().wants(pkcs1),
        'TLS again, over a Secret with another key encoding': again().wants(pkcs1),
        'TLS again, over a Secret that is too old': again().desires({ issuedAfter: NOW }),
      };
      for (const [name, c] of Object.entries(cases)) {
        const { steps } = planOf(c.desires({ executor }));
        const [rotated] = steps.filter((s) => isRotation(s) || isRotateRequest(s));
        assert.ok(rotated, `${name}: ${steps.map((s) => s.kind)}`);
      }
    });

    test('a beforeExpiry as long as certificates live rotates nothing', () => {
      const leaf = certificate('server', { notBefore: NOW, notAfter: '2026-11-24T09:00:00Z' });
      assert.deepEqual(kinds(planOf(serving(new ClusterBuilder().desires({ executor, beforeExpiry: '720h' }), leaf))), []);
    });

    test('an invalid chain is a failure, although every change is complete', () => {
      const c = new ClusterBuilder().desires({ executor });
      const [pod] = c.live.pods.filter((p) => p.role === 'broker');
      assert.ok(pod?.served[0]);
      const {
        obstacles: [obstacle],
      } = planOf(c.podServes(pod.name, { ...pod.served[0], untrusted: 'not valid for x' }));
      assert.equal(obstacle?.kind, 'failed');
      assert.match(obstacle?.message ?? '', /not valid for x/);
    });

    test('an old success that was never verified is no blocker', () => {
      const c = turningOn()
        .request(CONVERGE, 'Successful', { executor, from: 'off' }, { tls: TLS })
        .request('orders-tls-x', 'Successful', { ...verified, from: TLS });
      assert.deepEqual(planOf(c).obstacles, []);
    });
  });
}

test('a change of executor lifts the pause of the previous one', () => {
  const c = new ClusterBuilder('dedicated', 'off')
    .wants(TLS)
    .desires({ executor: 'ops-request', acknowledge: MOVE })
    .kafkaCondition({ type: 'Paused', status: 'True', reason: PAUSE_REASON, message: '' } as never);
  assert.deepEqual(kinds(planOf(c)).slice(0, 2), ['record', 'resume']);
});

test('a request that is no longer wanted is superseded', () => {
  const c = new ClusterBuilder('dedicated', 'off')
    .wants('off')
    .request(CONVERGE, 'Progressing', { executor: 'native', from: 'off' }, { tls: TLS });
  assert.ok(kinds(planOf(c)).includes('supersede'));
});

test('a Secret whose CA has not signed its certificate is issued again', () => {
  const c = new ClusterBuilder().secret(SERVER, { isSignedByCa: false });
  assert.ok(kinds(planOf(c)).includes('issue'));
});

test('a new Certificate takes over a Secret that fits, and no pod restarts', () => {
  const c = new ClusterBuilder()
    .desires({ executor: 'native' })
    .sees((live) => ({ certificates: live.certificates.filter((x) => x.metadata.name !== SERVER) }));
  const made = kinds(planOf(c));
  assert.ok(made.includes('issue'), made.join());
  assert.ok(!made.includes('evict'), made.join());
});
