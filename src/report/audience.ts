/**
 * One HTML file for an audience, with recorded answers: guess, see what two prompts say, see what is right, with a running
 * score. It needs neither the studio nor a network. Its only script is the one below, which the policy names by its hash.
 */
import type { Dataset, TaskKind } from '../dataset/types';
import { namesOf } from '../evaluation/words';
import { present } from '../lib/assert';
import { sha256Base64 } from '../lib/bytes';
import { counted, PRODUCT } from '../lib/format';
import { ends, type Figure, METRICS } from '../metrics/registry';
import type { Evaluation } from '../prompt-set/types';
import { reportKind } from './kinds';
import { colours } from './print';
import { Html, html, htmlHead, type ReportKind, type ShownRow } from './types';

const raw = (markup: string) => new Html(markup);

/** What the presenter decides about the file. */
export interface AudienceChoice {
  readonly title: string;
  /** The presenter's sentence, under the title. */
  readonly sentence: string;
  /** Ids of the compared rows that are shown, in this order; null = drawn at random. */
  readonly rows: readonly string[] | null;
}

/** Both arms on all compared rows: a handful of rows says little. */
function overall(evaluation: Evaluation, pair: readonly [string, string]): string {
  const { comparison } = evaluation;
  const { metric, share } = reportKind(evaluation.kind).judged;
  const form = present(METRICS[evaluation.kind][metric], metric).format.value;
  const scores = pair.map((id) => {
    const arm = comparison.arms.find((each) => each.id === id);
    const figure = arm && (arm.metrics as Readonly<Record<string, Figure>>)[metric];
    const words = figure ? `${form(figure.value)} (95% interval ${ends(form, figure.interval)})` : '–';
    return `${namesOf(evaluation.comparison.arms)(id)} ${words} ${share}`;
  });
  return `On all ${counted(evaluation.comparison.n, 'test row')}: ${scores.join(', ')}.`;
}

function rowSection(
  { text, right, said }: ShownRow,
  names: readonly string[],
  words: ReportKind<TaskKind>['judged'],
  index: number,
): Html {
  const size = text.length > 700 ? ' long' : text.length > 240 ? ' middle' : '';
  const marks = said.map(({ isRight }) => (isRight ? 1 : 0)).join('');
  return html`
<section class="row" data-right="${marks}" aria-label="Text ${index + 1}" hidden>
<p class="text${size}">${text}</p>
<div class="answers">${said.map(
    (each, i) => html`
<div class="answer ${i === 0 ? 'a' : 'b'}" hidden><h2>${names[i]} <span class="mark" hidden>${each.isRight ? words.right : words.wrong}</span></h2><p class="said${size}">${each.text === '' ? '(nothing)' : each.text}</p>${each.sure ? html`<p class="dim">${each.sure}</p>` : null}</div>`,
  )}</div>
<p class="right" hidden><span class="dim">${words.answer}</span> ${right}</p>
</section>`;
}

/** What happens on a key or a button: answers, then the right one, then the next text. A text counts once. */
const SCRIPT = `
const rows=[...document.querySelectorAll('.row')],$=(id)=>document.getElementById(id),step=rows.map(()=>0);
let at=0;
function show(){
  rows.forEach((row,i)=>{
    row.hidden=i!==at;
    row.querySelectorAll('.answer').forEach((e)=>{e.hidden=step[i]<1});
    row.querySelectorAll('.mark,.right').forEach((e)=>{e.hidden=step[i]<2});
  });
  const seen=rows.filter((_,i)=>step[i]>1);
  const count=(k)=>seen.filter((row)=>row.dataset.right[k]==='1').length;
  $('score').textContent=seen.length===0?'':[0,1].map((k)=>document.body.dataset['name'+k]+' '+count(k)).join(', ')+' of '+seen.length;
  $('place').textContent=(at+1)+' of '+rows.length;
  $('back').disabled=at===0;
  $('next').disabled=at===rows.length-1&&step[at]>1;
  $('next').textContent=['Show the answers','Show what is right','Next text'][step[at]];
}
function next(){if(step[at]<2)step[at]++;else if(at<rows.length-1)at++;show()}
function go(by){at=Math.min(rows.length-1,Math.max(0,at+by));show()}
$('next').onclick=next;
$('back').onclick=()=>go(-1);
onkeydown=(e)=>{
  if(e.target.tagName==='BUTTON'&&(e.key===' '||e.key==='Enter'))return;
  if(e.key===' '||e.key==='Enter')next();else if(e.key==='ArrowRight')go(1);else if(e.key==='ArrowLeft')go(-1);else return;
  e.preventDefault();
};
show();
`;

const STYLE = `
*{box-sizing:border-box}
[hidden]{display:none!important}
body{margin:0;min-height:100vh;display:grid;grid-template-rows:auto 1fr auto;gap:16px;padding:24px clamp(16px,5vw,72px);background:var(--paper);color:var(--ink);font:18px/1.4 system-ui,sans-serif}
h1{font-size:1.5rem;line-height:1.2;margin:0 0 4px}
h2{font-size:1rem;margin:0 0 8px}
p{margin:0 0 8px;overflow-wrap:anywhere;white-space:pre-line}
.dim,footer{color:var(--ink2);font-size:.875rem}
.text{font-size:clamp(1.375rem,2.8vw,2.5rem);line-height:1.25}
.text.middle{font-size:clamp(1.125rem,1.8vw,1.5rem)}
.text.long{font-size:1rem}
.answers{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,18rem),1fr));gap:16px;margin:24px 0}
.answer{background:var(--panel);border:1px solid var(--line);border-top-width:4px;padding:16px}
.a{border-top-color:var(--a)}
.b{border-top-color:var(--b)}
.said{font-size:clamp(1.25rem,2.4vw,2rem);font-weight:600;line-height:1.2}
.said.long{font-size:1.125rem;font-weight:400}
.right{font-size:1.25rem;font-weight:600}
.right .dim{display:block;font-weight:400}
.mark{margin-left:8px}
nav{display:flex;flex-wrap:wrap;gap:12px;align-items:center}
button{font:inherit;min-height:44px;padding:8px 16px;background:var(--panel);color:var(--ink);border:1px solid var(--ink2);border-radius:4px}
#next{background:var(--ink);color:var(--paper)}
button:disabled{opacity:.5}
button:focus-visible{outline:3px solid var(--b);outline-offset:2px}
#score{font-weight:600;margin-left:auto}
`;

interface AudienceInput {
  readonly evaluation: Evaluation;
  readonly dataset: Dataset;
  /** Ids of the arms that are shown. */
  readonly pair: readonly [string, string];
  readonly choice: AudienceChoice;
  /** The rows that are shown where the presenter chose none. */
  readonly drawn: readonly string[];
  /** Of the model that answered; null where no run of the comparison names it. */
  readonly model: string | null;
}

/** The file, and how many rows of the user it shows. Rows that are no longer there are left out. */
export async function audiencePage(input: AudienceInput): Promise<{ readonly text: string; readonly rows: number }> {
  const { evaluation, dataset, pair, choice, drawn, model } = input;
  const { shown: rowsOf, judged } = reportKind(evaluation.kind);
  const byId = new Map(rowsOf(evaluation, dataset, pair).map((row) => [row.id, row]));
  const shown = (choice.rows ?? drawn).flatMap((id) => byId.get(id) ?? []);
  const names = pair.map(namesOf(evaluation.comparison.arms));
  const how = `${counted(shown.length, 'text')} of ${counted(byId.size, 'test row')}, ${choice.rows === null ? 'drawn at random' : 'chosen by the presenter'}.`;
  const style = html`:root{color-scheme:light dark;${raw(colours('light'))}}@media (prefers-color-scheme:dark){:root{${raw(colours('dark'))}}}${raw(STYLE)}`;
  const text = html`${htmlHead(choice.title, style, await sha256Base64(SCRIPT))}
<body data-name0="${names[0]}" data-name1="${names[1]}">
<header><h1>${choice.title}</h1><p class="dim">${choice.sentence}</p></header>
<main>${shown.map((row, i) => rowSection(row, names, judged, i))}
<noscript><p>This page shows its texts with a script, which is switched off here.</p></noscript>
</main>
<div>
<nav aria-label="Texts"><button id="back">Back</button><button id="next">Show the answers</button><span id="place" class="dim"></span><span id="score" role="status"></span></nav>
<footer><p>The score counts ${judged.counted} among the texts shown so far. ${overall(evaluation, pair)} ${how}</p>
<p>Recorded answers${model && ` of ${model}`}, made with ${PRODUCT}. This file asks for nothing on the network.</p></footer>
</div>
<script>${raw(SCRIPT)}</script>
</body>
</html>
`.markup;
  return { text, rows: shown.length };
}
