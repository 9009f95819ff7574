/** Plans and observations for the tests of reports: small, and with the awkward parts. */
import { asKind } from '#model/kinds/index';
import { KINDS, type KubeObject, type ObjectRef, ref } from '#model/kube-object';
import type { CertificateFacts, Observation, PodFacts, Served } from '#reconciler/model/observation';
import type { Finding, Plan, PlannedRestart, Reason, Step } from '#reconciler/model/plan';

const NAMESPACE = 'demo';
export const KAFKA = ref(KINDS.Kafka, NAMESPACE, 'orders');

const finding = (subject: ObjectRef, reason: Reason, message: string): Finding => ({ subject, reason, message });

function manifest(subject: ObjectRef): KubeObject {
  return { apiVersion: subject.apiVersion, kind: subject.kind, metadata: { name: subject.name, namespace: NAMESPACE }, spec: {} };
}

function create(subject: ObjectRef, reason: Reason): Step {
  return { kind: 'apply', subject, manifest: manifest(subject), change: 'create', findings: [finding(subject, reason, 'does not exist')] };
}

function restart(pod: string, place: string): PlannedRestart {
  const subject = ref(KINDS.Pod, NAMESPACE, pod);
  const findings = [finding(subject, 'PodServesOtherProtocol', 'serves plaintext, wanted TLS')];
  return { subject, findings, role: 'broker', place };
}

const SERVER = ref(KINDS.Certificate, NAMESPACE, 'orders-server-cert');
const request = ref(KINDS.KafkaOpsRequest, NAMESPACE, 'orders-tls-1b2c3d4e');

/** TLS is added to a running Kafka. */
export const ADD: Plan = {
  subject: KAFKA,
  executor: 'native',
  operation: 'add',
  summary: 'TLS: off -> on (issuer Issuer/orders-ca)',
  steps: [
    create(ref(KINDS.Issuer, NAMESPACE, 'orders-ca'), 'IssuerMissing'),
    {
      kind: 'awaitReady',
      subject: ref(KINDS.Issuer, NAMESPACE, 'orders-ca'),
      findings: [finding(KAFKA, 'IssuerNotReady', 'certificates are issued by it')],
    },
    {
      kind: 'submitOpsRequest',
      subject: request,
      manifest: manifest(request),
      operation: 'add',
      isContinued: false,
      pods: [],
      findings: [finding(KAFKA, 'TlsDisabled', 'spec.enableSSL is false, wanted true')],
    },
    { kind: 'pause', subject: KAFKA, findings: [] },
    {
      kind: 'issue',
      subject: KAFKA,
      findings: [],
      certificates: [
        {
          subject: SERVER,
          findings: [finding(SERVER, 'CertificateMissing', 'does not exist')],
          alias: 'server',
          manifest: manifest(SERVER),
          isRotation: false,
        },
      ],
      isRootChange: false,
    },
    {
      kind: 'reconfigure',
      subject: KAFKA,
      findings: [],
      objects: [{ subject: KAFKA, findings: [finding(KAFKA, 'TlsDisabled', 'spec.enableSSL, spec.tls')] }],
    },
    {
      kind: 'evict',
      subject: KAFKA,
      findings: [],
      pods: [
        restart('orders-controller-0', 'active controller last'),
        restart('orders-broker-0', 'unready broker'),
        restart('orders-broker-1', 'broker'),
      ],
    },
    { kind: 'verify', subject: KAFKA, findings: [], request: request.name },
    { kind: 'resume', subject: KAFKA, findings: [] },
  ],
  acknowledged: [{ kind: 'clientsMoveToTls' }],
  cutover: { kind: 'protocol', mode: 'rolling', because: 'restarted and not yet restarted pods speak different protocols' },
  estimate: { durationMs: 175_000, outageMs: 91_000, because: 'a pod took up to 40 s to get Ready; assumed: 10 s for a certificate' },
  notes: ['clients on PLAINTEXT lose the connection broker by broker and have to come back with TLS'],
  obstacles: [],
};

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
        finding(KAFKA, 'IssuerChanged', 'spec.tls.issuerRef is Issuer/\u001b[2Jevil|<b>x</b>\n@team `code`, wanted \u202eIssuer/b'),
      ],
    },
  ],
  notes: ['a note with \u0007 a bell and [a link](https://example.com)'],
};

const certificate = (fingerprint: string): CertificateFacts => ({
  fingerprint: fingerprint.repeat(8),
  serial: '01',
  subject: 'CN=orders-pods.demo.svc',
  issuer: 'CN=orders-ca',
  notBefore: '2026-11-23T09:00:00Z',
  notAfter: '2027-02-21T09:00:00Z',
  dnsNames: ['localhost'],
  ipAddresses: ['127.0.0.1'],
  uris: [],
  emailAddresses: [],
  publicKey: 'ab'.repeat(32),
  isCa: false,
});

function pod(name: string, ordinal: number, served: readonly Served[]): PodFacts {
  const role = name.includes('controller') ? 'controller' : 'broker';
  return {
    name,
    uid: `uid-${name}`,
    role,
    ordinal,
    nodeId: ordinal,
    petSet: `orders-${role}`,
    isReady: true,
    isRunning: true,
    isTerminating: false,
    revision: 'r1',
    served,
  };
}

/** A Kafka with one right, one wrong and one unreachable listener. */
export const LIVE: Observation = {
  format: 1,
  observedAt: '2026-11-23T09:00:00Z',
  namespace: NAMESPACE,
  name: 'orders',
  kafka: asKind('Kafka', manifest(KAFKA)),
  issuers: [],
  certificates: [],
  secrets: [],
  petSets: [],
  pods: [
    pod('orders-controller-0', 0, [{ listener: 'CONTROLLER', protocol: 'tls', leaf: certificate('0123abcd') }]),
    pod('orders-broker-0', 0, [{ listener: 'BROKER', protocol: 'plaintext' }]),
    pod('orders-broker-1', 1, [{ listener: 'BROKER', protocol: 'unknown', because: 'connect ETIMEDOUT' }]),
  ],
  requests: [],
  budgets: [],
  facts: { unknown: 'not read' },
};
