/**
 * Fails if a link in a tracked Markdown file leads nowhere: to a file that does not exist, or to a heading that its page does not have.
 * Addresses on the web are not requested. `npm run lint` runs this file.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

const FENCE = /^( *)(```+|~~~+)[^\n]*\n[\s\S]*?^\1\2 *$/gm;
const INDENTED = /^(?: {4}|\t).*$/gm;
const CODE = /`[^`\n]*`/g;
const LINK = /\[(?:[^[\]]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g;

const tracked = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' }).stdout.split('\n');
const pages = tracked.filter((file) => file.endsWith('.md') && existsSync(file));
const broken = pages.flatMap((page) => linksOf(page).flatMap((link) => problemOf(page, link) ?? []));
for (const problem of broken) console.error(problem);
process.exitCode = broken.length > 0 ? 1 : 0;

/** The targets of the links of a page, outside of code. */
function linksOf(page) {
  const text = readFileSync(page, 'utf8').replace(FENCE, '').replace(INDENTED, '').replace(CODE, '`code`');
  return [...text.matchAll(LINK)].map(([, target]) => target).filter((target) => !/^[a-z]+:/.test(target));
}

function problemOf(page, link) {
  const [target, anchor] = link.split('#');
  const file = target === '' ? page : path.join(path.dirname(page), decodeURIComponent(target));
  if (!isTracked(file)) return `${page}: links to ${link}: there is no such file`;
  if (anchor === undefined || !file.endsWith('.md')) return undefined;
  return anchorsOf(file).includes(anchor) ? undefined : `${page}: links to ${link}: ${file} has no such heading`;
}

/** A file that only exists here is not in a clone. */
function isTracked(file) {
  if (!existsSync(file)) return false;
  const name = path.normalize(file).replace(/\/$/, '');
  return statSync(file).isDirectory() ? tracked.some((t) => t.startsWith(`${name}/`)) : tracked.includes(name);
}

/** The anchors of the headings of a page, as GitHub makes them. */
function anchorsOf(page) {
  const headings = readFileSync(page, 'utf8')
    .replace(FENCE, '')
    .match(/^#{1,6} .+$/gm);
  const seen = new Map();
  return (headings ?? []).map((heading) => {
    const slug = heading
      .replace(/^#+ /, '')
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, '')
      .replaceAll(' ', '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
}
