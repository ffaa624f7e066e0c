import { type ColourName, PALETTE, rgbParts } from '../lib/palette';

/** The report's names for the product's colours. */
const COLOURS = {
  paper: 'paper',
  panel: 'panel',
  line: 'line',
  ink: 'ink',
  ink2: 'ink-2',
  a: 'arm-a',
  b: 'arm-b',
  ref: 'ref',
} as const satisfies Readonly<Record<string, ColourName>>;

const colours = (mode: 'light' | 'dark'): string =>
  [
    ...Object.entries(COLOURS).map(([name, of]) => `--${name}:${PALETTE[of][mode]}`),
    `--cell:${rgbParts(PALETTE['arm-b'][mode])}`,
  ].join(';');

/** The report's whole look: it follows the reader's light or dark mode and prints. */
export const REPORT_STYLE = `
:root{color-scheme:light dark;${colours('light')}}
@media (prefers-color-scheme:dark){:root{${colours('dark')}}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:64rem;padding:24px 16px 48px;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.75rem;line-height:1.2;margin:8px 0}
h2{font-size:1.25rem;margin:32px 0 8px}
h3{font-size:1rem;margin:16px 0 4px}
p{max-width:44rem;margin:8px 0}
.small,caption,dt{color:var(--ink2);font-size:.875rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;background:var(--panel);border:1px solid var(--line)}
caption{text-align:left;padding:4px 0}
th,td{padding:6px 8px;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{font-weight:600}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.range{color:var(--ink2);font-size:.875rem}
.scroll:focus-visible{outline:2px solid var(--b)}
.under{display:block}
.plot{width:160px;height:20px;display:block;margin-left:auto}
.matrices{display:grid;grid-template-columns:repeat(auto-fill,minmax(18rem,1fr));gap:16px}
.matrices table{width:auto}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(18rem,26rem));gap:16px}
figure{margin:0}
figcaption{font-weight:600;margin:4px 0}
.chart{width:100%;height:auto;display:block;background:var(--panel);border:1px solid var(--line)}
.chart text{font-size:11px;fill:var(--ink2)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 16px}
dd{margin:0;overflow-wrap:anywhere}
pre{background:var(--panel);border:1px solid var(--line);padding:8px 12px;white-space:pre-wrap;overflow-wrap:anywhere}
ul{max-width:44rem;padding-left:1.25rem}
li{margin:4px 0}
@page{margin:16mm}
@media print{:root{color-scheme:light;${colours('light')};--paper:#fff;--panel:#fff;--line:#ccc;--ink:#000;--ink2:#444}body{max-width:none;padding:0;font-size:10pt}.scroll{overflow:visible}h2,h3,caption{break-after:avoid}tr,svg,pre{break-inside:avoid}thead{display:table-header-group}*{print-color-adjust:exact}}
`;
