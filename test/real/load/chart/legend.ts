/** The colours of a drawing and their meanings, in as many lines as they need. Only colours that the drawing has. */
import { type Element, element } from './markup';
import { CERTIFICATE_COLOURS, type MeasuredRun, POD_STATES } from './run';

const LINE_HEIGHT = 18;
const SQUARE = 9;
/** Text cannot be measured here. This is a wide average of its letters. */
const LETTER_WIDTH = 6.2;
const SPACE = 40;

interface Entry {
  readonly colour: string;
  readonly text: string;
}

export interface Legend {
  readonly elements: readonly Element[];
  readonly height: number;
}

/** Places the entries between two edges. */
export function legend(
  run: MeasuredRun,
  certificates: readonly string[],
  place: { readonly left: number; readonly right: number; readonly top: number },
): Legend {
  let x = place.left;
  let y = place.top + LINE_HEIGHT;
  const elements = entriesOf(run, certificates).flatMap(({ colour, text }) => {
    const width = text.length * LETTER_WIDTH + SPACE;
    if (x + width > place.right) {
      x = place.left;
      y += LINE_HEIGHT;
    }
    const at = x;
    x += width;
    return [
      element('rect', { class: colour, x: at, y: y - SQUARE, width: SQUARE, height: SQUARE }),
      element('text', { class: 'tick', x: at + SQUARE + 6, y }, text),
    ];
  });
  return { elements, height: y - place.top + LINE_HEIGHT / 2 };
}

function entriesOf({ pods, handshakes, rates }: MeasuredRun, certificates: readonly string[]): readonly Entry[] {
  const failed = handshakes.some((h) => h.certificate === undefined);
  return [
    ...Object.keys(rates.writers).map((writer, i) => ({ colour: `writer-${i + 1}`, text: `acknowledgements a second, ${writer}` })),
    { colour: 'operation', text: 'the operation' },
    ...POD_STATES.filter((state) => pods.some((p) => p.state === state)).map((state) => ({ colour: state, text: state })),
    ...certificates.slice(0, CERTIFICATE_COLOURS).map((_, i) => ({ colour: `certificate-${i + 1}`, text: `serves certificate ${i + 1}` })),
    ...(failed ? [{ colour: 'no-certificate', text: 'no TLS handshake' }] : []),
  ];
}
