/**
 * The answers of KubeDB's own webhooks, recorded in a file: `npm test` compares with them and needs no Go and no cluster.
 *
 * The file names the releases that answered. The webhooks were KubeDB's public ones for `kubedb.com/v1` Kafka and `ops.kubedb.com/v1alpha1`
 * KafkaOpsRequest, set up as inside a cluster (seccomp profile RuntimeDefault), without its operators; the catalog was the sandbox's.
 * A server with KubeDB's webhooks answers again in `test/real`; with UPDATE_GOLDEN=1 its answers are recorded.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Answers } from './stage';

const FILE = path.resolve(process.cwd(), 'test/admission/kubedb-answers.json');

interface Recording extends Answers {
  /** Releases of KubeDB's apimachinery and of Kubernetes. A build from the module does not report its release, so both are written by hand. */
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

/** Verdicts, refusing parts and fields. The wording may change with any release of KubeDB. */
export function withoutMessages({ verdicts, ...rest }: Answers): Answers {
  const silent = Object.entries(verdicts).map(([name, { message: _, ...verdict }]) => [name, verdict]);
  return { verdicts: Object.fromEntries(silent), ...rest };
}
