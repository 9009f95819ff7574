/** Pods over time: a track for each, with the planned bar behind the phases of the run, and below them what Kafka could lose. */
import { duration } from '../timeline/figures';
import type { Phase, PodLine, Span } from '../timeline/pods';
import type { SpareSample, Timeline } from '../timeline/timeline';
import { html, type Markup } from './markup';

const NAMES: Readonly<Record<Phase, string>> = {
  gate: 'waits for its gate',
  stopping: 'stops',
  starting: 'starts',
  handshake: 'handshake',
  reload: 'loads its certificate',
};

/** Returns the section; nothing if no pod was to change. */
export function bars(timeline: Timeline): Markup | undefined {
  const { pods } = timeline;
  if (pods.every((p) => p.outcome === 'unchanged')) return undefined;
  const plannedMs = Math.max(0, ...pods.map((p) => p.planned?.toMs ?? 0));
  // A run that was done much sooner would be too small to see.
  const isScaled = timeline.verdict.result === 'done' && plannedMs > MOST_TIMES_LONGER * timeline.spanMs;
  const endMs = Math.max(1, timeline.spanMs, isScaled ? 0 : plannedMs);
  const scale = { endMs, plannedEndMs: isScaled ? plannedMs : endMs };
  const used = new Set(pods.flatMap((p) => p.spans.map((s) => s.phase)));
  const legend = (Object.keys(NAMES) as Phase[]).filter((phase) => used.has(phase));
  return html`<section>
<h2>Pods over time</h2>
<ul class="legend" aria-hidden="true">
${pods.some((p) => p.planned !== undefined) ? html`<li><i class="planned"></i>planned</li>` : undefined}${legend.map((phase) => html`<li><i class="${phase}"></i>${NAMES[phase]}</li>`)}${
  pods.some((p) => p.doneMs !== undefined) ? html`<li><i class="mark"></i>as desired</li>` : undefined
}
</ul>
<ol class="tracks">
${pods.map((pod) => track(pod, scale))}</ol>
${spare(timeline, endMs)}<p class="axis" aria-hidden="true"><span>0 s</span><span>${duration(endMs / 2)}</span><span>${duration(endMs)}</span></p>
${isScaled ? html`<p class="remark">Planned bars have another scale: ${duration(plannedMs)} were planned, and the run took ${duration(timeline.spanMs)}.</p>` : undefined}</section>
`;
}

const MOST_TIMES_LONGER = 3;

interface Scale {
  readonly endMs: number;
  /** Where planned bars have another scale than the run. */
  readonly plannedEndMs: number;
}

function track({ pod, planned, spans, doneMs, outcome }: PodLine, { endMs, plannedEndMs }: Scale): Markup {
  const parts = spans.map(
    (s) => `${NAMES[s.phase]} ${duration(s.toMs - s.fromMs)}${s.causes.length === 0 ? '' : ` (${s.causes.join('; ')})`}`,
  );
  const done = doneMs === undefined ? [] : [`as desired after ${duration(doneMs)}`];
  const expected = planned === undefined ? [] : [`planned: ${planned.change}, ${duration(planned.toMs - planned.fromMs)}`];
  const label = [outcome, ...parts, ...done, ...expected].join(', ');
  const gate = spans.filter((s) => s.phase === 'gate');
  return html`<li data-pod="${pod}" data-outcome="${outcome}"><span class="name">${pod}</span><span class="track" role="img" aria-label="${pod}: ${label}" title="${label}">${
    planned === undefined ? undefined : piece('planned', planned.fromMs, planned.toMs, plannedEndMs)
  }${spans.map((s) => phase(s, endMs))}${
    doneMs === undefined ? undefined : html`<i class="mark" style="left:${percent(doneMs, endMs)}%" data-at="${doneMs}"></i>`
  }</span><span class="outcome">${outcome}</span>${gate.length === 0 ? undefined : html`<span class="why">${why(gate)}</span>`}</li>
`;
}

function why(gates: readonly Span[]): string {
  return gates.map((g) => `waited ${duration(g.toMs - g.fromMs)}: ${g.causes.join('; ')}`).join('; ');
}

function phase({ phase: name, fromMs, toMs }: Span, endMs: number): Markup {
  return piece(name, fromMs, toMs, endMs);
}

function piece(name: string, fromMs: number, toMs: number, endMs: number): Markup {
  return html`<i class="${name}" style="left:${percent(fromMs, endMs)}%;width:${percent(toMs - fromMs, endMs)}%" data-from="${fromMs}" data-to="${toMs}"></i>`;
}

function percent(ms: number, endMs: number): string {
  return ((100 * Math.min(ms, endMs)) / endMs).toFixed(2).replace(/\.?0+$/, '');
}

/** Two tracks below the pods. A gap is a time for which Kafka was not asked. */
function spare({ spare: samples }: Timeline, endMs: number): Markup | undefined {
  if (samples.length === 0) return undefined;
  return html`<h3 id="spare">What Kafka could lose meanwhile</h3>
<p class="remark">With 0, the loss of one more node stops elections, or writes to a partition; below 0, they stop. Where nothing is drawn, Kafka was not asked.</p>
<ol class="tracks" aria-labelledby="spare">
${spareTrack('quorum', 'caught-up voters above the majority', samples, { endMs, spareIn: (s) => s.spare.quorum.spare })}${spareTrack(
  'replicas in sync',
  'replicas above min.insync.replicas, in the partition that has the fewest',
  samples,
  { endMs, spareIn: (s) => s.spare.isr?.spare },
)}</ol>
`;
}

interface SpareOptions {
  readonly endMs: number;
  readonly spareIn: (sample: SpareSample) => number | undefined;
}

function spareTrack(name: string, what: string, samples: readonly SpareSample[], { endMs, spareIn }: SpareOptions): Markup | undefined {
  const values: { fromMs: number; toMs: number; value: number }[] = [];
  for (const sample of samples) {
    const [value, last] = [spareIn(sample), values.at(-1)];
    if (value === undefined) continue;
    if (last?.value === value && last.toMs >= sample.fromMs) last.toMs = sample.toMs;
    else values.push({ fromMs: sample.fromMs, toMs: sample.toMs, value });
  }
  const [least] = [...values].sort((a, b) => a.value - b.value);
  if (least === undefined) return undefined;
  const seen = values.map((v) => `${v.value} from ${duration(v.fromMs)} to ${duration(v.toMs)}`).join(', ');
  const label = `${name}: ${what}: at least ${least.value} when Kafka was asked; ${seen}`;
  return html`<li data-spare="${name}"><span class="name">${name}</span><span class="track" role="img" aria-label="${label}" title="${label}">${values.map(
    ({ fromMs, toMs, value }) => {
      const level = value < 0 ? 'lost' : value === 0 ? 'none' : 'some';
      return html`<i class="spare ${level}" style="left:${percent(fromMs, endMs)}%;width:${percent(toMs - fromMs, endMs)}%" data-value="${value}">${value}</i>`;
    },
  )}</span><span class="outcome">at least ${least.value}</span></li>
`;
}
