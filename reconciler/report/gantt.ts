/** The expected course of a plan as a Gantt chart of Mermaid, which GitHub and GitLab draw inside Markdown. */
import type { Plan } from '../model/plan';
import { stepRows } from '../model/step-rows';
import { printable } from './printable';

/** A chart with more pods is folded away. */
const MOST_PODS = 20;

interface Bar {
  readonly section: string;
  readonly name: string;
  readonly fromMs: number;
  readonly ms: number;
}

/** Returns the chart as a block of Markdown; undefined for a plan without estimated times. */
export function gantt(plan: Plan): string | undefined {
  const { estimate } = plan;
  const bars = barsOf(plan);
  if (estimate === undefined || bars.length === 0) return undefined;
  const sections = [...new Set(bars.map((b) => b.section))].flatMap((section) => [
    `  section ${section}`,
    ...bars.filter((b) => b.section === section).map((b) => task(b)),
  ]);
  const endMs = Math.max(...bars.map((b) => b.fromMs + b.ms));
  const outageMs = Math.min(estimate.outageMs ?? 0, endMs);
  const outage = outageMs === 0 ? [] : ['  section cut-over', task({ name: 'outage', fromMs: endMs - outageMs, ms: outageMs }, 'crit, ')];
  // Starts are milliseconds since the epoch; its seconds are the same in every time zone.
  const lines = ['gantt', '  title Estimated times, in seconds', '  dateFormat x', '  axisFormat %s', ...sections, ...outage];
  const chart = `\`\`\`mermaid\n${lines.join('\n')}\n\`\`\``;
  const pods = bars.filter((b) => b.section === PODS).length;
  return pods <= MOST_PODS ? chart : `<details><summary>Estimated times of ${pods} pods</summary>\n\n${chart}\n\n</details>`;
}

const PODS = 'pods';

/** Rows follow each other. Pods that stop together begin together, and so does nothing after them before the slowest is back. */
function barsOf({ steps, estimate, cutover }: Plan): readonly Bar[] {
  const times = estimate?.rowsMs ?? [];
  const bars: Bar[] = [];
  let fromMs = 0;
  let togetherMs = 0;
  for (const [i, { change, subject }] of steps.flatMap(stepRows).entries()) {
    const ms = times[i] ?? 0;
    const isPod = subject.kind === 'Pod';
    const isTogether = isPod && change === 'restart' && cutover?.mode === 'stop';
    if (!isTogether) {
      fromMs += togetherMs;
      togetherMs = 0;
    }
    if (ms > 0) bars.push({ section: isPod ? PODS : 'before', name: isPod ? subject.name : `${change} ${subject.name}`, fromMs, ms });
    if (isTogether) togetherMs = Math.max(togetherMs, ms);
    else fromMs += ms;
  }
  // A plan without a cluster knows how many pods there are, and not their names.
  const restMs = (estimate?.durationMs ?? 0) - fromMs - togetherMs;
  return restMs > 0 ? [...bars, { section: PODS, name: 'all pods', fromMs: fromMs + togetherMs, ms: restMs }] : bars;
}

function task({ name, fromMs, ms }: Omit<Bar, 'section'>, kind = ''): string {
  return `  ${text(name)} :${kind}${fromMs}, ${Math.max(1, Math.round(ms / 1000))}s`;
}

/** Colons, semicolons and hashes end a name in Mermaid. */
function text(name: string): string {
  return printable(name).replace(/[^\w ./()-]/g, ' ');
}
