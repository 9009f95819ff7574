/**
 * A sensible default cluster as an observation, and the desired state that goes with it; one method a change.
 *
 * The default is a 3+3 Kafka `demo/orders` that serves TLS from `Issuer/orders-ca`, all five layers in agreement: nothing to do. Each
 * method makes one thing different and returns the builder, so that a test states only what matters to it. Impossible states are refused.
 */

import { assembleBundle, type Bundle } from '#model/bundle';
import { BUNDLE_FORMAT, DEFAULT_DEADLINES, type Desired } from '#model/desired';
import type { KeyKind } from '#model/key-kind';
import type { Certificate, Issuer, Kafka, KafkaOpsRequest } from '#model/kinds/index';
import { type Condition, KINDS, type KubeObject } from '#model/kube-object';
import { brokerCertificate } from '#model/kubedb';
import { ANNOTATION_CHANGE, ANNOTATION_OWNER, convergeRequestName, LABEL_KAFKA, REQUEST } from '#model/names';
import { ALIASES, type Alias, normalizeTls, type TlsConfig, type TlsState, tlsHash } from '#model/tls';
import { type ChangeRecord, formatChangeRecord } from '#reconciler/model/change-record';
import type {
  CaFacts,
  CertificateFacts,
  IssuerState,
  KafkaFacts,
  Observation,
  PodFacts,
  Reading,
  SecretFacts,
  Served,
} from '#reconciler/model/observation';
import { assumedObservation, assumedPem, publishedTrustBundle } from '#reconciler/plan/assumed-observation';
import { untyped } from './untyped';

export const NAMESPACE = 'demo';
export const KAFKA = 'orders';
export const OWNER = `${NAMESPACE}/${KAFKA}`;
export const NOW = '2026-11-23T09:00:00Z';

/** Returns a TLS configuration of an issuer in the Kafka's namespace. */
export function tlsBy(issuer: string, change: Partial<TlsConfig> = {}): TlsConfig {
  return normalizeTls(KAFKA, { issuerRef: { apiGroup: 'cert-manager.io', kind: 'Issuer', name: issuer }, certificates: [], ...change });
}

export const TLS = tlsBy('orders-ca');

/** Returns the facts of a certificate; `id` stands for its key and serial. */
export function certificate(id: string, change: Partial<CertificateFacts> = {}): CertificateFacts {
  return {
    fingerprint: `fp-${id}`,
    serial: id,
    subject: `CN=${id}`,
    issuer: 'CN=root of orders-ca',
    ...VALIDITY,
    dnsNames: brokerCertificate(CERTIFICATE_OWNER, TLS, 'server').spec.dnsNames ?? [],
    ipAddresses: ['127.0.0.1'],
    uris: [],
    emailAddresses: [],
    publicKey: `key-${id}`,
    isCa: false,
    signers: ['key-root-of-orders-ca'],
    ...change,
  };
}

const CERTIFICATE_OWNER = { name: KAFKA, namespace: NAMESPACE, keystoreCredSecret: `${KAFKA}-keystore-cred` };
const CA_VALIDITY = { notBefore: '2025-11-23T09:00:00Z', notAfter: '2035-11-23T09:00:00Z' };
const VALIDITY = { notBefore: '2026-10-23T09:00:00Z', notAfter: '2027-01-21T09:00:00Z' };

/** Returns the facts of a CA certificate. */
export function root(id: string, change: Partial<CaFacts> = {}): CaFacts {
  const facts = certificate(id, { dnsNames: [], ipAddresses: [], issuer: `CN=${id}`, signers: [`key-${id}`], isCa: true, ...CA_VALIDITY });
  return { ...facts, pem: assumedPem(facts.fingerprint), ...change };
}

/** What is known of an issuer whose CA can be read. */
export function signingWith(...ca: readonly CaFacts[]): Pick<IssuerState, 'caPublicKeys' | 'ca'> {
  return { caPublicKeys: ca.map((c) => c.publicKey), ca };
}

interface State {
  desired: Desired;
  tls: TlsState;
  issuing: KubeObject[];
  keyKind?: KeyKind;
  declared: boolean;
  live: Observation;
}

export class ClusterBuilder {
  private readonly state: State;

  constructor(topology: 'dedicated' | 'combined' = 'dedicated', tls: TlsState = TLS) {
    this.state = {
      desired: {
        formatVersion: BUNDLE_FORMAT,
        kafka: KAFKA,
        namespace: NAMESPACE,
        owner: OWNER,
        executor: 'native',
        acknowledge: [],
        cutover: 'rolling',
        unknownHealthPolicy: 'readiness',
        retries: 1,
        deadlines: DEFAULT_DEADLINES,
      },
      tls,
      issuing: [],
      declared: false,
      live: { observedAt: NOW } as Observation,
    };
    this.state.live = assumedObservation(this.bundle, kafkaObject(topology, tls), VALIDITY, NOW);
    for (const issuer of this.live.issuers) this.issuer({ ...issuer, ...signingWith(...(this.live.secrets[0]?.ca ?? [])) });
  }

  get live(): Observation {
    return this.state.live;
  }

  /** The desired state as a bundle, the way the constructs make it. */
  get bundle(): Bundle {
    const { desired, tls, issuing, declared } = this.state;
    const labels = { [LABEL_KAFKA]: KAFKA };
    const request = (name: string, spec: object): KubeObject => ({
      apiVersion: KINDS.KafkaOpsRequest.apiVersion,
      kind: 'KafkaOpsRequest',
      metadata: { name, namespace: NAMESPACE, labels, annotations: { [ANNOTATION_OWNER]: desired.owner } },
      spec: { type: 'ReconfigureTLS', databaseRef: { name: KAFKA }, apply: 'Always', timeout: '10m', maxRetries: 1, ...spec },
    });
    const manifests = [
      request(convergeRequestName(KAFKA, tlsHash(KAFKA, tls)), { tls: tls === 'off' ? { remove: true } : tls }),
      ...(tls === 'off' ? [] : [request(`${KAFKA}-tls-rotate`, { tls: { rotateCertificates: true } })]),
      request(`${KAFKA}-tls-restart`, { type: 'Restart', restart: {} }),
      ...(tls !== 'off' && desired.executor === 'native' ? ALIASES.map((alias) => this.brokerCertificate(tls, alias)) : []),
      ...issuing,
      ...(declared ? [kafkaObject('dedicated', tls)] : []),
    ];
    const bundle = assembleBundle(desired, manifests);
    if (!('desired' in bundle)) throw new Error(`the builder made an impossible bundle: ${bundle.join('; ')}`);
    return bundle;
  }

  private brokerCertificate(tls: TlsConfig, alias: Alias): KubeObject {
    const certificate = brokerCertificate(CERTIFICATE_OWNER, tls, alias);
    const privateKey = { ...certificate.spec.privateKey, ...this.state.keyKind };
    return { ...certificate, spec: { ...certificate.spec, privateKey } };
  }

  /** Changes what kind of key the brokers' certificates are to have. */
  wantsKey(keyKind: KeyKind): this {
    this.state.keyKind = keyKind;
    return this;
  }

  /** Changes what is desired of TLS. */
  wants(tls: TlsState): this {
    this.state.tls = tls;
    return this;
  }

  desires(change: Partial<Desired>): this {
    this.state.desired = { ...this.state.desired, ...change };
    return this;
  }

  /** Pods restart to get a certificate that was issued again. */
  byRestart(): this {
    return this.desires({ rotation: { by: 'restart' } });
  }

  /** Adds an Issuer or Certificate to the bundle. */
  issuing(...manifests: KubeObject[]): this {
    this.state.issuing.push(...manifests);
    return this;
  }

  /** The Kafka is declared, not only referenced. */
  declares(): this {
    this.state.declared = true;
    return this;
  }

  /** Changes the observation. */
  sees(change: (live: Observation) => Partial<Observation>): this {
    this.state.live = { ...this.state.live, ...change(this.state.live) };
    return this;
  }

  noKafka(): this {
    return this.sees(() => ({
      kafka: undefined as never,
      petSets: [],
      pods: [],
      certificates: [],
      secrets: [],
      trust: { ca: [] },
    })).dropKafka();
  }

  private dropKafka(): this {
    const { kafka: _, ...rest } = this.state.live;
    this.state.live = rest;
    return this;
  }

  kafka(change: (kafka: Kafka) => Kafka): this {
    return this.sees(({ kafka }) => {
      if (kafka === undefined) throw new Error('there is no Kafka to change');
      return { kafka: change(kafka) };
    });
  }

  /** The Kafka remembers a change. */
  remembers(record: Partial<ChangeRecord>): this {
    const text = formatChangeRecord({ used: [], ...record });
    return this.kafka((k) => ({
      ...k,
      metadata: { ...k.metadata, annotations: { ...k.metadata.annotations, [ANNOTATION_CHANGE]: text } },
    }));
  }

  /** The Kafka remembers that TLS, as it is by default here, began to be turned on. */
  turningOn(): this {
    return this.remembers({
      change: { from: { tls: 'off' }, to: { tls: TLS, root: 'key-root-of-orders-ca' }, unfinished: true },
    });
  }

  kafkaCondition(condition: Condition): this {
    return this.kafka((k) => ({
      ...k,
      status: { ...untyped(k.status), conditions: [...(untyped(k.status)?.conditions ?? []), condition] },
    }));
  }

  pod(name: string, change: Partial<PodFacts>): this {
    return this.sees(({ pods }) => {
      if (!pods.some((p) => p.name === name)) throw new Error(`there is no pod ${name}`);
      return { pods: pods.map((p) => (p.name === name ? { ...p, ...change } : p)) };
    });
  }

  /** Every listener of a pod serves this. */
  podServes(name: string, served: Omit<Served, 'listener'>): this {
    const pod = this.live.pods.find((p) => p.name === name);
    if (pod === undefined) throw new Error(`there is no pod ${name}`);
    return this.pod(name, { served: pod.served.map(({ listener }) => ({ listener, ...served })) });
  }

  secret(name: string, change: Partial<SecretFacts>): this {
    return this.sees(({ secrets }) => ({ secrets: secrets.map((s) => (s.name === name ? { ...s, ...change } : s)) }));
  }

  certificate(name: string, change: (c: Certificate) => Certificate): this {
    return this.sees(({ certificates }) => ({ certificates: certificates.map((c) => (c.metadata.name === name ? change(c) : c)) }));
  }

  issuer(state: IssuerState): this {
    return this.sees(({ issuers }) => ({ issuers: [...issuers.filter((i) => i.name !== state.name), state] }));
  }

  /** The trust bundle holds every CA that clients must trust. */
  toldAll(): this {
    return this.sees((live) => ({ trust: publishedTrustBundle({ bundle: this.bundle, live, now: new Date(NOW) }) }));
  }

  /** Adds a request; `ours` gives it our annotations. */
  request(
    name: string,
    phase: string,
    ours: { executor: 'native' | 'ops-request'; from?: TlsState; annotations?: Record<string, string> } | undefined,
    spec: object = { tls: { remove: true } },
  ): this {
    const annotations =
      ours === undefined
        ? {}
        : {
            [ANNOTATION_OWNER]: OWNER,
            [REQUEST.executor]: ours.executor,
            ...(ours.from === undefined ? {} : { [REQUEST.from]: JSON.stringify(ours.from) }),
            ...ours.annotations,
          };
    const request: KafkaOpsRequest = {
      apiVersion: KINDS.KafkaOpsRequest.apiVersion,
      kind: 'KafkaOpsRequest',
      metadata: { name, namespace: NAMESPACE, annotations, uid: `uid-${name}`, creationTimestamp: NOW },
      spec: { type: 'ReconfigureTLS', databaseRef: { name: KAFKA }, ...spec },
      ...(phase === '' ? {} : { status: { phase } }),
    };
    return this.sees(({ requests }) => ({ requests: [...requests, request] }));
  }

  facts(facts: Reading<KafkaFacts>): this {
    return this.sees(() => ({ facts }));
  }
}

function kafkaObject(topology: 'dedicated' | 'combined', tls: TlsState): Kafka {
  const size = topology === 'dedicated' ? { topology: { controller: { replicas: 3 }, broker: { replicas: 3 } } } : { replicas: 3 };
  return {
    apiVersion: KINDS.Kafka.apiVersion,
    kind: 'Kafka',
    metadata: { name: KAFKA, namespace: NAMESPACE, annotations: { [ANNOTATION_OWNER]: OWNER } },
    spec: { version: '4.2.0', ...size, ...(tls === 'off' ? {} : { enableSSL: true, tls }) },
  };
}

/** Returns an Issuer that cert-manager calls Ready. */
export function readyIssuer(name: string): Issuer {
  return {
    apiVersion: KINDS.Issuer.apiVersion,
    kind: 'Issuer',
    metadata: { name, namespace: NAMESPACE },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  };
}
