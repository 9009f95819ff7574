/** A plan as Markdown, for a pull request on GitHub or GitLab. */
import { formatAcknowledgement } from '#model/acknowledgement';
import { formatRef } from '#model/kube-object';
import type { Plan, PlannedRootChange } from '../model/plan';
import { stepRows } from '../model/step-rows';
import { printable, sentence } from './printable';
import { PHASE_HEADINGS, phaseRows, rootChangeLine, rootChangeNotes } from './root-change';
import { statesLine } from './states';
import { clientsLine, conclusion, cutoverLine, estimateLine, obstacleLine, type PlanContext, rowCells } from './text';

/** How much of a plan is shown. */
export type Detail = 'all' | 'without difference' | 'without steps';

/** Returns a plan as Markdown, with a line break at its end. */
export function planMarkdown(plan: Plan, context: PlanContext, detail: Detail = 'all'): string {
  const blocks = [`### ${inline(formatRef(plan.subject))}`, `${inline(plan.summary)} (executor: ${plan.executor})`];
  for (const obstacle of plan.obstacles) {
    const hint = obstacle.hint === undefined ? '' : ` ${inline(obstacle.hint)}`;
    blocks.push(`> **${inline(obstacleLine(obstacle))}**${hint}`);
  }
  if (plan.cutover !== undefined) blocks.push(`> **${inline(cutoverLine(plan.cutover))}**`);
  if (plan.steps.length > 0 && detail !== 'without steps') blocks.push(stepTable(plan));
  if (plan.rootChange !== undefined) blocks.push(phaseTable(plan.rootChange));
  const clients = clientsLine(plan);
  if (clients !== undefined) blocks.push(clients);
  if (plan.estimate !== undefined) blocks.push(inline(estimateLine(plan.estimate)));
  if (plan.states !== undefined && detail !== 'without steps') blocks.push(inline(statesLine(plan.states)));
  if (context.chart !== undefined && detail !== 'without steps') blocks.push(context.chart);
  const notes = [...(plan.rootChange === undefined ? [] : rootChangeNotes(plan.rootChange)), ...plan.notes];
  if (notes.length > 0) blocks.push(notes.map((note) => `- ${inline(sentence(note))}`).join('\n'));
  if (plan.acknowledged !== undefined && plan.steps.length > 0) {
    blocks.push(`Acknowledged: ${plan.acknowledged.map((a) => code(formatAcknowledgement(a))).join(', ')}`);
  }
  blocks.push(`**${inline(conclusion(plan, context))}**`);
  if (context.difference !== undefined && context.difference !== '' && detail === 'all')
    blocks.push(folded('Difference between the bundles', context.difference));
  return `${blocks.join('\n\n')}\n`;
}

function phaseTable(change: PlannedRootChange): string {
  const rows = [PHASE_HEADINGS, PHASE_HEADINGS.map(() => '---'), ...phaseRows(change).map((row) => row.map(inline))];
  return [inline(rootChangeLine(change)), '', ...rows.map((row) => `| ${row.join(' | ')} |`)].join('\n');
}

function stepTable(plan: Plan): string {
  const rows = plan.steps
    .flatMap(stepRows)
    .map(rowCells)
    .map(([change = '', subject = '', waitsFor = '', why = ''], index) => {
      return `| ${index + 1} | ${inline(change)} | ${code(subject)} | ${inline(waitsFor)} | ${inline(why)} |`;
    });
  return ['| | change | subject | waits for | why |', '| ---: | --- | --- | --- | --- |', ...rows].join('\n');
}

/** The fence must be longer than every run of backticks in the text. */
function folded(summary: string, diff: string): string {
  const ticks = Math.max(2, ...[...diff.matchAll(/`+/g)].map(([run]) => run.length)) + 1;
  const fence = '`'.repeat(ticks);
  const lines = diff
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^([ +-]*)(.*)$/, (_, indent, rest) => `${indent}${printable(rest)}`));
  return `<details><summary>${summary}</summary>\n\n${fence}diff\n${lines.join('\n')}\n${fence}\n\n</details>`;
}

/** Escapes text from the cluster: it must not become markup, a link, a mention or a further column. */
export function inline(text: string): string {
  return printable(text)
    .replace(/ {2,}/g, ' ')
    .replace(/[\\`*_[\]<>|#~]/g, (c) => (c === '<' ? '&lt;' : c === '>' ? '&gt;' : `\\${c}`))
    .replace(/@/g, '&#64;');
}

/** Returns text as code, in which nothing is markup. */
export function code(text: string): string {
  return `\`${printable(text).replace(/`/g, "'").replace(/\|/g, '\\|')}\``;
}
