/** Colours and layout of a page. Text has a contrast of at least 4.5 to its ground in both schemes; phases differ by pattern, too. */
export const STYLE = `
:root { color-scheme: light dark; --page: #fff; --text: #1f2328; --faint: #59636e; --line: #d1d9e0; --row: #f6f8fa; --track: #eaeef2; --planned: #b4c6da; --gate: #9a6700; --stopping: #cf222e; --starting: #0969da; --handshake: #8250df; --reload: #1b7c83; --mark: #1a7f37; --on: #fff; --some: #1a7f37; --none: #9a6700; --lost: #cf222e; }
@media screen and (prefers-color-scheme: dark) { :root { --page: #0d1117; --text: #e6edf3; --faint: #9198a1; --line: #3d444d; --row: #151b23; --track: #212830; --planned: #38506b; --gate: #d29922; --stopping: #f85149; --starting: #4493f8; --handshake: #ab7df8; --reload: #39c5cf; --mark: #3fb950; --on: #0d1117; --some: #3fb950; --none: #d29922; --lost: #f85149; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 76rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.4rem; margin: 0.5rem 0; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin: 2rem 0 0.5rem; } h3 { font-size: 0.95rem; margin: 1rem 0 0.25rem; }
summary { cursor: pointer; padding: 0.25rem 0; } summary h2 { display: inline; }
code { font: 0.8em/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
:focus-visible { outline: 2px solid var(--starting); outline-offset: 2px; }
.verdict { border-left: 0.4rem solid var(--faint); background: var(--row); padding: 0.6rem 0.8rem; margin: 0.5rem 0; font-weight: 600; overflow-wrap: anywhere; }
.verdict.done, .verdict.unchanged { border-color: var(--mark); } .verdict.failed, .verdict.refused { border-color: var(--stopping); }
.verdict.blocked, .verdict.interrupted, .verdict.unfinished { border-color: var(--gate); } .verdict.planned { border-color: var(--starting); }
.facts { display: flex; flex-wrap: wrap; gap: 0.3rem 1.5rem; margin: 0.75rem 0; } .facts dt { color: var(--faint); font-size: 0.8rem; } .facts dd { margin: 0; overflow-wrap: anywhere; }
.missing { border: 1px solid var(--line); padding: 0 0.8rem; margin-top: 1rem; } .missing h2 { margin-top: 0.5rem; font-size: 0.95rem; } .missing ul { margin: 0.25rem 0 0.5rem; padding-left: 1.2rem; }
.remarks { padding-left: 1.2rem; } .remarks li { overflow-wrap: anywhere; } pre { overflow-x: auto; background: var(--row); padding: 0.6rem; font: 0.8rem/1.4 ui-monospace, monospace; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; padding: 0; margin: 0 0 0.5rem; font-size: 0.85rem; color: var(--faint); }
.legend i { display: inline-block; width: 1.2rem; height: 0.7rem; margin-right: 0.35rem; }
.tracks { list-style: none; margin: 0; padding: 0; }
.tracks li { display: grid; grid-template-columns: 13rem 1fr 6.5rem; gap: 0 0.75rem; align-items: center; padding: 0.15rem 0; }
.name { overflow-wrap: anywhere; font-size: 0.9rem; } .outcome { font-size: 0.8rem; color: var(--faint); } .why { grid-column: 2 / 4; font-size: 0.8rem; color: var(--faint); overflow-wrap: anywhere; }
.track { position: relative; height: 1.3rem; background: var(--track); overflow: hidden; }
.track i { position: absolute; top: 0.3rem; bottom: 0.3rem; min-width: 2px; } .track .planned { top: 0; bottom: 0; } .track .mark { top: 0; bottom: 0; width: 3px; margin-left: -1px; }
i.planned { background: var(--planned); } .starting { background: var(--starting); } .handshake { background: var(--handshake); } .mark { background: var(--mark); }
.gate { background: repeating-linear-gradient(45deg, var(--gate) 0 4px, transparent 4px 7px); } .stopping { background: repeating-linear-gradient(90deg, var(--stopping) 0 3px, transparent 3px 5px); } .reload { background: repeating-linear-gradient(0deg, var(--reload) 0 3px, transparent 3px 4px); }
.track .spare { top: 0; bottom: 0; font: 600 0.75rem/1.3rem system-ui, sans-serif; color: var(--on); padding-left: 0.25rem; overflow: hidden; } .some { background: var(--some); } .none { background: var(--none); } .lost { background: var(--lost); }
.remark { font-size: 0.8rem; color: var(--faint); }
.axis { display: flex; justify-content: space-between; margin: 0.1rem 7.25rem 0 13.75rem; font-size: 0.75rem; color: var(--faint); }
table { border-collapse: collapse; width: 100%; font-size: 0.85rem; font-variant-numeric: tabular-nums; margin: 0.5rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: 0.3rem 0.6rem 0.3rem 0; text-align: left; vertical-align: top; overflow-wrap: break-word; } thead th { color: var(--faint); font-weight: 600; }
td:first-child, th { white-space: nowrap; } .log td:nth-child(-n+3) { white-space: nowrap; overflow-wrap: normal; padding-right: 1rem; }
.matrix { width: auto; } .matrix th, .matrix td { padding: 0.15rem 0.45rem; text-align: center; white-space: nowrap; } .matrix th[scope=row] { text-align: left; font-weight: 400; } .matrix .no { background: var(--lost); color: var(--on); font-weight: 700; } abbr { text-decoration: none; }
.scroll { overflow-x: auto; } time { white-space: nowrap; }
.events input { font: inherit; padding: 0.3rem 0.5rem; border: 1px solid var(--faint); background: var(--page); color: var(--text); width: min(20rem, 60%); } .events output { color: var(--faint); font-size: 0.85rem; margin-left: 0.5rem; }
.events [data-event=warning] td { color: var(--none); }
@media (max-width: 44rem) {
  .tracks li { grid-template-columns: 1fr auto; } .track { grid-column: 1 / 3; grid-row: 2; } .why { grid-column: 1 / 3; } .axis { margin: 0.1rem 0 0; }
  .cards thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; } .cards, .cards tbody, .cards tr, .cards td, .cards th { display: block; } .cards tr[hidden] { display: none; }
  .cards tr { border-bottom: 1px solid var(--line); padding: 0.4rem 0; } .cards td, .cards th { border: 0; padding: 0.05rem 0 0.05rem 6rem; position: relative; white-space: normal; min-height: 1.4em; } .cards td, .cards th, .log td { overflow-wrap: anywhere; } .cards td:empty { display: none; }
  .log thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; } .log, .log tbody { display: block; } .log tr { display: flex; flex-wrap: wrap; border-bottom: 1px solid var(--line); padding: 0.3rem 0; } .log tr[hidden] { display: none; } .log td { border: 0; padding: 0 0.75rem 0 0; } .log td:nth-child(n+4) { flex-basis: 100%; padding: 0; } .log td:nth-child(-n+3) { color: var(--faint); font-size: 0.8rem; }
  .cards td::before, .cards tbody th::before { content: attr(data-label); position: absolute; left: 0; width: 5.5rem; color: var(--faint); font-weight: 400; }
}
@media print { :root { color-scheme: light; } main { max-width: none; padding: 0; } .track, .track i, .legend i, .matrix .no, .verdict { print-color-adjust: exact; -webkit-print-color-adjust: exact; } .tracks li, tr { break-inside: avoid; } h2 { break-after: avoid; } .events p { display: none; } body { font-size: 11px; } }
`;
