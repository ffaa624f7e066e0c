/**
 * What a ladder of two steps asks: which prompts, in which order of rungs, and which rows take part. Pure; `ladder.ts` asks.
 */
import { rowsById, rowsOf, textKeyOf } from '../dataset/labels';
import type { Dataset, Row } from '../dataset/types';
import { present } from '../lib/assert';
import { badInput } from '../lib/errors';
import { counted } from '../lib/format';
import { unwrap } from '../lib/result';
import type { MatrixPrompt } from '../prompt-set/ready-prompt';
import type { LadderAnswers } from '../report/ladder';
import { exampleCount, shotIds } from '../task/render';
import {
  alignWords,
  checkTemplate,
  otherColumns,
  sameLabels,
  withoutColumn,
  withoutInstruction,
  wordsFor,
} from '../task/template';
import { isHashed } from './matrix';

export interface LadderRequest {
  readonly dataset: Dataset;
  /** What step one answers, as step two's prompt names it. A column of this name has step one's right answers. */
  readonly field: string;
  readonly first: MatrixPrompt;
  /** The first that reads the field, without its vectors, gives the lower rungs; each with vectors is a rung on top. */
  readonly second: readonly MatrixPrompt[];
  /** Examples of the rung with examples, where the prompt has none of its own. */
  readonly shots: number;
  /** What prompts have answered before: it is not asked again. */
  readonly kept: readonly LadderAnswers[];
}

export const reads = ({ prompt }: MatrixPrompt, field: string, { mapping }: Dataset): boolean =>
  otherColumns(prompt.template, mapping.text).includes(field);

/** Step two's hand-written prompt, which reads the field. @throws StudioError `bad-input` */
export function baseOf({ dataset, field, first, second }: LadderRequest, sha256: string): MatrixPrompt {
  const { mapping, table } = dataset;
  if (field === mapping.label || field === mapping.text || field.trim() === '')
    throw badInput(
      `“${field}” cannot be step one's field: name one that is neither the text nor the answer of step two.`,
    );
  if (reads(first, field, dataset))
    throw badInput(`Step one's prompt shows {${field}}, which it is to answer. Take it out.`);
  if (first.model && first.model.sha256 !== sha256)
    throw badInput(`Step one's vectors only work with ${first.model.id} (${first.model.dtype}). Load that model.`);
  unwrap(checkTemplate(first.prompt.template, table.columns, mapping));
  for (const { prompt } of second) unwrap(checkTemplate(prompt.template, [...table.columns, field], mapping));
  // the lower rungs have no examples
  const base = second.find((of) => reads(of, field, dataset) && !of.prompt.inText);
  if (!base)
    throw badInput(
      `No prompt of step two without examples in its text reads step one's answer. Write {${field}} on a line of its own in one.`,
    );
  return { ...base, softs: [], model: null, ...(base.softs.length > 0 ? { meanLogProbs: null } : {}), threshold: null };
}

/** Whether a prompt was trained on a row, or shows it as an example; null = nobody can say. */
export function knows(
  { seen, dataset: own, prompt, softs }: MatrixPrompt,
  { mapping }: Dataset,
): ((row: Row) => boolean) | null {
  if (seen === null) return null;
  if ('hashes' in seen) return isHashed(seen.hashes, { mapping });
  if (!own) return seen.parts.length === 0 ? () => false : null;
  const isFixed = softs.length === 0 && prompt.selection !== 'nearest';
  const ids = isFixed ? shotIds(own, prompt) : seen.parts.flatMap((part) => own.split[part]);
  const keys = new Set(rowsOf(own, ids).map((row) => textKeyOf(row, own.mapping)));
  return (row) => keys.has(textKeyOf(row, mapping));
}

type Parts = Dataset['split'] & { readonly known: number };

/** Test rows that no prompt knows, and other rows that step one does not. @throws StudioError `bad-input` */
export function partsFor({ dataset, first, second }: LadderRequest): Parts {
  const byId = rowsById(dataset.table.rows);
  const without = (ids: readonly string[], prompts: readonly MatrixPrompt[]) => {
    const known = prompts.flatMap((of) => knows(of, dataset) ?? []);
    return ids.filter((id) => !known.some((has) => has(present(byId.get(id), `row ${id}`))));
  };
  const { split } = dataset;
  const test = without(split.test, [first, ...second]);
  if (test.length === 0)
    throw badInput(
      split.test.length === 0
        ? 'These rows have no test rows. Name a file with more rows, or one with test rows.'
        : 'One of the prompts was trained on every test row. Name test rows that none was trained on.',
    );
  const [train, validation] = [without(split.train, [first]), without(split.validation, [first])];
  const known = split.train.length + split.validation.length - train.length - validation.length;
  return { train, validation, test, known };
}

/** A rung with its prompt, or with the reason why there is none. */
export interface PlannedRung {
  readonly id: string;
  readonly name: string;
  readonly of: MatrixPrompt | string;
}

export function plannedRungs(
  { field, second, shots }: LadderRequest,
  base: MatrixPrompt,
  filled: Dataset,
): readonly PlannedRung[] {
  const { template, ...own } = base.prompt;
  const hand = (text: string): MatrixPrompt => {
    const prompt = { ...own, template: text, shots: 0 };
    return {
      ...base,
      prompt,
      words: wordsFor(prompt, base.words),
      meanLogProbs: text === template ? base.meanLogProbs : null,
    };
  };
  const alone = withoutColumn(template, field);
  const noLine = `{${field}} is not on a line of its own above the last line, so there is no prompt without it`;
  const bare = alone === null ? null : withoutInstruction(alone);
  const isBare = 'The prompt has no instruction above its first column';
  const vectors = second.flatMap((of, i) => {
    const examples = exampleCount(of.prompt);
    const what = examples > 0 ? `Vectors and ${counted(examples, 'example')}` : 'Vectors';
    return of.softs.length > 0 ? [{ id: `vectors-${i + 1}`, name: `${what}: ${of.name}`, of, examples }] : [];
  });
  vectors.sort((a, b) => Number(a.examples > 0) - Number(b.examples > 0));
  return [
    { id: 'foundation', name: 'Foundation prompt', of: bare === null ? noLine : hand(bare) },
    { id: 'instruction', name: 'Instruction', of: alone === null ? noLine : alone === bare ? isBare : hand(alone) },
    { id: 'first', name: "Step one's answer", of: hand(template) },
    examplesRung(hand(template), own.shots > 0 ? own.shots : shots, filled),
    ...vectors,
  ];
}

/** The prompt with examples, which are training rows with step one's answers to them. */
function examplesRung(of: MatrixPrompt, shots: number, filled: Dataset): PlannedRung {
  const rung = (of: PlannedRung['of']) => ({ id: 'examples', name: counted(shots, 'example'), of });
  if (filled.split.train.length === 0)
    return rung('Step one has seen every training row, so none can be an example. Train it on a part of them');
  if (!sameLabels(of.words, filled.labels)) return rung('The prompt has other labels than these rows');
  const words = alignWords(of.words, filled.labels);
  return rung({ ...of, prompt: { ...of.prompt, shots }, words, meanLogProbs: null, dataset: filled });
}
