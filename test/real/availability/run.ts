/**
 * `npm run availability [-- --kafka 4|3 --operation NAME ... --by ACTOR ... --runs FILE]`: measures what clients see during operations on real
 * Kafka, and writes `docs/availability.md` and `docs/availability.html`. With a file, runs of earlier calls that it holds are published as well;
 * a run of the same operation, actor and version replaces the earlier one. If this machine lacks something, one sentence names it.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { inspect, parseArgs } from 'node:util';
import { realApi } from '../cluster';
import { apiOf } from '../environment';
import { WITHOUT_KUBEDB } from '../kubedb-kinds';
import { markdownTable } from '../load/chart/table';
import { compiledLoad } from '../load/program';
import { barsOf } from './bars';
import { betweenLines } from './between';
import { measureAll, tasksOf } from './measure';
import { ACTORS, OPERATIONS } from './operations';
import { html, inOrder, markdown, type PublishedRun } from './publish';

const FOLDER = 'docs';

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      kafka: { type: 'string', default: '4' },
      operation: { type: 'string', multiple: true },
      by: { type: 'string', multiple: true },
      runs: { type: 'string' },
    },
  });
  const tasks = tasksOf(values.operation, values.by);
  if (tasks.length === 0 || !['3', '4'].includes(values.kafka)) {
    console.error(
      `availability: --kafka is 4 or 3; --operation is one of: ${OPERATIONS.map((o) => o.name).join('; ')}; --by: ${ACTORS.join('; ')}.`,
    );
    return 2;
  }
  const release = values.kafka === '3' ? 'kafka-3' : 'kafka-4';
  const program = compiledLoad(release);
  const missing = 'missing' in program ? program.missing : WITHOUT_KUBEDB;
  if ('missing' in program || missing !== false) {
    console.error(`availability: skipped: ${missing}.`);
    return 0;
  }
  const runs = new Map(readRuns(values.runs).map((r) => [keyOf(r), r]));
  const controlPlane = await realApi();
  let isEveryBarKept = true;
  try {
    const log = (line: string) => console.error(`${new Date().toISOString().slice(11, 19)} ${line}`);
    for await (const measured of measureAll(tasks, { api: await apiOf(controlPlane), release, program, log })) {
      if ('error' in measured) {
        log(inspect(measured.error));
        isEveryBarKept = false;
        continue;
      }
      const { operation, actor, run, between } = measured;
      const published: PublishedRun = { ...run, executor: actor, date: new Date().toISOString().slice(0, 10), load: loadavg()[0] ?? 0 };
      runs.set(keyOf(published), published);
      log(markdownTable([published]).split('\n')[2] ?? '');
      for (const line of betweenLines(between)) log(line);
      for (const { promise, measured } of barsOf(operation, run).filter((b) => !b.isKept)) log(`not kept: ${promise}: ${measured}`);
      isEveryBarKept &&= actor === 'KubeDB alone' || barsOf(operation, run).every((b) => b.isKept);
      publish([...runs.values()], values.runs);
    }
  } finally {
    await controlPlane.stop();
  }
  console.log(markdownTable(inOrder([...runs.values()])));
  return isEveryBarKept ? 0 : 1;
}

function keyOf({ operation, executor, kafka }: PublishedRun): string {
  return [operation, executor, kafka].join();
}

function readRuns(file: string | undefined): readonly PublishedRun[] {
  return file === undefined || !existsSync(file) ? [] : JSON.parse(readFileSync(file, 'utf8'));
}

/** After every operation: what was measured is kept if a later one fails. */
function publish(runs: readonly PublishedRun[], file: string | undefined): void {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(`${FOLDER}/availability.md`, markdown(runs));
  writeFileSync(`${FOLDER}/availability.html`, html(runs));
  if (file !== undefined) writeFileSync(file, JSON.stringify(runs));
}

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
