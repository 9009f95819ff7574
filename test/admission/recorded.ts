/**
 * What KubeDB's own webhooks answered, kept in a file: `npm test` compares us with it and needs no Go and no cluster.
 *
 * The file names the releases that answered. The webhooks were KubeDB's public ones for `kubedb.com/v1` Kafka and `ops.kubedb.com/v1alpha1`
 * KafkaOpsRequest, set up as inside a cluster (seccomp profile RuntimeDefault), without its operators; the catalog was the sandbox's.
 * A server with KubeDB's webhooks answers anew in `test/real`, and UPDATE_GOLDEN=1 keeps what it says.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Answers } from './stage';

const FILE = path.resolve(process.cwd(), 'test/admission/kubedb-answers.json');

interface Recording extends Answers {
  /** Release of KubeDB's apimachinery, and of Kubernetes. Neither says it when built from its module, so both are written by hand. */
  readonly kubedb: string;
  readonly kubernetes: string;
}

export function recordedAnswers(): Recording {
  return JSON.parse(readFileSync(FILE, 'utf8'));
}

export function record(answers: Answers): void {
  const { kubedb, kubernetes } = recordedAnswers();
  const { verdicts, completed, endings } = withoutMessages(answers);
  const lines = (of: object) =>
    Object.entries(of)
      .map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`)
      .join(',\n');
  const sections = Object.entries({ verdicts, completed, endings }).map(([name, of]) => ` "${name}": {\n${lines(of)}\n }`);
  const head = Object.entries({ kubedb, kubernetes }).map(([name, of]) => ` "${name}": ${JSON.stringify(of)}`);
  writeFileSync(FILE, `{\n${[...head, ...sections].join(',\n')}\n}\n`);
}

/** What was decided, by whom and about which field; how it was worded is KubeDB's own business. */
export function withoutMessages({ verdicts, ...rest }: Answers): Answers {
  const silent = Object.entries(verdicts).map(([name, { message: _, ...verdict }]) => [name, verdict]);
  return { verdicts: Object.fromEntries(silent), ...rest };
}
