/**
 * A world on a real API server, in real time: its own namespace, the stand-ins for what no registry has (KubeDB's operators, kubelets), and
 * the product as the ServiceAccount and with the Role that the constructs emit for it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { App, Chart, Testing } from 'cdk8s';
import { parse, stringify } from 'yaml';
import { KafkaTls, type Tls } from '#constructs/index';
import type { ExecutorName } from '#model/desired';
import { KINDS, type KubeObject } from '#model/kube-object';
import { bundleName } from '#model/names';
import { sandboxAddress } from '#reconciler/cli/sandbox-brokers';
import { dnsAddress } from '#reconciler/cluster/address';
import { createDialer } from '#reconciler/cluster/dial';
import type { HttpTransport, TransportRequest } from '#reconciler/cluster/http';
import { kubeCluster } from '#reconciler/cluster/kube';
import { loadConnection } from '#reconciler/cluster/kube-config';
import { systemClock } from '#reconciler/cluster/system-clock';
import type { Dialer, KafkaAdmin, KafkaFactsSource } from '#reconciler/ports';
import { Client, type Send } from '#reconciler/sandbox/client';
import { createStandIns, type StandIns, type StandInsOptions } from '#reconciler/sandbox/stand-ins/stand-ins';
import { desiredProps, onWithNewRoot } from '../support/desired-states';
import { KAFKA, modelAdmin, modelFacts, type TestEnvironment, type WorldOptions } from '../support/world';
import { type Asked, telling } from './asked';
import { type ControlPlane, realApi } from './cluster';

/** Enough for an instant to lie after a certificate that was stamped in whole seconds. */
const TELLABLE_MS = 2_100;

let environments = 0;

/** Has the control plane there while the tests of a suite run, and returns how to get at its places then. */
export function realEnvironments(): () => Environments {
  const api = apiOfSuite();
  return () => ({
    asked: api().asked,
    environment: (executor, options) => new RealEnvironment(api(), executor, options),
  });
}

/** Has the API server there while the tests of a suite run, and returns it then. */
export function apiOfSuite(): () => RealApi {
  let controlPlane: ControlPlane | undefined;
  let found: RealApi | undefined;
  before(async () => {
    controlPlane = await realApi();
    found = await apiOf(controlPlane);
  });
  after(async () => {
    found?.admin.close();
    await controlPlane?.stop();
  });
  return () => {
    if (found === undefined) throw new Error('the control plane has not started yet');
    return found;
  };
}

/** Connects to an API server as its administrator. */
export async function apiOf({ kubeconfig }: Pick<ControlPlane, 'kubeconfig'>): Promise<RealApi> {
  const { transport: admin } = await loadConnection({ kubeconfig });
  return { kubeconfig, folder: path.dirname(kubeconfig), admin, asked: { native: [], 'ops-request': [] } };
}

export interface Environments {
  /** What each executor has asked for so far. */
  readonly asked: Readonly<Record<ExecutorName, Asked[]>>;
  environment(executor: ExecutorName, options: WorldOptions): RealEnvironment;
}

/** An administrator's credentials, and a folder for those of ServiceAccounts. */
export interface RealApi {
  readonly kubeconfig: string;
  readonly folder: string;
  /** With the administrator's credentials. */
  readonly admin: HttpTransport;
  readonly asked: Environments['asked'];
}

export class RealEnvironment implements TestEnvironment {
  readonly clock = systemClock;
  /** Suites run side by side. */
  readonly namespace = `demo-${process.pid}-${++environments}`;
  readonly cluster;
  private readonly model: KafkaFactsSource;
  /** File with the credentials of the ServiceAccount. */
  readonly kubeconfig: string;
  readonly send: Send;
  protected readonly client: Client;
  private readonly standIns: StandIns;
  private transport: HttpTransport | undefined;

  constructor(
    private readonly api: RealApi,
    private readonly executor: ExecutorName,
    options: WorldOptions,
    change: Partial<StandInsOptions> = {},
  ) {
    const { admin } = api;
    this.send = sendOver(admin);
    this.client = new Client({ send: this.send, manager: 'test' });
    this.cluster = kubeCluster(admin, systemClock);
    this.kubeconfig = path.join(api.folder, `${this.namespace}.kubeconfig`);
    this.standIns = createStandIns(this.send, {
      clock: systemClock,
      opsManager: options.opsManager ?? true,
      without: ['cert-manager', 'disruption-controller'],
      namespace: this.namespace,
      // A budget takes a pod of the same name that is back before its controller has seen the previous one go for that one, for two minutes.
      timing: { podStopMs: 400, podStartMs: 200, opsStepMs: 100, ...options.sandbox?.timing },
      ...change,
    });
    this.model = modelFacts(this.standIns);
  }

  get dialer(): Dialer {
    return createDialer(systemClock, { addressOf: sandboxAddress(dnsAddress) });
  }

  get facts(): KafkaFactsSource {
    return this.model;
  }

  get admin(): KafkaAdmin {
    return modelAdmin(this.standIns);
  }

  get product() {
    if (this.transport === undefined) throw new Error(`${this.namespace} was not started`);
    return kubeCluster(this.transport, systemClock);
  }

  /** Carries a request of the product, with the ServiceAccount's credentials. */
  get sendAsProduct(): Send {
    if (this.transport === undefined) throw new Error(`${this.namespace} was not started`);
    return sendOver(this.transport);
  }

  async start(): Promise<void> {
    await this.client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: this.namespace } });
    for (const object of accessOf(this.executor, this.namespace)) await this.client.create(object);
    this.transport = await this.logIn();
    await this.standIns.start();
  }

  /** Gives the ServiceAccount the Role of a commit, as a GitOps tool does before the Job runs. */
  async grant(tls: Tls): Promise<void> {
    for (const object of accessOf(this.executor, this.namespace, tls)) if (object.kind === 'Role') await this.client.apply(object);
  }

  /** Returns a new transport with a new token of the ServiceAccount: an account that was created again knows no older tokens. */
  async logIn(): Promise<HttpTransport> {
    writeFileSync(this.kubeconfig, await this.kubeconfigOf(bundleName(KAFKA)), { mode: 0o600 });
    const { transport } = await loadConnection({ kubeconfig: this.kubeconfig });
    return telling(transport, (asked) => this.api.asked[this.executor].push(asked));
  }

  async stop(): Promise<void> {
    this.standIns.stop();
    this.transport?.close();
    // Its controllers are gone, so nothing else would end its pods.
    for (const pod of (await this.client.list(KINDS.Pod, this.namespace)).items) await this.client.delete(pod, { gracePeriodSeconds: 0 });
    await this.client.delete({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: this.namespace } });
  }

  run<T>(promise: Promise<T>): Promise<T> {
    return promise;
  }

  /** Real time cannot be skipped. It is enough that one instant differs from another. */
  pass(ms: number): Promise<void> {
    return systemClock.sleep(Math.min(ms, TELLABLE_MS));
  }

  /** As the pod of the Job would be: with a token of the ServiceAccount, and nothing else. */
  private async kubeconfigOf(serviceAccount: string): Promise<string> {
    const { body } = await this.send({
      method: 'POST',
      path: `/api/v1/namespaces/${this.namespace}/serviceaccounts/${serviceAccount}/token`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }),
    });
    const { token } = JSON.parse(String(body)).status;
    const config = parse(readFileSync(this.api.kubeconfig, 'utf8'));
    const context = { ...config.contexts[0].context, namespace: this.namespace };
    return stringify({ ...config, users: [{ name: context.user, user: { token } }], contexts: [{ ...config.contexts[0], context }] });
  }
}

/** What the constructs emit for the reconciler's access, in a KafkaTls with a Job. By default with the new root that scenarios lead to. */
export function accessOf(executor: ExecutorName, namespace: string, tls = onWithNewRoot()): readonly KubeObject[] {
  const chart = new Chart(new App(), 'chart', { namespace });
  new KafkaTls(chart, 'tls', desiredProps(executor, tls, { job: { image: `kafka-tls@sha256:${'0'.repeat(64)}` } }));
  const isAccess = ({ kind }: KubeObject) => ['ServiceAccount', 'Role', 'RoleBinding'].includes(kind);
  return Testing.synth(chart).filter(isAccess);
}

/** Carries what stand-ins ask over the product's own transport, which a separate test checks. */
export function sendOver(transport: HttpTransport): Send {
  return ({ method, path: target, headers, body, signal }) => {
    const { pathname, searchParams } = new URL(target, transport.server);
    return transport.request({
      method: method as TransportRequest['method'],
      path: pathname,
      query: Object.fromEntries(searchParams),
      headers,
      isStream: searchParams.get('watch') === 'true',
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
  };
}
