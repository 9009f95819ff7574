/** The page about reasons, blockers, gates, errors and rules of synth, with what to do about each. */
import { BLOCKED } from '#reconciler/errors';
import { REASONS } from '#reconciler/model/plan';
import { type FoundText, foundTexts, isMadeElsewhere } from './found-texts';
import { escaped, GENERATED, table } from './markdown';
import { isPassedOn } from './texts';

/** What ends a run, and what to do where its text does not say. */
const ENDINGS: Readonly<Record<string, { readonly code: number; readonly otherwise: string }>> = {
  invalid: { code: 2, otherwise: 'Change the desired state and commit.' },
  failed: { code: 1, otherwise: 'Fix the cause, then run "kafka-tls apply --retry".' },
  blocked: { code: BLOCKED, otherwise: 'Run again when that has changed.' },
  wait: { code: BLOCKED, otherwise: 'The run waits for it. After its deadline, run again.' },
  InvalidInputError: { code: 2, otherwise: 'Change the input.' },
  ClusterError: { code: 1, otherwise: 'Fix the cause and run again. The exit code is 4 if the same call may succeed later.' },
  OperationFailedError: { code: 1, otherwise: 'Fix the cause and run again.' },
  TimeoutError: { code: 1, otherwise: 'Look at the object that the message names, and run again.' },
  BlockedError: { code: BLOCKED, otherwise: 'Run again later. The Job does.' },
  InterruptedError: { code: 130, otherwise: 'Run the command that the message names.' },
  InternalError: { code: 70, otherwise: 'Report a bug, with the file that "kafka-tls observe" writes.' },
};

const SYNTH_SUBJECTS: readonly (readonly [string, string])[] = [
  ['validate-desired', 'KafkaTls'],
  ['validate-tls', 'TLS and certificates'],
  ['validate-certificate', 'Certificates and issuers'],
  ['certificate-names', 'Names in certificates'],
  ['validate-kafka', 'A declared Kafka'],
  ['validate-request', 'KafkaOpsRequest'],
  ['validate-job', 'Job and CronJob'],
  ['cron', 'Schedules'],
  ['image-reference', 'Images'],
  ['validate-pod', 'The pods of Job and CronJob'],
  ['validate-metadata', 'Names, labels and annotations'],
  ['validate-bundle', 'The bundle as a whole'],
  ['validate-schema', 'Unknown fields'],
  ['validate', 'Secrets in the bundle'],
];

export function messagesPage(): string {
  const all = foundTexts().filter((text) => !isMadeElsewhere(text));
  const of = (origin: FoundText['origin']) => all.filter((t) => t.origin === origin);
  const parts = [
    '# Reasons and messages',
    GENERATED,
    'Texts are as the code writes them; `‹name›` is a value. A text begins with its subject, such as `Kafka/demo/orders: `, which is left out here.',
    'On this page: [reasons](#reasons), [blockers](#blockers), [gates](#gates), [errors](#errors), [what synth refuses](#what-synth-refuses).',
    '## Reasons',
    'Why a plan has a step. They are the `reason` of a finding in `plan --output json`.',
    table(
      ['reason', 'situation'],
      Object.entries(REASONS).map(([reason, text]) => [`\`${reason}\``, text]),
    ),
    '## Blockers',
    'What forbids to act now. `plan` and `apply` list all of them before the first change. The exit code is that of the most severe one.',
    endings(of('blocker')),
    '## Gates',
    `Why a pod may not restart now. A run waits for it, up to the deadline \`gate\`, then exits with ${BLOCKED}. See [how a restart is made safe](../explanation/safe-restarts.md#gates).`,
    table(
      ['refusal'],
      unique(of('gate').flatMap(({ messages }) => messages)).map((m) => [escaped(m)]),
    ),
    '## Errors',
    'What ends a command, besides blockers.',
    endings(of('error')),
    '## What synth refuses',
    'Synth reports all of them at once, each as `object: field value: message`. A warning is printed and refuses nothing.',
    ...SYNTH_SUBJECTS.flatMap(([file, title]) =>
      rules(
        of('synth').filter(({ place }) => place.includes(`/${file}#`)),
        title,
      ),
    ),
  ];
  return `${parts.join('\n\n')}\n`;
}

function endings(texts: readonly FoundText[]): string {
  const rows = texts.map(({ kinds, messages, hints }) => {
    const [ending] = kinds.map((kind) => ENDINGS[kind]);
    if (ending === undefined) throw new Error(`${kinds} ends a run in no known way`);
    const own = messages.filter((m) => !isPassedOn(m));
    const told = hints.filter((h) => !isPassedOn(h));
    return {
      code: ending.code,
      message: (own.length > 0 ? own : messages).map(escaped).join('<br>'),
      advice: (told.length > 0 ? told.map(escaped) : [ending.otherwise]).join('<br>'),
    };
  });
  const sorted = rows.sort((a, b) => a.code - b.code || (a.message < b.message ? -1 : 1));
  return table(
    ['message', 'exit code', 'what to do'],
    unique(sorted.map((r) => [r.message, String(r.code), r.advice].join('\0'))).map((r) => r.split('\0')),
  );
}

function rules(texts: readonly FoundText[], title: string): readonly string[] {
  const messages = texts.flatMap(({ kinds, messages: variants, hints }) =>
    variants
      .filter((m) => !isPassedOn(m))
      .map((m) => `${kinds.includes('warning') ? 'Warning: ' : ''}${[withoutDot(m), ...hints].join('. ')}`),
  );
  return messages.length === 0
    ? []
    : [
        `### ${title}`,
        unique(messages)
          .map((m) => `- ${escaped(m)}`)
          .join('\n'),
      ];
}

function withoutDot(text: string): string {
  return text.replace(/\.$/, (dot) => (text.includes('. ') ? dot : ''));
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}
