/**
 * Runs as one page of HTML. It needs nothing from elsewhere: its policy forbids the browser every request. Its only script searches the
 * events, and opens folded parts before the page is printed; without it the page can be read as well.
 *
 *     page.ts          the frame: title, verdict, order of the sections
 *     bars.ts          pods over time, and what Kafka could lose meanwhile
 *     sections.ts      remarks, blockers, certificates, who could talk to whom, plan, events
 *     style.ts         colours and layout; on a phone, in print, in the dark
 *     script.ts        the search
 */
import { duration } from '../timeline/figures';
import type { Timeline } from '../timeline/timeline';
import { bars } from './bars';
import { html, type Markup, raw, textOf } from './markup';
import { SCRIPT } from './script';
import { blockers, certificates, contacts, difference, events, missing, phases, planTable, readable, remarks } from './sections';
import { STYLE } from './style';

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/** Returns the page of one run, or of the plans of several Kafkas; notices are about Kafkas without a plan. */
export function page(timelines: readonly Timeline[], notices: readonly string[] = []): string {
  const kafkas = timelines.map((t) => t.kafka).join(', ') || 'No Kafka';
  const title = `${kafkas}: ${timelines.every((t) => t.startedAt === undefined) ? 'plan' : 'run'}`;
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${title}</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<main>
${
  notices.length === 0
    ? undefined
    : html`<section class="missing"><h2>Kafkas without a plan</h2><ul>${notices.map((text) => html`<li>${text}</li>`)}</ul></section>
`
}${timelines.map(one)}</main>
<script>${raw(SCRIPT)}</script>
</body>
</html>
`;
  return textOf(document);
}

function one(timeline: Timeline, index: number): Markup {
  const { kafka, verdict, plan } = timeline;
  return html`<article aria-labelledby="kafka-${index}">
<header>
<h1 id="kafka-${index}">${kafka}</h1>
<p class="verdict ${verdict.result}">${verdict.sentence}</p>
<dl class="facts">
${plan === undefined ? undefined : fact('Change', plan.summary)}${plan === undefined ? undefined : fact('Operation', `${plan.operation}, executor ${plan.executor}`)}${times(timeline)}${
  plan?.cutover === undefined ? undefined : fact(`Cut-over (${plan.cutover.mode})`, plan.cutover.because)
}</dl>
</header>
${missing(timeline)}${remarks(timeline)}${phases(timeline)}${bars(timeline)}${blockers(timeline)}${certificates(timeline)}${contacts(timeline)}${planTable(timeline)}${difference(timeline)}${events(timeline, index)}</article>
`;
}

function times({ startedAt, spanMs, plan, events: all }: Timeline): Markup {
  const estimate = plan?.durationMs === undefined ? undefined : `about ${duration(plan.durationMs)}`;
  const outage = plan?.outageMs === undefined ? '' : `, with an outage of about ${duration(plan.outageMs)}`;
  const version = all.find((e) => e.run !== undefined)?.run;
  return html`${startedAt === undefined ? undefined : fact('Started', readable(startedAt))}${
    startedAt === undefined ? undefined : fact('Took', duration(spanMs))
  }${estimate === undefined ? undefined : fact('Estimated', `${estimate}${outage}`)}${
    version === undefined ? undefined : fact('By', `kafka-tls ${version.version}, run ${version.id}`)
  }`;
}

function fact(name: string, value: string): Markup {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>
`;
}
