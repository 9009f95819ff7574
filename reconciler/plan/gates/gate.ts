/** The form of a gate, and the facts that it is asked on. `gates.ts` lists the gates. */
import type { Desired } from '#model/desired';
import type { KafkaFacts, Observation, PodFacts, PodObservation } from '../../model/observation';

export type GateScope = 'rolling' | 'firstOfCutover' | 'wholeOperation';

/** Why a pod must not restart now. */
export interface Refusal {
  readonly because: string;
  /** Waiting can help. */
  readonly retry: boolean;
}

/** `exempt`: no later gate is asked. `undefined`: no objection. */
export type GateResult = Refusal | 'exempt' | undefined;

export interface Gate {
  /** Users meet the name in refusals. */
  readonly name: string;
  readonly appliesTo: readonly GateScope[];
  readonly check: (pod: PodFacts, view: RestartView) => GateResult;
}

/** What gates depend on. */
export interface RestartView {
  readonly live: PodObservation & Partial<Pick<Observation, 'budgets'>>;
  /** Names of the pods that the plan restarts. */
  readonly planned: ReadonlySet<string>;
  /** The plan is a cut-over. */
  readonly isCutover: boolean;
  /** Names of the planned pods that still run with what they loaded before. */
  readonly outdated: ReadonlySet<string>;
  readonly unknownHealthPolicy: Desired['unknownHealthPolicy'];
  readonly now: Date;
}

/** Returns what Kafka reports of its health; undefined when it reports nothing. */
export function healthOf({ live: { facts } }: RestartView): KafkaFacts | undefined {
  return 'value' in facts ? facts.value : undefined;
}
