/** The TLS of many Kafkas as one page of HTML, in the style of the page of a run. */
import type { FleetStatus } from '../../model/fleet';
import { cellsOf, HEADINGS, verdictOf } from '../fleet';
import { html, raw, textOf } from './markup';
import { readable } from './sections';
import { STYLE } from './style';

const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/** Returns the page. */
export function fleetPage(status: FleetStatus): string {
  const { kafkas, unread, observedAt } = status;
  const result = kafkas.some((k) => k.drift.length > 0) ? 'failed' : kafkas.some((k) => k.unknown.length > 0) ? 'blocked' : 'done';
  const details = kafkas.flatMap((k) => [...k.drift, ...k.unknown.map((text) => `unknown: ${text}`)].map((text) => ({ kafka: k, text })));
  return textOf(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>TLS of Kafkas</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<main>
<article aria-labelledby="fleet">
<header>
<h1 id="fleet">TLS of Kafkas</h1>
<p class="verdict ${result}">${verdictOf(status)}</p>
<dl class="facts"><div><dt>Observed</dt><dd>${readable(observedAt)}</dd></div></dl>
</header>
<section><h2>Kafkas</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Kafkas"><table>
<thead><tr>${HEADINGS.map((heading) => html`<th scope="col">${heading}</th>`)}</tr></thead>
<tbody>
${kafkas.map((row) => html`<tr>${cellsOf(row, status).map((cell) => html`<td>${cell}</td>`)}</tr>\n`)}</tbody>
</table></div></section>
${details.length === 0 ? undefined : html`<section><h2>Differences</h2><ul>${details.map(({ kafka, text }) => html`<li>${kafka.namespace}/${kafka.kafka}: ${text}</li>`)}</ul></section>\n`}${
  unread.length === 0
    ? undefined
    : html`<section class="missing"><h2>Not read</h2><ul>${unread.map(({ what, because }) => html`<li>${what}: ${because}</li>`)}</ul></section>\n`
}</article>
</main>
</body>
</html>
`);
}
