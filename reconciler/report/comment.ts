/**
 * Plans as one comment of a pull request, or as the summary of a workflow run. GitHub refuses a comment of more than 65,536 characters and
 * a summary of more than 1 MiB. A text that is too long loses these parts in this order, and its first line reports the loss:
 *
 *     1. the difference between the bundles (folded away where it is shown)
 *     2. the steps
 *     3. all but one line for each Kafka
 *     4. Kafkas, the least urgent first; the line counts them
 */
import type { KafkaTlsError } from '../errors';
import { hasWork, type Plan } from '../model/plan';
import { errorLines } from './error';
import { code, type Detail, inline, planMarkdown } from './markdown';
import { conclusion, type PlanContext } from './text';

/** The room of a comment or summary, and where a reader finds the full text. */
export interface CommentLimit {
  /** In UTF-8. A text never has more characters than bytes. */
  readonly bytes: number;
  /** A sentence that names the place of the full text. */
  readonly rest: string;
}

/** Leaves room for a marker and for lines that a workflow adds. */
export const COMMENT_BYTES = 64_000;
export const SUMMARY_BYTES = 1_000_000;

export interface DescribedPlan {
  readonly plan: Plan;
  readonly context: PlanContext;
}

const SHORTER: readonly { readonly detail: Detail; readonly leftOut: string }[] = [
  { detail: 'without difference', leftOut: 'the difference between the bundles' },
  { detail: 'without steps', leftOut: 'the difference between the bundles, and the steps' },
];

/** Returns all plans, and lines about Kafkas without a plan, with a line break at the end. */
export function plansMarkdown(plans: readonly DescribedPlan[], lines: readonly string[], limit: CommentLimit): string {
  const whole = joined([...plans.map(({ plan, context }) => planMarkdown(plan, context)), ...lines]);
  if (fits(whole, limit)) return whole;
  for (const { detail, leftOut } of SHORTER) {
    const shortened = plans.map(({ plan, context }) => planMarkdown(plan, context, detail));
    const text = joined([leftOutLine(leftOut, limit), ...shortened, ...lines]);
    if (fits(text, limit)) return text;
  }
  return cut(plans, lines, limit);
}

/** Returns the error that stopped the command, for the place where a reviewer looks for the plan. */
export function errorMarkdown(error: KafkaTlsError, limit: CommentLimit): string {
  const [headline = '', ...reasons] = errorLines(error);
  const head = [
    `### No plan: ${error.exitCode === INVALID ? 'the input is refused' : 'it could not be made'}`,
    `> **${inline(headline.slice(0, LONGEST_HEADLINE))}**`,
  ];
  const hint = error.hint === undefined ? [] : [inline(error.hint)];
  return withCount(
    reasons.map((r) => `- ${inline(r)}`),
    limit,
    (shown, leftOut) => {
      const more = leftOut === 0 ? [] : [leftOutLine(`${leftOut} of ${reasons.length} reasons`, limit)];
      return `${[...head, ...(shown.length === 0 ? [] : [shown.join('\n')]), ...more, ...hint].join('\n\n')}\n`;
    },
  );
}

const INVALID = 2;
/** The message of one violation may quote a whole document. */
const LONGEST_HEADLINE = 4000;

/** Returns one line for each Kafka, the most urgent first. */
function cut(plans: readonly DescribedPlan[], lines: readonly string[], limit: CommentLimit): string {
  const urgency = ({ plan }: DescribedPlan) => (plan.obstacles.length > 0 ? 0 : plan.cutover !== undefined ? 1 : hasWork(plan) ? 2 : 3);
  const sorted = [...plans].sort((a, b) => urgency(a) - urgency(b)).map(line);
  const urgent = plans.filter((p) => urgency(p) < 3).length;
  const all = [...sorted.slice(0, urgent), ...lines.map((text) => `- ${text.trim()}`), ...sorted.slice(urgent)];
  return withCount(all, limit, (shown, leftOut) => {
    const kafkas = leftOut === 0 ? '' : `, and ${leftOut} of ${all.length} Kafkas`;
    return `${leftOutLine(`all but one line for each Kafka${kafkas}`, limit)}\n${shown.join('\n')}\n`;
  });
}

function line({ plan, context }: DescribedPlan): string {
  const { namespace, name } = plan.subject;
  const blockers = plan.obstacles.length === 0 ? '' : ` ${plan.obstacles.length} ${plan.obstacles.length === 1 ? 'blocker' : 'blockers'}.`;
  const cutover = plan.cutover === undefined ? '' : ` A cut-over (${plan.cutover.mode}).`;
  return `- ${code(`${namespace}/${name}`)}: ${inline(plan.summary)}.${blockers}${cutover} **${inline(conclusion(plan, context))}**`;
}

function leftOutLine(what: string, { rest }: CommentLimit): string {
  return `> Left out, because the text would be too long: ${what}. ${rest}\n`;
}

function joined(parts: readonly string[]): string {
  return parts.join('\n');
}

function fits(text: string, { bytes }: CommentLimit): boolean {
  return Buffer.byteLength(text) <= bytes;
}

/** Returns the text with as many items as fit. */
function withCount(items: readonly string[], limit: CommentLimit, render: (shown: readonly string[], leftOut: number) => string): string {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(render(items.slice(0, middle), items.length - middle), limit)) low = middle;
    else high = middle - 1;
  }
  return render(items.slice(0, low), items.length - low);
}
