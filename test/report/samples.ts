/** Plans and observations for the tests of reports: small, and with the awkward parts. */
import { KINDS, ref } from '#model/kube-object';
import type { Observation } from '#reconciler/model/observation';
import type { Plan } from '#reconciler/model/plan';
import { plan } from '#reconciler/plan/plan';
import { ClusterBuilder, KAFKA as NAME, NAMESPACE, NOW, TLS } from '../support/cluster-builder';

export const KAFKA = ref(KINDS.Kafka, NAMESPACE, NAME);

const off = new ClusterBuilder('combined', 'off').wants(TLS).desires({ acknowledge: [{ kind: 'clientsMoveToTls' }] });
/** TLS is added to a running Kafka. */
export const ADD: Plan = plan(off.bundle, off.live, new Date(NOW));

/** A rotation that waits for the operation of another controller. */
export const WAITING: Plan = {
  subject: KAFKA,
  executor: 'ops-request',
  operation: 'none',
  summary: 'TLS: on (issuer Issuer/orders-ca)',
  steps: [],
  notes: [],
  obstacles: [
    {
      subject: ref(KINDS.KafkaOpsRequest, NAMESPACE, 'scale-up'),
      kind: 'wait',
      until: 'foreignOperation',
      message: 'is not finished (HorizontalScaling, Progressing)',
      hint: 'It is waited for; a second operation would only be queued behind it.',
    },
  ],
};

/** An acknowledgement is missing, and that is not all. */
export const REFUSED: Plan = {
  ...WAITING,
  summary: 'TLS: off -> on (issuer Issuer/orders-ca)',
  obstacles: [
    {
      subject: KAFKA,
      kind: 'invalid',
      message: 'clients must switch to TLS, which is not acknowledged',
      hint: 'Add Acknowledgement.clientsMoveToTls() to the KafkaTls.',
    },
    ...WAITING.obstacles,
  ],
};

/** Nothing to do. */
export const NOTHING: Plan = {
  subject: KAFKA,
  executor: 'ops-request',
  operation: 'none',
  summary: WAITING.summary,
  steps: [],
  notes: [],
  obstacles: [],
};

/** Texts from the cluster that try to be more than text. */
export const HOSTILE: Plan = {
  ...ADD,
  steps: [
    {
      kind: 'configure',
      subject: KAFKA,
      findings: [
        {
          subject: KAFKA,
          reason: 'IssuerChanged',
          message: 'spec.tls.issuerRef is Issuer/\u001b[2Jevil|<b>x</b>\n@team `code`, wanted \u202eIssuer/b',
        },
      ],
    },
  ],
  notes: ['a note with \u0007 a bell and [a link](https://example.com)'],
};

/** A Kafka with one right, one wrong and one unreachable listener. */
export const LIVE: Observation = new ClusterBuilder()
  .podServes('orders-broker-0', { protocol: 'plaintext' })
  .podServes('orders-broker-1', { protocol: 'unknown', because: 'connect ETIMEDOUT' }).live;
