/**
 * A real Kubernetes API for tests: etcd, kube-apiserver and kube-controller-manager on loopback ports, and what is added to them. All of it
 * are Go programs below this folder, built from modules of the releases that their go.mod names.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { clientOf } from '../sandbox/contract/client';
import { type Built, build, type GoProgram } from './go';
import { createCatalog, KUBEDB_CRDS, WITHOUT_KUBEDB } from './kubedb-kinds';
import { type Part, startPart } from './part';

const CONTROL_PLANE: GoProgram = { name: 'control-plane' };

/** cert-manager's own controllers and webhook, for self-signed and CA issuers. */
export const CERT_MANAGER: GoProgram = {
  name: 'cert-manager',
  crds: { module: 'github.com/cert-manager/cert-manager', folder: 'deploy/crds' },
};

export interface ControlPlane {
  /** File with an administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** Ends everything and removes its files. Fails if a program had ended by itself. */
  stop(): Promise<void>;
}

/** Starts a control plane with the kinds of all that is added to it, then that. Resolves once all of it is ready. */
export async function startControlPlane(...addOns: readonly GoProgram[]): Promise<ControlPlane> {
  const controlPlane = await build(CONTROL_PLANE);
  const added: Built[] = [];
  // One after the other: a build alone takes every core.
  for (const addOn of addOns) added.push(await build(addOn));

  const dir = mkdtempSync(path.join(tmpdir(), 'kafka-tls-control-plane-'));
  const parts: Part[] = [];
  const start = (program: Built, ...args: readonly string[]) => {
    const part = startPart(program, path.join(dir, program.name), args);
    parts.push(part);
    return part.ready;
  };
  const stop = async () => {
    const lost = parts.find((part) => part.hasEnded())?.failure('ended by itself');
    for (const part of parts.toReversed()) await part.stop();
    rmSync(dir, { recursive: true, force: true });
    if (lost !== undefined) throw lost;
  };
  try {
    const crds = [...added.flatMap((program) => program.crds ?? []), ...(WITHOUT_KUBEDB ? [] : [KUBEDB_CRDS])];
    const { kubeconfig = '' } = await start(controlPlane, ...crds.flatMap((folder) => ['--crds', folder]));
    await Promise.all(added.map((program) => start(program, '--kubeconfig', kubeconfig)));
    return { kubeconfig, stop };
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}

/**
 * Returns the API server that `npm run test:real` has started for all suites, or that KAFKA_TLS_TEST_KUBECONFIG names; else a separate one.
 * KubeDB's kinds and catalog are there, if they can be had.
 */
export async function realApi(): Promise<ControlPlane> {
  const given = process.env.KAFKA_TLS_TEST_KUBECONFIG;
  const controlPlane = given === undefined ? await startControlPlane(CERT_MANAGER) : { kubeconfig: given, stop: async () => undefined };
  try {
    if (!WITHOUT_KUBEDB) await createCatalog(clientOf(controlPlane.kubeconfig));
  } catch (error) {
    await controlPlane.stop();
    throw error;
  }
  return controlPlane;
}
