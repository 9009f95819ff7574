/**
 * An API server that gives invalid answers, sometimes or always: a command succeeds, or its error describes the answer.
 *
 * A handler between the command and the sandbox's API changes answers. Time is the fake clock's, so a wait without an end is an error.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ApiRequest, ApiResponse } from '#reconciler/sandbox/api/api';
import type { Handler } from '../chaos/network';
import { configMapOfBundle, yaml } from '../support/bundle-text';
import { commandsWith } from '../support/command-line';
import { bundleFor, type DesiredState } from '../support/desired-states';
import { clusterIn } from '../support/transports';
import type { MemoryEnvironment, World } from '../support/world';
import { ON, outsideOf, tlsWorld } from './fixtures';
import { assertAlways, runGracefully } from './graceful';
import { anyMutation, anySlips, type Mutation, mutated, slipped } from './mutations';

/** What becomes of an answer. */
type Nonsense =
  | { readonly kind: 'mutated'; readonly mutations: readonly Mutation[] }
  | { readonly kind: 'slipped'; readonly slips: Parameters<typeof slipped>[1] }
  | { readonly kind: 'other'; readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> };

const status = (code: unknown, more: object = {}) =>
  JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason: 'Odd', message: 'odd', ...more });

const BODIES = [
  ...['', ' ', 'null', '[]', '{}', '"text"', '0', '{"items": {}}', '{"items": [null], "metadata": {}}', '{"metadata": null, "items": []}'],
  ...['<!DOCTYPE html>\n<html><body>Log in</body></html>', 'upstream connect error', '\u0000', '{"kind": "Status"}'],
  ...[status(200), status('x'), status(410, { reason: 3 }), status(409, { message: { a: 1 } }), status(422, { details: [] })],
  status(422, { details: { causes: [null, { message: 5 }, { field: {}, message: 'x' }] } }),
  status(409, { details: { causes: [{ reason: 'FieldManagerConflict', message: 7 }] } }),
  status(429, { details: { retryAfterSeconds: 'soon', causes: 'many' } }),
  status(404, { details: { name: 5 } }),
];
const STATUSES = [200, 201, 202, 204, 299, 301, 302, 304, 400, 401, 403, 404, 405, 409, 410, 413, 418, 422, 429, 500, 502, 503, 504, 599];
const HEADERS = [
  {},
  { 'retry-after': '1e9' },
  { 'retry-after': '-1' },
  { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' },
  { 'retry-after': 'NaN' },
];

const anyNonsense: fc.Arbitrary<Nonsense> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('mutated' as const), mutations: fc.array(anyMutation, { minLength: 1, maxLength: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('slipped' as const), slips: anySlips }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('other' as const),
      status: fc.constantFrom(...STATUSES),
      body: fc.constantFrom(...BODIES),
      headers: fc.constantFrom(...HEADERS),
    }),
  },
);

/** Which answers are changed: from one on, every so many, so many times. */
interface When {
  readonly first: number;
  readonly every: number;
  readonly times: number;
}

const anyWhen = fc.record({ first: fc.nat(60), every: fc.constantFrom(1, 2, 7), times: fc.constantFrom(1, 3, Number.POSITIVE_INFINITY) });

class Garbler implements Handler {
  private n = 0;
  private left: number;

  constructor(
    private readonly api: Handler,
    private readonly nonsense: Nonsense,
    private readonly when: When,
  ) {
    this.left = when.times;
  }

  async handle(request: ApiRequest): Promise<ApiResponse> {
    const response = await this.api.handle(request);
    const i = this.n++ - this.when.first;
    if (i < 0 || i % this.when.every !== 0 || this.left <= 0) return response;
    this.left--;
    if (typeof response.body !== 'string') return { ...response, body: this.garbledLines(response.body) };
    return this.garbled(response, response.body);
  }

  private garbled(response: ApiResponse, body: string): ApiResponse {
    const { nonsense } = this;
    if (nonsense.kind === 'other') return { status: nonsense.status, headers: nonsense.headers ?? {}, body: nonsense.body };
    return { ...response, body: this.garbledText(body) };
  }

  private garbledText(text: string): string {
    const { nonsense } = this;
    if (nonsense.kind === 'mutated') return `${JSON.stringify(mutated(JSON.parse(text), nonsense.mutations))}\n`;
    return nonsense.kind === 'slipped' ? slipped(text, nonsense.slips) : `${nonsense.body}\n`;
  }

  private async *garbledLines(lines: AsyncIterable<string>): AsyncIterable<string> {
    for await (const line of lines) yield this.garbledText(line);
  }
}

const NATIVE_NEXT: DesiredState = { ...ON, names: ['b.example.org'] };

const apiOf = ({ environment }: World): Handler => (environment as MemoryEnvironment).sandbox.api;

/** Commands that ask a cluster and change nothing. */
const READERS = commandsWith('--context').filter((command) => command !== 'apply');

const COMMANDS: readonly (readonly string[])[] = [
  ...READERS.map((command) => [command, '-f', '-']),
  ['plan', '-f', '-', '--output', 'json'],
  ['plan', '--config-map', 'kafka-tls-orders'],
  ['observe', '--kafka', 'orders'],
  ['verify', '--kafka', 'orders', '--output', 'json'],
  ['status', '--output', 'json'],
];

for (const executor of ['native', 'ops-request'] as const) {
  test(`commands that only read end gracefully, whatever the server answers: ${executor}`, async () => {
    const world = await tlsWorld(executor);
    const bundle = configMapOfBundle(bundleFor(NATIVE_NEXT, executor, world.clock.now()));
    await world.cluster.create(bundle);
    const property = fc.asyncProperty(fc.constantFrom(...COMMANDS), anyNonsense, anyWhen, async (command, nonsense, when) => {
      const cluster = clusterIn(new Garbler(apiOf(world), nonsense, { ...when, first: when.first % 20 }), world.clock);
      const io = { stdin: async () => yaml(bundle) };
      await world.environment.run(runGracefully(command, { io, outside: outsideOf(world, cluster) }), 3_600_000);
    });
    await assertAlways(property, 40);
    await world.stop();
  });

  test(`apply ends gracefully, whatever the server answers: ${executor}`, async () => {
    const world = await tlsWorld(executor);
    let wanted = ON;
    const property = fc.asyncProperty(anyNonsense, anyWhen, fc.boolean(), async (nonsense, when, isJson) => {
      // There is always something to do: what the last run was kept from, or the way back.
      wanted = wanted === ON ? NATIVE_NEXT : ON;
      const bundle = configMapOfBundle(bundleFor(wanted, executor, world.clock.now()));
      const cluster = clusterIn(new Garbler(apiOf(world), nonsense, when), world.clock);
      const io = { stdin: async () => yaml(bundle) };
      const argv = ['apply', '-f', '-', '--retry', ...(isJson ? ['--output', 'json'] : [])];
      await world.environment.run(runGracefully(argv, { io, outside: outsideOf(world, cluster) }), 24 * 3_600_000);
    });
    await assertAlways(property, 4);
    // The cluster is not damaged: with valid answers the next run converges.
    await world.apply(bundleFor(ON, executor, world.clock.now()), { retry: true });
    assert.deepEqual(await world.apply(bundleFor(ON, executor, world.clock.now())), { changed: false, message: 'nothing to do' });
    await world.stop();
  });
}
