/** Colours and type of drawings and of the page, light and dark as the reader's system has it. */
import { CERTIFICATE_COLOURS } from './run';

/** Distinguishable without red and green, and in both modes. */
const COLOURS = {
  light: {
    page: '#ffffff',
    text: '#1f2328',
    faint: '#656d76',
    grid: '#d8dee4',
    operation: '#e6ebf1',
    'writer-1': '#4c7fbf',
    'writer-2': '#a9c4e4',
    ready: '#9fc5a8',
    running: '#d9c36a',
    starting: '#e39c3c',
    terminating: '#b4483f',
    'certificate-1': '#8c959f',
    'certificate-2': '#7b4fbf',
    'certificate-3': '#0f8b8d',
    'certificate-4': '#bf4f8b',
    'no-certificate': '#f0b4b0',
  },
  dark: {
    page: '#0d1117',
    text: '#e6edf3',
    faint: '#8d96a0',
    grid: '#262c36',
    operation: '#1e252e',
    'writer-1': '#5b8fcc',
    'writer-2': '#2f4f75',
    ready: '#3f6f4c',
    running: '#8f7d2f',
    starting: '#c98228',
    terminating: '#d1605a',
    'certificate-1': '#6e7681',
    'certificate-2': '#a582e8',
    'certificate-3': '#39b7b9',
    'certificate-4': '#e080b4',
    'no-certificate': '#7d3a38',
  },
} as const;

const FILLED = ['operation', 'writer-1', 'writer-2', 'ready', 'running', 'starting', 'terminating', 'no-certificate'];
const CERTIFICATES = Array.from({ length: CERTIFICATE_COLOURS }, (_, i) => `certificate-${i + 1}`);

/** Where a style belongs. It is filled in last, because CSS within HTML must not be escaped. */
export const STYLE_PLACE = '%STYLE%';

export function withStyle(text: string, style: string): string {
  return text.replace(STYLE_PLACE, () => style);
}

export const DRAWING_STYLE = `
:root { color-scheme: light dark; ${variables('light')} }
@media (prefers-color-scheme: dark) { :root { ${variables('dark')} } }
svg { font: 11px system-ui, sans-serif; }
.page { fill: var(--page); } .name { fill: var(--text); } .tick { fill: var(--faint); }
.grid { stroke: var(--grid); } .axis { stroke: var(--faint); }
${[...FILLED, ...CERTIFICATES].map((name) => `.${name} { fill: var(--${name}); }`).join('\n')}
`;

export const PAGE_STYLE = `${DRAWING_STYLE}
body { margin: 2rem auto; max-width: 68rem; padding: 0 1rem; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 2.5rem 0 0.25rem; }
p, figcaption { color: var(--faint); } figure { margin: 0.25rem 0 0; } figcaption { font-size: 0.85rem; }
ul { padding-left: 1.2rem; }
.scroll { overflow-x: auto; } svg { width: 100%; min-width: 40rem; height: auto; }
table { border-collapse: collapse; font-size: 0.8rem; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--grid); padding: 0.3rem 0.6rem; text-align: left; vertical-align: top; }
th { color: var(--faint); font-weight: 600; }
`;

function variables(mode: keyof typeof COLOURS): string {
  return Object.entries(COLOURS[mode])
    .map(([name, colour]) => `--${name}: ${colour};`)
    .join(' ');
}
