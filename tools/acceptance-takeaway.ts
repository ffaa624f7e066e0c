/**
 * `tsx tools/acceptance-takeaway.ts [ARM …]`: every take-away format, answered from the exported files alone. Trains on the tiny
 * model, compares, exports each prompt of the comparison, and asks predict.py (PyTorch) and predict.mjs about the test
 * rows; answers must be the studio's and probabilities within 0.001. The calibration is made to change answers, and a
 * threshold goes along. Without a Python only predict.mjs is asked, and that is said.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Papa from 'papaparse';
import { createLog, openHost } from '../src/cli/node-host';
import { rowsById, textOf } from '../src/dataset/labels';
import type { Dataset } from '../src/dataset/types';
import { readZip } from '../src/interchange/zip';
import { uninterrupted } from '../src/lib/control';
import { labelProbabilities } from '../src/metrics/calibration';
import { argmax } from '../src/metrics/classification';
import { firstText, softOf } from '../src/prompt/prompt';
import { versionsCompared } from '../src/prompt-set/calibration';
import { addWritten, finishRun, startRun } from '../src/prompt-set/make-versions';
import { createPromptSet } from '../src/prompt-set/prompt-set';
import type { ClassifyEvaluation, PromptSet, Version } from '../src/prompt-set/types';
import { versionById, versionsOf } from '../src/prompt-set/versions';
import { openVersion, tableSource } from '../src/route/answering';
import { classifyInstruction } from '../src/task/propose';
import { renderRows } from '../src/task/render';
import { propose } from '../src/task/tasks';
import { fillTemplate } from '../src/task/template';
import { STANDARD } from '../src/training/settings';
import { compare } from '../src/workflow/compare';
import type { Order } from '../src/workflow/export-subjects';
import { EXPORTS, isOneTuned, type RecipientId, type Subject, subjectOf } from '../src/workflow/exports';
import { type Host, SILENT } from '../src/workflow/host';
import { exportPackage } from '../src/workflow/index';
import { prepareRows, readTable } from '../src/workflow/open-data';
import { train } from '../src/workflow/train';
import { findPython } from './export/python.mjs';

const ROOT = join(import.meta.dirname, '..');
const TINY = join(ROOT, 'public/models/softprompt-studio/tiny-support');
const WEIGHTS = join(ROOT, 'test/fixtures/tiny-support');
/** Of the sample: this checks formats, not figures. */
const ROWS = 150;
const CLOSE = 1e-3;
const THRESHOLD = { value: 0.6, rows: 20, answered: 12, correct: 11 };
/** Answers of an adapter to rows, by PEFT, with the text and the words of its README. */
const PEFT = `
import json, re, sys, torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer
place, weights, asked = sys.argv[1:]
asked = json.load(open(asked))
template = re.search(r"special tokens:\\n\\n\`{3,}\\n(.*?)\\n\`{3,}", asked["readme"], re.S)[1]
words = [json.loads(word) for word in re.findall(r"is answered as \`(.+)\`", asked["readme"])]
tokenizer = AutoTokenizer.from_pretrained(weights)
model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(weights, dtype=torch.float32, attn_implementation="eager"), place).eval()
ids = lambda text: tokenizer(text, add_special_tokens=False).input_ids
labels = [ids(word) for word in words]
assert all(len(label) == 1 for label in labels), labels
out = []
for text in asked["rows"]:
    row = torch.tensor([ids(template.replace("{text}", text))])
    with torch.no_grad(): logits = model(input_ids=row, attention_mask=torch.ones_like(row)).logits[0, -1].double()
    out.append(torch.log_softmax(logits[[label[0] for label in labels]], -1).tolist())
print(json.dumps(out))
`;

import { learnedOn } from '../src/workflow/training-rows';

const python = findPython();
if (!python) console.log('There is no python3: only predict.mjs and the command line are asked.');

/** Ids of arms, or `prefix`: all where none is named. */
const only = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'takeaway-'));
const log = createLog();
await using host = await openHost({ model: TINY, backend: 'node-wasm', threads: 2 }, log);
let failed = 0;
try {
  const { set, dataset, evaluation } = await compared(host);
  const stored = { set, dataset, evaluations: [evaluation], checkpoints: [], measurements: [], examples: [] };
  const rows = askedRows(dataset, evaluation);
  const input = join(folder, 'in.csv');
  const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;
  writeFileSync(input, ['text', ...rows.map(cell)].join('\n'));
  const shared = { input, rows, labels: dataset.labels };
  for (const { id } of evaluation.plan.arms) {
    if (only.length > 0 && !only.includes(id)) continue;
    const subject = subjectOf(stored, evaluation.versions[id]?.id ?? '');
    if (!subject) continue;
    // one that only the comparison has answers as it was compared: what calibrates a probe is in the answers already
    const { calibration } =
      versionById(set, subject.version.id)?.prompt ?? evaluation.plan.arms.find((arm) => arm.id === id) ?? {};
    const want = answersOf(evaluation, id, calibration?.meanLogProbs ?? null);
    const plain = answersOf(evaluation, id, null).map(argmax);
    const changed = want.filter((each, i) => argmax(each) !== plain[i]).length;
    console.log(`\n${subject.name}: calibration changes ${changed} of ${want.length} answers`);
    await everyFormat(stored, subject, { ...shared, name: id, want });
  }
  // it takes no part in the comparison, whose tuned prompt has its vectors after the text
  const before = set.versions.find(({ prompt }) => softOf(prompt)?.placement === 'prefix');
  const subject = before && subjectOf(stored, before.id);
  if (before && subject && (only.length === 0 || only.includes('prefix'))) {
    console.log(`\n${subject.name}, vectors before the text`);
    await everyFormat(stored, subject, { ...shared, name: 'prefix', want: await answersNow(set, before.id, rows) });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(failed === 0 ? '\nEvery take-away format answers as the studio does.' : `\n${failed} checks failed.`);
process.exit(failed === 0 ? 0 : 1);

/** Two seeds after the text, one run before it, a hand-written prompt, one with examples, and their comparison. */
async function compared(on: Host): Promise<{ set: PromptSet; dataset: Dataset; evaluation: ClassifyEvaluation }> {
  const stamp = () => ({ id: on.newId(), now: on.now() });
  const lines = readFileSync(join(ROOT, 'public/sample/support-messages.csv'), 'utf8')
    .split('\n')
    .slice(0, ROWS + 1);
  const bytes = new TextEncoder().encode(lines.join('\n'));
  const table = await readTable({ fileName: 'support-messages.csv', bytes }, SILENT);
  const { dataset } = await prepareRows(
    table,
    { text: 'text', label: 'label', id: null, task: 'classify' },
    { seed: 1 },
  );
  const { template, words } = propose(dataset, on.tokens.encode);
  const instruction = classifyInstruction(dataset.labels, words);
  const named = { name: 'support', baseTemplate: template, datasetName: 'support-messages.csv', taken: [] };
  let set = createPromptSet(stamp(), { ...named, words, datasetFingerprint: dataset.fingerprint });
  set = addWritten(set, stamp(), {
    text: { template: `${instruction}\n\n${template}`, shots: 0, shotSeed: 0 },
  }).set;
  const mean = { template, shots: 4, shotSeed: 2, orders: 2 };
  const second = addWritten(set, stamp(), { text: mean });
  set = { ...second.set, chosenWritten: set.versions[0]?.id ?? null };
  for (const [seed, placement] of [
    [0, 'suffix'],
    [1, 'suffix'],
    [0, 'prefix'],
  ] as const) {
    const settings = {
      ...STANDARD,
      placement,
      seed,
      virtualTokens: 4,
      steps: 16,
      batchSize: 8,
      validateEvery: 8,
      checkpointEvery: 16,
    };
    const { id, sha256, dtype } = on.engine.info;
    const started = startRun(set, stamp(), {
      settings: { ...settings, initialisation: { kind: 'text', text: instruction } },
      template,
      initText: instruction,
      model: { id, sha256, dtype },
      ...learnedOn(dataset),
    });
    const asked = {
      runId: started.run.id,
      dataset,
      template,
      words,
      settings: started.run.settings,
      initText: instruction,
    };
    const done = await train(on, { ...asked, initFrom: null, resume: null, baselines: [] }, SILENT);
    const ended = {
      status: 'finished' as const,
      soft: done.soft,
      bestStep: done.bestStep,
      validationAccuracy: null,
      seconds: 0,
    };
    set = finishRun(started.set, started.run.id, ended, on.now());
  }
  set = { ...set, chosenTrained: set.runs[0]?.id ?? null };
  const found = await compare(
    on,
    {
      set,
      dataset,
      also: versionsOf(set, 'written')
        .slice(1)
        .map(({ id }) => id),
    },
    SILENT,
  );
  const evaluation = {
    ...found.evaluation,
    id: 'e',
    setId: set.id,
    createdAt: on.now(),
  } as ClassifyEvaluation;
  return { set: answering(set, evaluation), dataset, evaluation };
}

/** Every version with the calibration that its comparison fitted, whether or not it helps, and with a threshold. */
function answering(set: PromptSet, evaluation: ClassifyEvaluation): PromptSet {
  const compared = versionsCompared(set, evaluation);
  const fitOf = (versionId: string) =>
    evaluation.plan.arms.find(({ id }) => compared.get(id) === versionId)?.calibration ??
    evaluation.plan.arms.find(({ id }) => id === 'tuned')?.calibration ??
    null;
  const made = (version: Version): Version => ({
    ...version,
    calibrated: true,
    prompt: { ...version.prompt, calibration: fitOf(version.id), threshold: THRESHOLD },
  });
  return { ...set, versions: set.versions.map(made) };
}

/** The texts of the compared test rows. */
function askedRows({ table, mapping }: Dataset, { plan }: ClassifyEvaluation): readonly string[] {
  const byId = rowsById(table.rows);
  return plan.rowIds.map((id) => {
    const row = byId.get(id);
    assert(row);
    return textOf(row, mapping);
  });
}

/** Probabilities of the labels as the studio compared them, under a calibration. */
function answersOf({ plan }: ClassifyEvaluation, id: string, meanLogProbs: readonly number[] | null) {
  const arm = plan.arms.find((each) => each.id === id);
  assert(arm);
  return arm.logProbs.map((row) => labelProbabilities(row, meanLogProbs));
}

/** What a version answers in the studio, where no comparison says. */
async function answersNow(set: PromptSet, id: string, rows: readonly string[]) {
  const of = versionById(set, id);
  assert(of);
  const table = { columns: ['text'], rows: rows.map((text, i) => ({ id: String(i), line: i + 1, cells: { text } })) };
  const source = tableSource(host, of, table, { text: 'text', label: null });
  const asked = await source.rowsAt(0, rows.length);
  const { answers } = await openVersion(host, of)(asked.rows, uninterrupted);
  return answers.map((answer) => (answer.kind === 'classify' ? answer.probabilities : []));
}

/** Every format that fits a prompt. */
async function everyFormat(stored: Order['stored'], subject: Subject, asked: Omit<Asked, 'threshold'>): Promise<void> {
  for (const recipient of ['engineer', 'textField', 'chatServer', 'promptfoo', 'peft'] as const) {
    if (EXPORTS[recipient].whyNot(subject, stored) !== null) continue;
    const order: Order = {
      stored,
      subject: subject.version.id,
      withRows: recipient !== 'engineer' || !isOneTuned(subject),
    };
    const threshold = subject.version.prompt.threshold?.value ?? null;
    await checkFormat(recipient, order, { ...asked, name: `${asked.name}-${recipient}`, threshold });
  }
}

interface Asked {
  readonly name: string;
  readonly input: string;
  readonly rows: readonly string[];
  readonly want: readonly (readonly number[])[];
  readonly labels: readonly string[];
  readonly threshold: number | null;
}

/** Exports, unpacks into a folder of its own, and asks whatever can answer from it. */
async function checkFormat(recipient: RecipientId, order: Order, asked: Asked): Promise<void> {
  const { name, content } = await exportPackage(host, { ...order, recipient }, SILENT);
  const place = join(folder, asked.name);
  mkdirSync(place);
  const unpacked = name.endsWith('.zip') ? readZip(content) : null;
  if (unpacked?.ok) for (const [path, bytes] of unpacked.value) writeFileSync(join(place, path), bytes);
  else writeFileSync(join(place, name), content);
  const file = join(place, name);
  if (recipient === 'engineer') {
    byPython(asked, place, [join(place, 'predict.py'), '--check']);
    byNode(asked, [join(place, 'predict.mjs'), asked.input, '--studio', ROOT]);
  } else if (recipient === 'chatServer') {
    byPython(asked, place, [join(ROOT, 'tools/export/predict.py'), '--package', file]);
    byNode(asked, ['--import', 'tsx', join(ROOT, 'src/cli/main.ts'), 'predict', file, asked.input]);
  } else if (recipient === 'promptfoo')
    byNode(asked, ['--import', 'tsx', join(ROOT, 'src/cli/main.ts'), 'predict', file, asked.input]);
  else if (recipient === 'peft') inPeft(asked, place);
  else asText(asked, order, new TextDecoder().decode(content));
}

function say(asked: Asked, by: string, off: number, changed: number, others = ''): void {
  const holds = off <= CLOSE && changed === 0;
  if (!holds) failed++;
  console.log(
    `${holds ? 'ok    ' : 'FAILED'} ${asked.name} by ${by}: ${asked.want.length} rows, ${changed} answers differ, probabilities within ${off.toExponential(1)}${others}`,
  );
}

function ran(what: string, command: string, args: readonly string[], cwd: string): string | null {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status === 0) return stdout;
  failed++;
  console.log(`FAILED ${what}: ended with ${status}\n${stdout}${stderr.slice(-2000)}`);
  return null;
}

/** predict.py, from the folder alone. */
function byPython(asked: Asked, place: string, args: readonly string[]): void {
  if (!python) return;
  const output = join(place, 'out.csv');
  const said = ran(asked.name, python, [...args, '--weights', WEIGHTS, asked.input, output], place);
  if (said === null) return;
  const { data } = Papa.parse<Record<string, string>>(readFileSync(output, 'utf8'), {
    header: true,
    skipEmptyLines: true,
  });
  let off = 0;
  let changed = 0;
  let unsure = 0;
  for (const [i, want] of asked.want.entries()) {
    const best = argmax(want);
    const { prediction, confidence, needs_review: review } = data[i] ?? {};
    if (prediction !== asked.labels[best]) changed++;
    if (asked.threshold !== null && review !== String((want[best] ?? 0) < asked.threshold)) changed++;
    if (review === 'true') unsure++;
    off = Math.max(off, Math.abs(Number(confidence) - (want[best] ?? 0)));
  }
  say(
    asked,
    'predict.py',
    off,
    changed,
    `${asked.threshold === null ? '' : `, ${unsure} for a person`}${said.trim() === '' ? '' : `; ${said.trim()}`}`,
  );
}

/** predict.mjs, or the command line. */
function byNode(asked: Asked, args: readonly string[]): void {
  const said = ran(asked.name, process.execPath, [...args, '--text', 'text', '--model', TINY, '--threads', '2'], ROOT);
  if (said === null) return;
  const found = said
    .trim()
    .split('\n')
    .map(
      (line) => JSON.parse(line) as { label: string; probabilities: Record<string, number>; needs_review?: boolean },
    );
  let off = 0;
  let changed = found.length === asked.want.length ? 0 : asked.want.length;
  for (const [i, want] of asked.want.entries()) {
    const best = argmax(want);
    const { label, probabilities = {}, needs_review: review } = found[i] ?? {};
    if (label !== asked.labels[best]) changed++;
    if (asked.threshold !== null && review !== (want[best] ?? 0) < asked.threshold) changed++;
    asked.labels.forEach((each, c) => {
      off = Math.max(off, Math.abs((probabilities[each] ?? Number.NaN) - (want[c] ?? 0)));
    });
  }
  say(asked, args[0]?.endsWith('predict.mjs') ? 'predict.mjs' : 'predict', off, changed);
}

/** The adapter in PEFT, with the text and the answer words that its README names. */
function inPeft(asked: Asked, place: string): void {
  if (!python) return;
  const bare = join(place, 'asked.json');
  const readme = readFileSync(join(place, 'README.md'), 'utf8');
  writeFileSync(bare, JSON.stringify({ rows: asked.rows, readme }));
  const said = ran(asked.name, python, ['-c', PEFT, place, WEIGHTS, bare], place);
  if (said === null) return;
  const found = JSON.parse(said) as number[][];
  const means = /in this order: ([^\n]+)\./.exec(readme)?.[1]?.split(', ').map(Number) ?? null;
  let off = 0;
  let changed = 0;
  for (const [i, want] of asked.want.entries()) {
    const got = labelProbabilities(found[i] ?? [], means);
    if (argmax(got) !== argmax(want)) changed++;
    want.forEach((value, c) => {
      off = Math.max(off, Math.abs((got[c] ?? Number.NaN) - value));
    });
  }
  say(asked, 'PEFT', off, changed);
}

/** The text itself, filled with a row, is what the studio shows the model. */
function asText(asked: Asked, { stored, subject: id, withRows }: Order, template: string): void {
  const subject = subjectOf(stored, id ?? '');
  assert(subject && stored.dataset && withRows);
  const shown = firstText(subject.version.prompt);
  const ids = (stored.evaluations[0] as ClassifyEvaluation).plan.rowIds;
  const rendered = renderRows(stored.dataset, shown, shown.words, ids);
  assert(rendered.ok);
  const changed = rendered.value.filter(
    ({ text }, i) => text !== fillTemplate(template, { text: asked.rows[i] ?? '' }, null),
  );
  say(asked, 'filling it in', 0, changed.length);
}
