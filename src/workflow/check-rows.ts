/** Check rows, scored by the model: made for an export, replayed at an import, and asked again after another prompt set. */

import type { Dataset } from '../dataset/types';
import { type ArmCheckRow, columnsOf, type TakenArm, versionOfArm, wordProbabilities } from '../interchange/arm-file';
import { checkTarget, compareReplay, compareTargets, type Replay } from '../interchange/check-rows';
import { MIN_CHECK_ROWS, type Sidecar } from '../interchange/sidecar';
import type { CheckRow } from '../interchange/sidecar-build';
import { present } from '../lib/assert';
import { throwIfInterrupted } from '../lib/control';
import { badInput, badInputIn } from '../lib/errors';
import { z } from '../lib/zod';
import type { SoftPrompt } from '../prompt/soft-prompt';
import { kindOf } from '../prompt-set/prompt-set';
import { alone } from '../prompt-set/ready-prompt';
import type { PromptSet, SoftVersion } from '../prompt-set/types';
import type { Version } from '../prompt-set/versions';
import { fieldsSource } from '../route/answering';
import { scoringTargets } from '../route/generated-texts';
import { createRouter } from '../route/router';
import { cueOf, type Fields, fillTemplate, otherColumns, TEXT_SLOT } from '../task/template';
import type { LabelTokens } from '../tokens/tokenizer';
import { encodeRow } from '../tokens/tokenizer';
import { STANDARD } from '../training/settings';
import type { Host, HostEngine, Run, Verb } from './host';
import { initialText } from './runs';
import { train } from './train';

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

/** Check rows by run and labels, for as long as an engine lives: every recipient gets the same rows. */
const made = new WeakMap<HostEngine, Map<string, readonly CheckRow[]>>();

/** What a tuned prompt says of the shipped sentences. */
export async function makeCheckRows(
  host: Pick<Host, 'asset' | 'engine' | 'tokens'>,
  run: SoftVersion,
  labels: readonly LabelTokens[],
  textColumn: string | null,
  steering: Run<RowsDone>,
): Promise<readonly CheckRow[]> {
  const key = JSON.stringify([run.id, run.template, labels, textColumn]);
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
  arm: TakenArm,
  { control, emit }: Run<RowsDone>,
): Promise<readonly ArmCheckRow[]> {
  const sentences = await shippedSentences(host);
  const cells = rowsOfSentences(sentences, columnsOf(arm));
  const inLabels = (probabilities: readonly number[]) =>
    Object.fromEntries(arm.labels.map(({ label }, c) => [label, Math.log(probabilities[c] ?? Number.NaN)]));
  if (arm.texts.length === 0)
    return wordProbabilities(arm, sentences).map((found, i) => ({
      ...{ cells: cells[i] ?? {}, inputIds: [], logProbs: inLabels(found) },
    }));
  const version = versionOfArm(arm);
  const { template } = version.prompt;
  const cue = version.prompt.splitsCue ? cueOf(template) : undefined;
  const route = createRouter({ host }).rows(alone(version), (of) => fieldsSource(host, of, cells));
  const { answers } = await route.answer(0, cells.length, control);
  emit({ done: cells.length, total: cells.length });
  return answers.map((answer) => {
    const own = cells[answer.index] ?? {};
    const { ids } = encodeRow(host.tokens.encode, { text: fillTemplate(template, own, null), cue });
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

/** A prompt set with the version that answers, and its rows where they are here. */
interface Answerable {
  readonly set: PromptSet;
  readonly version: Version;
  readonly dataset: Dataset | null;
}

export interface UnchangedRequest {
  /** The set that is switched to and, with its rows, trained on the same loaded model. */
  readonly changing: Answerable;
  readonly others: readonly Answerable[];
}

/** Whether the other prompt sets answer as before, to the bit. */
export interface Unchanged {
  readonly sets: number;
  readonly rows: number;
  /** That the changing set was trained for in between. */
  readonly steps: number;
  /** Rows with another answer, by handle. */
  readonly differences: readonly (readonly [handle: string, rows: number])[];
  /** Why a set could not be asked, by handle. */
  readonly leftOut: readonly (readonly [handle: string, reason: string])[];
}

/** Texts that each set is asked, and steps of a run that is thrown away. */
const ASKED_TEXTS = 8;
const THROWN_AWAY = { ...STANDARD, steps: 2, validateEvery: 2, batchSize: 2 };

/**
 * Asks the other sets, then switches to one set, answers with it and trains it, then asks the others again. What the engine
 * remembers is dropped before each, so that every answer is computed. Nothing of the run is kept.
 * @throws StudioError `cancelled`, and as the engine
 */
export const proveUnchanged: Verb<UnchangedRequest, RowsDone, Unchanged> = async (host, request, { control, emit }) => {
  const { changing, others } = request;
  const texts = (await shippedSentences(host)).slice(0, ASKED_TEXTS);
  const total = texts.length * (2 * others.length + 1);
  let done = 0;
  const router = createRouter({
    host,
    sets: [changing, ...others].map(({ set }) => set),
    rowsOf: ({ id }) => [changing, ...others].find(({ set }) => set.id === id)?.dataset ?? null,
  });
  const answersOf = async ({ set, version: { kind, version } }: Answerable): Promise<readonly string[]> => {
    const asked = { handle: set.handle, version: { kind, number: version.number } };
    const said: string[] = [];
    for (const text of texts) {
      throwIfInterrupted(control);
      const isText = kindOf(set) === 'generate';
      const answer = isText ? await router.generate(asked, text, control) : await router.classify(asked, text, control);
      // a number as text is the shortest that reads back as the same bits
      said.push('text' in answer ? answer.text : answer.probabilities.join());
      emit({ done: ++done, total });
    }
    return said;
  };
  const leftOut: (readonly [string, string])[] = [];
  const before = new Map<Answerable, readonly string[]>();
  await host.engine.forget();
  for (const other of others) {
    const said = await answersOf(other).catch((cause: unknown) => {
      leftOut.push([other.set.handle, badInputIn(cause)]);
      return null;
    });
    if (said) before.set(other, said);
  }
  await answersOf(changing);
  const steps = await trainBriefly(host, changing, control);
  await host.engine.forget();
  const differences: (readonly [string, number])[] = [];
  for (const [other, said] of before) {
    const again = await answersOf(other);
    const rows = again.filter((answer, i) => answer !== said[i]).length;
    if (rows > 0) differences.push([other.set.handle, rows]);
  }
  return { sets: before.size, rows: before.size * texts.length, steps, differences, leftOut };
};

/** @returns steps; 0 where it has no rows with labels to be trained on */
async function trainBriefly(host: Host, { set, dataset }: Answerable, control: Run['control']): Promise<number> {
  if (!dataset || kindOf(set) === 'generate') return 0;
  const request = {
    runId: 'thrown away',
    dataset,
    template: set.baseTemplate,
    words: set.words,
    settings: THROWN_AWAY,
  };
  const start = { initText: initialText(set), initFrom: null, resume: null, baselines: [] };
  await train(host, { ...request, ...start }, { control, emit: () => {} });
  return THROWN_AWAY.steps;
}
