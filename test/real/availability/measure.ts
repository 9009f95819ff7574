/** Measures operations one after the other: one cluster for the reconciler alone, and one with an ops-manager for the other actors. */
import type { RealApi } from '../environment';
import type { Release } from '../kafka/jars';
import type { LoadProgram } from '../load/program';
import { type Actor, OPERATIONS, type Operation } from './operations';
import { type Measurement, Stage } from './stage';

export interface Task {
  readonly operation: Operation;
  readonly actor: Actor;
}

/** A task that did not come to its end. */
export interface Failure extends Task {
  readonly error: unknown;
}

export interface MeasureOptions {
  readonly api: RealApi;
  readonly release: Release;
  readonly program: LoadProgram;
  readonly log: (line: string) => void;
}

const STAGES = [
  { executor: 'native', actors: ['native'] },
  { executor: 'ops-request', actors: ['ops-request', 'KubeDB alone'] },
] as const satisfies readonly { readonly executor: string; readonly actors: readonly Actor[] }[];

/** Returns what can be measured of some operations, by some actors. Without names all. */
export function tasksOf(operations: readonly string[] | undefined, actors: readonly string[] | undefined): readonly Task[] {
  const isChosen = (names: readonly string[] | undefined, name: string) => names === undefined || names.includes(name);
  return STAGES.flatMap(({ actors: own }) => own)
    .filter((actor) => isChosen(actors, actor))
    .flatMap((actor) =>
      OPERATIONS.filter((o) => isChosen(operations, o.name) && o.by.includes(actor)).map((operation) => ({ operation, actor })),
    );
}

/**
 * Measures in order; what a task does not find is arranged before it. After a failed task the state of the cluster is unknown, so the next one
 * begins with a new cluster.
 */
export async function* measureAll(tasks: readonly Task[], options: MeasureOptions): AsyncGenerator<Measurement | Failure> {
  for (const { executor, actors } of STAGES) {
    let stage: Stage | undefined;
    try {
      for (const task of tasks.filter(({ actor }) => (actors as readonly Actor[]).includes(actor))) {
        options.log(`${task.operation.name}, ${task.actor}`);
        stage ??= await Stage.start({ ...options, executor });
        try {
          await stage.arrange(task.operation);
          yield await stage.measure(task.operation, task.actor);
        } catch (error) {
          yield { ...task, error };
          await stage.stop();
          stage = undefined;
        }
      }
    } finally {
      await stage?.stop();
    }
  }
}
