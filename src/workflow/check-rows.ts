/** Check rows, scored by the model: made for an export, replayed at an import. */

import { type ArmCheckRow, type ArmExport, columnsOf, wordProbabilities } from '../interchange/arm-file';
import { checkTarget, compareReplay, compareTargets, type Replay } from '../interchange/check-rows';
import { MIN_CHECK_ROWS, type Sidecar } from '../interchange/sidecar';
import type { CheckRow } from '../interchange/sidecar-build';
import { present } from '../lib/assert';
import { contentKey } from '../lib/bytes';
import { badInput } from '../lib/errors';
import { z } from '../lib/zod';
import { labelsOf, textsOf } from '../prompt/prompt';
import type { SoftPrompt } from '../prompt/soft-prompt';
import { alone } from '../prompt-set/ready-prompt';
import type { SoftVersion } from '../prompt-set/types';
import { fieldsSource } from '../route/answering';
import { scoringTargets } from '../route/generated-texts';
import { createRouter } from '../route/router';
import { cueOf, type Fields, fillTemplate, otherColumns, TEXT_SLOT } from '../task/template';
import type { LabelTokens } from '../tokens/tokenizer';
import { encodeRow } from '../tokens/tokenizer';
import type { Host, HostEngine, Run } from './host';

export interface RowsDone {
  readonly done: number;
  readonly total: number;
}

const sampleSchema = z.object({ parityTexts: z.array(z.string()).min(MIN_CHECK_ROWS) });

/** Sentences that ship with the product. @throws StudioError `bad-input` where the site lacks them */
export async function shippedSentences(host: Pick<Host, 'asset'>): Promise<readonly string[]> {
  const parsed = sampleSchema.safeParse(JSON.parse(await host.asset('sample.json')));
  if (!parsed.success)
    throw badInput('The sentences for the check rows are not on this site. Was the whole build copied?');
  return parsed.data.parityTexts;
}

/** A row a sentence. Every column has one of its own, so that a program that leaves a column out is found out. */
const rowsOfSentences = (sentences: readonly string[], others: readonly string[]): readonly Fields[] =>
  sentences.map((_, i) =>
    Object.fromEntries(
      [TEXT_SLOT, ...others].map((column, c) => [column, sentences[(i + c) % sentences.length] as string]),
    ),
  );

/** Check rows by what is asked, for as long as an engine lives: every recipient gets the same rows. */
const made = new WeakMap<HostEngine, Map<string, readonly CheckRow[]>>();

/** What a tuned prompt says of the shipped sentences. */
export async function makeCheckRows(
  host: Pick<Host, 'asset' | 'engine' | 'tokens'>,
  run: SoftVersion,
  labels: readonly LabelTokens[],
  textColumn: string | null,
  steering: Run<RowsDone>,
): Promise<readonly CheckRow[]> {
  const key = contentKey(run.template, run.soft, run.writes, labels, textColumn);
  const known = made.get(host.engine) ?? new Map<string, readonly CheckRow[]>();
  made.set(host.engine, known);
  const rows = known.get(key) ?? (await scoreCheckRows(host, run, labels, textColumn, steering));
  known.set(key, rows);
  return rows;
}

async function scoreCheckRows(
  host: Pick<Host, 'asset' | 'engine' | 'tokens'>,
  run: SoftVersion,
  labels: readonly LabelTokens[],
  textColumn: string | null,
  { control, emit }: Run<RowsDone>,
): Promise<readonly CheckRow[]> {
  const { encode } = host.tokens;
  const sentences = await shippedSentences(host);
  const texts = rowsOfSentences(sentences, otherColumns(run.template, textColumn)).map((cells) =>
    fillTemplate(run.template, cells, textColumn),
  );
  const cue = run.soft?.placement === 'infix' ? cueOf(run.template) : undefined;
  const rows = texts.map((text, i) => ({ rowId: String(i), ...encodeRow(encode, { text, cue }), label: null }));
  const row = (text: string, i: number) => ({ text, ids: present(rows[i], 'row').ids });
  const onProgress = (done: number) => emit({ done, total: rows.length });
  const { soft } = run;
  if (!run.writes) {
    const scored = await host.engine.score({ rows, labels, soft, cacheKey: null }, control, onProgress);
    const byId = new Map(scored.rows.map(({ rowId, logProbs }) => [rowId, logProbs]));
    return texts.map((text, i) => ({ ...row(text, i), logProbs: present(byId.get(String(i)), text) }));
  }
  const text = checkTarget(run.template);
  const ids = encode(text);
  const asked = rows.map((each) => ({ ...each, target: ids }));
  const found = await host.engine.write(scoringTargets(asked, null, soft), control, onProgress);
  return texts.map((each, i) => ({
    ...row(each, i),
    logProbs: [],
    target: { text, ids, logProb: found[i]?.target?.logProb ?? Number.NaN },
  }));
}

/** What a prompt of a comparison says of the shipped sentences, with a sentence of its own in every column. */
export async function armCheckRows(
  host: Host,
  arm: ArmExport,
  { control, emit }: Run<RowsDone>,
): Promise<readonly ArmCheckRow[]> {
  const { asked } = arm;
  const sentences = await shippedSentences(host);
  const cells = rowsOfSentences(sentences, columnsOf(arm));
  const inLabels = (probabilities: readonly number[]) =>
    Object.fromEntries(labelsOf(asked.prompt).map((label, c) => [label, Math.log(probabilities[c] ?? Number.NaN)]));
  const [text] = textsOf(asked.prompt);
  if (!text)
    return wordProbabilities(asked.prompt, sentences).map((found, i) => ({
      ...{ cells: cells[i] ?? {}, inputIds: [], logProbs: inLabels(found) },
    }));
  const cue = text.splitsCue ? cueOf(text.template) : undefined;
  const route = createRouter({ host }).rows(alone(asked), (of) => fieldsSource(host, of, cells));
  const { answers } = await route.answer(0, cells.length, control);
  emit({ done: cells.length, total: cells.length });
  return answers.map((answer) => {
    const own = cells[answer.index] ?? {};
    const { ids } = encodeRow(host.tokens.encode, { text: fillTemplate(text.template, own, null), cue });
    const probabilities = answer.kind === 'classify' ? answer.probabilities : [];
    return { cells: own, inputIds: Array.from(ids), logProbs: inLabels(probabilities) };
  });
}

/** The check rows of a package with the model that is loaded. */
export async function replayCheckRows(
  { engine }: Pick<Host, 'engine'>,
  sidecar: Pick<Sidecar, 'cue' | 'labels' | 'parityRows' | 'writing'>,
  soft: SoftPrompt,
  { control, emit }: Run<RowsDone>,
): Promise<Replay> {
  const rows = sidecar.parityRows.map((row, i) => ({
    rowId: String(i),
    ids: Int32Array.from(row.inputIds),
    cue: sidecar.cue?.tokenIds.length,
    label: null,
    ...(row.target && { target: Int32Array.from(row.target.ids) }),
  }));
  const onProgress = (done: number) => emit({ done, total: rows.length });
  if (sidecar.writing)
    return compareTargets(sidecar, await engine.write(scoringTargets(rows, null, soft), control, onProgress));
  const scored = await engine.score({ rows, labels: sidecar.labels, soft, cacheKey: null }, control, onProgress);
  return compareReplay(sidecar, new Map(scored.rows.map((row) => [Number(row.rowId), row.logProbs])));
}
