/** Load on a Kafka of real processes, sampled handshakes with all of its listeners, and the judgement of both. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { KINDS } from '#model/kube-object';
import { trustName } from '#model/names';
import { untyped } from '../../support/untyped';
import { KAFKA } from '../../support/world';
import { type Handshake, HandshakeSampler } from '../load/handshakes';
import { Load, type LoadProgram, tlsProfile } from '../load/program';
import type { Recording } from '../load/record';
import type { Place } from './place';

/** Tells a gap of hundredths of a second, and an hour of it can be judged in memory. */
const RATE = 100;
const LIMIT_MS = 3 * 3_600_000;

export interface Witnessed {
  readonly recording: Recording;
  readonly handshakes: readonly Handshake[];
}

export class PlaceUnderLoad {
  private constructor(
    private readonly folder: string,
    private readonly load: Load,
    private readonly sampler: HandshakeSampler,
  ) {}

  static async start(program: LoadProgram, { world, environment }: Place): Promise<PlaceUnderLoad> {
    const folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-reload-'));
    const trust = path.join(folder, 'ca.crt');
    const published = await world.cluster.get(world.ref(KINDS.ConfigMap, trustName(KAFKA)));
    writeFileSync(trust, untyped(published)?.data?.['ca.crt'] ?? '');
    const login = { user: environment.adminUser, password: await environment.adminPassword() };
    const load = Load.start(program, {
      folder: path.join(folder, 'load'),
      hostsFile: environment.hostsFile,
      profiles: [tlsProfile(environment.bootstrap, login, trust)],
      nodes: environment.pods().map((p) => {
        const role = p.role === 'controller' ? 'controller' : 'broker';
        return { id: p.nodeId, role, address: `${p.fqdn}:${role === 'controller' ? 9093 : 9092}` } as const;
      }),
      watch: login,
      rate: RATE,
      limitMs: LIMIT_MS,
      finishMs: 600_000,
    });
    const sampler = HandshakeSampler.start(() => environment.listeners());
    const started = new PlaceUnderLoad(folder, load, sampler);
    try {
      await load.warm();
      return started;
    } catch (error) {
      await started.kill();
      throw error;
    }
  }

  async stop(): Promise<Witnessed> {
    const recording = await this.load.stop();
    return { recording, handshakes: await this.sampler.stop() };
  }

  async kill(): Promise<void> {
    await this.sampler.stop();
    await this.load.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get lastWords(): string {
    return this.load.lastWords;
  }

  quiet(ms: number): Promise<void> {
    return pause(ms);
  }
}
