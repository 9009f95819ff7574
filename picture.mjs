/**
 * Writes the picture of the README from the measured run in `docs/availability.html`: `npm run picture`.
 *
 * The drawing is that of the page. This adds what the page has beside it: a title and the figures of the run.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const PAGE = 'docs/availability.html';
const PICTURE = 'docs/rotation.svg';
const RUN = 'rotate by reload, native';
const TOP = 46;

const page = readFileSync(process.argv[2] ?? PAGE, 'utf8');
const section = page.split('<h2>').find((part) => part.startsWith(RUN));
if (section === undefined) fail(`${PAGE}: has no run "${RUN}"`);
const [, kafka] = /^[^<]*, (Kafka [\d.]+)</.exec(section);
const [, figures] = /<figcaption>(.*?)<\/figcaption>/s.exec(section);
const [, viewBox, label, drawing] = /<svg [^>]*viewBox="([^"]*)"[^>]*aria-label="([^"]*)"[^>]*>(.*?)<\/svg>/s.exec(section);
const [, , width, height] = viewBox.split(' ').map(Number);
const styles = /<style>([\s\S]*?)<\/style>/.exec(page)[1].split('\n');
const used = styles.filter((line) =>
  /^(:root|@media|svg|\.(page|grid|operation|writer|ready|running|starting|terminating|no-cert|certificate))/.test(line),
);
const acked = /^([\d,]+) messages acknowledged, (\d+) lost/.exec(figures);
const gap = /Without an acknowledgement: ([\d.]+ s)/.exec(figures);
const restarts = /(\d+) restarts in ([\d.]+ s)/.exec(figures);
if (acked === null || gap === null || restarts === null) fail(`${PAGE}: the figures of "${RUN}" are not known: ${figures}`);

const facts = `${restarts[1]} restarts, ${acked[1]} messages acknowledged, ${acked[2]} lost, at most ${gap[1]} without an acknowledgement`;
writeFileSync(
  PICTURE,
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height + TOP}" role="img" aria-label="${label}">
<style>
${used.join('\n')}
.title { font: 600 15px system-ui, sans-serif; }
</style>
<rect class="page" width="${width}" height="${height + TOP}"/>
<text class="name title" x="8" y="20">All certificates of a real ${kafka} cluster are rotated under load in ${restarts[2]}</text>
<text class="tick" x="8" y="38">${facts}</text>
<g transform="translate(0 ${TOP})">${drawing}</g>
</svg>
`,
);

function fail(message) {
  console.error(message);
  process.exit(1);
}
