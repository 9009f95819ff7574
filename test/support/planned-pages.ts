/** Pages of `kafka-tls plan --output html`, and what `--output json` says about the same cluster. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Tls, TlsIssuer } from '#constructs/index';
import type { Plan } from '#reconciler/model/plan';
import { bundleFile } from './bundle-text';
import { kafkaTlsIn } from './command-line';
import { on, onWithNewRoot } from './desired-states';
import { COMBINED, startPlaintext, startSecured, type World } from './world';

export interface PlannedPage {
  readonly page: string;
  readonly plan: Plan;
  readonly exitCodes: readonly [html: number, json: number];
}

interface Case {
  readonly start: () => Promise<World>;
  readonly tls: Tls;
}

/** One plan of each kind that a reader of pages meets. */
export const PLANNED = {
  'planned cut-over': { start: () => startPlaintext('native'), tls: on() },
  'planned change of root': { start: () => startSecured('native', on(), { kafka: COMBINED }), tls: onWithNewRoot() },
  'blocked plan': { start: () => startPlaintext('native'), tls: Tls.on({ issuer: TlsIssuer.selfSignedCa() }) },
  'empty plan': { start: () => startSecured('native', on(), { kafka: COMBINED }), tls: on() },
} satisfies Readonly<Record<string, Case>>;
export type PlannedName = keyof typeof PLANNED;

const pages = new Map<string, Promise<PlannedPage>>();

/** Returns the page of this name; each is made once in a process. */
export function plannedPage(name: PlannedName): Promise<PlannedPage> {
  const known = pages.get(name) ?? made(PLANNED[name]);
  pages.set(name, known);
  return known;
}

async function made({ start, tls }: Case): Promise<PlannedPage> {
  const folder = mkdtempSync(path.join(tmpdir(), 'planned-'));
  const world = await start();
  try {
    const bundle = bundleFile(path.join(folder, 'bundle.yaml'), world.desired(tls));
    const ran = (format: string) => kafkaTlsIn(world.environment, ['plan', '-f', bundle, '--output', format]);
    const [html, json] = [await ran('html'), await ran('json')];
    const [plan] = (JSON.parse(json.stdout) as { readonly plans: readonly [Plan] }).plans;
    return { page: html.stdout, plan, exitCodes: [html.exitCode, json.exitCode] };
  } finally {
    await world.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
