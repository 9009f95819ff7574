/** The sections of a page below its bars: blockers, certificates, who could talk to whom, the plan, the events. */
import type { ShownListener } from '../../model/run-events';
import { sentence } from '../printable';
import { duration } from '../timeline/figures';
import type { ListenerChange, Timeline } from '../timeline/timeline';
import { html, type Markup } from './markup';

/** Returns what the input does not hold; nothing if it is whole. */
export function missing({ missing: all }: Timeline): Markup | undefined {
  if (all.length === 0) return undefined;
  return html`<section class="missing"><h2>Not in this report</h2><ul>${all.map((text) => html`<li>${text}</li>`)}</ul></section>
`;
}

/** Returns what a reader of a plan must know besides its steps. */
export function remarks({ preview }: Timeline): Markup | undefined {
  if (preview === undefined || preview.remarks.length === 0) return undefined;
  return html`<ul class="remarks">${preview.remarks.map((text) => html`<li>${text}</li>`)}</ul>
`;
}

/** Returns the rotations of a change of root. */
export function phases({ preview }: Timeline): Markup | undefined {
  if (preview?.phases === undefined) return undefined;
  const { caption, headings, rows } = preview.phases;
  const cells = rows.map(
    (row) => html`<tr>${row.map((cell, i) => html`<td data-label="${headings[i]}">${cell}</td>`)}</tr>
`,
  );
  return section('The change of root', html`<p>${caption}</p>${table(headings, cells, 'cards')}`);
}

/** Returns the difference between the bundles before and after a commit, folded away. */
export function difference({ preview }: Timeline): Markup | undefined {
  if (preview?.difference === undefined) return undefined;
  const lines = preview.difference.trimEnd().split('\n');
  return html`<section><details><summary><h2>Difference between the bundles</h2></summary><pre tabindex="0">${lines.map(
    (line) => html`${line}
`,
  )}</pre></details></section>
`;
}

export function blockers({ blockers: all, preview }: Timeline): Markup | undefined {
  if (all.length === 0) return undefined;
  if (preview !== undefined) return plannedBlockers(all);
  const rows = all.map(({ subject, kind, causes, fromMs, toMs, fix }) => {
    const ended =
      toMs === undefined
        ? html`<strong>ended the run</strong>${fix === undefined ? undefined : html`. ${sentence(fix)}`}`
        : html`over after ${duration(toMs - fromMs)}; then ${fix}`;
    return html`<tr data-kind="${kind}"><td data-label="At">${duration(fromMs)}</td><td data-label="Subject">${subject}</td><td data-label="Cause">${causes.map((c) => html`<div>${sentence(c)}</div>`)}</td><td data-label="Fix">${ended}</td></tr>
`;
  });
  return section('Blockers, and what ended them', table(['At', 'Subject', 'Cause', 'Fix'], rows, 'cards'));
}

function plannedBlockers(all: Timeline['blockers']): Markup {
  const rows = all.map(
    ({ subject, kind, causes, fix = '' }) =>
      html`<tr data-kind="${kind}"><td data-label="Subject">${subject}</td><td data-label="Cause">${causes.map((c) => html`<div>${sentence(c)}</div>`)}</td><td data-label="Fix">${fix === '' ? '' : sentence(fix)}</td></tr>
`,
  );
  return section('Blockers', table(['Subject', 'Cause', 'Fix'], rows, 'cards'));
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** All pods of a Kafka serve the certificate of one Secret, so each certificate is shown once and listeners refer to it by a letter. */
export function certificates({ listeners, preview }: Timeline): Markup | undefined {
  if (listeners.length === 0) return undefined;
  const seen = listeners.flatMap((l) => [l.before, l.after]).flatMap((l) => (l?.certificate === undefined ? [] : [l.certificate]));
  const all = [...new Map(seen.map((c) => [c.fingerprint, c])).values()].sort((a, b) => a.notBefore.localeCompare(b.notBefore));
  const letter = (i: number) => LETTERS[i] ?? `Z${i}`;
  const served = (l: ShownListener | undefined): string => {
    if (l === undefined) return 'not seen';
    if (l.certificate !== undefined)
      return `TLS, certificate ${letter(all.findIndex((c) => c.fingerprint === l.certificate?.fingerprint))}`;
    return l.protocol === 'unknown' ? `unknown: ${l.because ?? 'could not be seen'}` : l.protocol;
  };
  const rows = all.map(
    (
      c,
      i,
    ) => html`<tr data-certificate="${c.fingerprint}"><th scope="row" data-label="Certificate">${letter(i)}</th><td data-label="Subject">${c.subject}</td><td data-label="Issuer">${c.issuer}</td><td data-label="From">${date(c.notBefore)}</td><td data-label="Until">${date(c.notAfter)}</td><td data-label="SHA-256"><code>${c.fingerprint}</code></td></tr>
`,
  );
  const isRun = listeners.some((l) => l.after !== undefined);
  const first = preview === undefined ? 'Before' : 'Now';
  const change = (
    l: ListenerChange,
  ) => html`<tr data-listener="${l.pod} ${l.listener}"><td data-label="Pod">${l.pod}</td><td data-label="Listener">${l.listener}</td><td data-label="${first}">${served(l.before)}</td>${isRun ? html`<td data-label="After">${l.after === undefined ? 'not seen again' : served(l.after)}</td>` : undefined}</tr>
`;
  const listenerTable = table(['Pod', 'Listener', first, ...(isRun ? ['After'] : [])], listeners.map(change), 'cards');
  return section(
    isRun ? 'Certificates before and after' : 'Certificates',
    html`${all.length === 0 ? undefined : table(['Certificate', 'Subject', 'Issuer', 'From', 'Until', 'SHA-256'], rows, 'cards')}${listenerTable}`,
  );
}

function date(instant: string): Markup {
  return html`<time datetime="${instant}">${readable(instant)}</time>`;
}

/** Returns an instant to the second: `2026-11-23 09:00:02 UTC`. */
export function readable(instant: string): string {
  return instant.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC');
}

const WORDS: Readonly<Record<string, string>> = { '+': 'yes', x: 'NO', '?': '?', '-': '' };

/** A matrix for each state of the plan. Nodes have numbers, so that the columns of many nodes fit. */
export function contacts({ states, preview }: Timeline): Markup | undefined {
  if (states === undefined) return undefined;
  const { nodes } = states;
  const isRefused = (reaches: string) => reaches.includes('x');
  const broken = states.states.filter((s) => s.nodes.some((r) => isRefused(r.reaches)));
  const head = html`<tr><th scope="col">reaches</th>${nodes.map((n, i) => html`<th scope="col"><abbr title="${n}">${i + 1}</abbr></th>`)}</tr>`;
  const matrices = states.states.map((given, i) => {
    const state = i === 0 ? { ...given, after: ['before the first change', ...given.after.slice(1)] } : given;
    const rows = [...state.nodes, ...state.clients].map(({ from, reaches }) => {
      const i = nodes.indexOf(from);
      return html`<tr><th scope="row">${i < 0 ? from : `${i + 1} ${from}`}</th>${[...reaches].map((c) => (c === 'x' ? html`<td class="no">NO</td>` : html`<td>${WORDS[c] ?? c}</td>`))}</tr>`;
    });
    const reached =
      state.reachedMs === undefined ? (preview !== undefined ? '' : ', not reached') : `, reached after ${duration(state.reachedMs)}`;
    const isBroken = state.nodes.some((r) => isRefused(r.reaches));
    const all = [...state.nodes, ...state.clients].every((r) => !/[x?]/.test(r.reaches))
      ? 'all can talk'
      : isBroken
        ? 'some nodes cannot talk'
        : 'not all can talk, or it is not known';
    return html`<details><summary>${afterwards(state.after)}${reached}: <strong>${all}</strong></summary>${state.after.length < 2 ? undefined : html`<p>The same holds: ${state.after.join('; ')}.</p>`}<div class="scroll" tabindex="0" role="region" aria-label="who can talk to whom ${state.after[0]}"><table class="matrix"><thead>${head}</thead><tbody>${rows}</tbody></table></div></details>
`;
  });
  const verdictLine =
    broken.length === 0
      ? 'Every two nodes can talk in each state of the plan, as far as it is known.'
      : `Nodes cannot talk in ${broken.length} of ${states.states.length} states of the plan.`;
  return section(
    preview === undefined ? 'Who could talk to whom' : 'Who can talk to whom',
    html`<p>${verdictLine} By the plan; a column is the node with its number.</p>${matrices}`,
  );
}

function afterwards([first = '', ...more]: readonly string[]): string {
  return more.length === 0 ? first : `${first}, and in the next ${more.length} ${more.length === 1 ? 'state' : 'states'}`;
}

export function planTable({ plan }: Timeline): Markup | undefined {
  if (plan === undefined || plan.rows.length === 0) return undefined;
  const rows = plan.rows.map(
    ({ change, subject, waitsFor, why, ms }, i) =>
      html`<tr><td data-label="Step">${i + 1}</td><td data-label="Change">${change}</td><td data-label="Subject">${subject}</td><td data-label="Waits for">${waitsFor}</td><td data-label="Why">${why}</td><td data-label="Estimated">${ms === undefined || ms === 0 ? '' : duration(ms)}</td></tr>
`,
  );
  return html`<section><details><summary><h2>The plan: ${plan.rows.length} ${plan.rows.length === 1 ? 'step' : 'steps'}</h2></summary>${table(['Step', 'Change', 'Subject', 'Waits for', 'Why', 'Estimated'], rows, 'cards')}</details></section>
`;
}

export function events({ events: all }: Timeline, index: number): Markup | undefined {
  if (all.length === 0) return undefined;
  const rows = all.map(
    ({ atMs, time, event, subject, message, step }) =>
      html`<tr data-event="${event}"><td><time datetime="${time}" title="${time}">${duration(atMs)}</time></td><td>${step === undefined ? '' : `${step.number}/${step.of}`}</td><td>${event}</td><td>${subject}</td><td>${message}</td></tr>
`,
  );
  return html`<section class="events" data-search>
<h2>Events</h2>
<p><label for="search-${index}">Search</label> <input id="search-${index}" type="search" autocomplete="off" spellcheck="false"> <output for="search-${index}" aria-live="polite">${all.length} events</output></p>
${table(['Time', 'Step', 'Event', 'Subject', 'Message'], rows, 'log')}</section>
`;
}

function section(title: string, content: Markup): Markup {
  return html`<section>
<h2>${title}</h2>
${content}</section>
`;
}

/** A table whose rows become cards on a phone: each cell carries its heading. */
function table(headings: readonly string[], rows: readonly Markup[], name: string): Markup {
  return html`<table class="${name}"><thead><tr>${headings.map((h) => html`<th scope="col">${h}</th>`)}</tr></thead><tbody>
${rows}</tbody></table>
`;
}
