/** Columns of text, as `kubectl get` prints them. */
import { type Style, wrap } from './style';

const GAP = '   ';
const INDENT = '  ';
/** A last column narrower than this is not wrapped: the terminal breaks the line. */
const MIN_WRAPPED = 24;

/** Colours a cell; its width must stay the same. */
export type Paint = (cell: string, column: number, row: number) => string;

/**
 * Returns rows as aligned lines. The first row is the heading. A column that is empty in every other row is left out. The last column
 * wraps to the width of the terminal.
 */
export function formatTable(rows: readonly (readonly string[])[], style: Style, paint: Paint = (cell) => cell): readonly string[] {
  const used = (rows[0] ?? []).map((_, column) => column).filter((c) => rows.slice(1).some((row) => row[c] !== ''));
  const last = used.at(-1);
  const widths = new Map(used.map((c) => [c, Math.max(...rows.map((row) => row[c]?.length ?? 0))]));
  const start = used.slice(0, -1).reduce((sum, c) => sum + (widths.get(c) ?? 0) + GAP.length, INDENT.length);
  const room = (style.columns ?? Number.POSITIVE_INFINITY) - start;
  return rows.flatMap((row, index) => {
    const cells = used.slice(0, -1).map((c) => paint((row[c] ?? '').padEnd(widths.get(c) ?? 0), c, index));
    const text = last === undefined ? '' : (row[last] ?? '');
    const [first = '', ...more] = room >= MIN_WRAPPED ? wrap(text, room) : [text];
    const line = [...cells, paint(first, last ?? 0, index)].join(GAP);
    return [`${INDENT}${line}`.trimEnd(), ...more.map((rest) => `${' '.repeat(start)}${rest}`)];
  });
}
