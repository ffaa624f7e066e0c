import type { Row } from '../dataset/types';
import { targetOf } from '../dataset/writing';
import type { Engine } from '../engine/engine';
import type { GenerateOutcome } from '../evaluation/generate/compare';
import { present } from '../lib/assert';
import { softPrompt } from '../prompt/soft-prompt';
import type { SoftPrompt } from '../prompt/types';
import { asContinuation, parseTemplate, renderTemplate } from '../task/template';
import { lineBreaks } from '../tokens/open-tokenizer';
import type { Tokenizer, TokenRow } from '../tokens/types';
import type { TrainEvent } from '../training/events';
import type { TrainingSettings } from '../training/settings';
import type { TunedPrompt } from './export-prompt';
import type { Log } from './log';
import { tell } from './train-prompt';
import type { WritingTask } from './writing-task';

export interface WritingContext {
  readonly engine: Engine;
  readonly tokenizer: Tokenizer;
  readonly task: WritingTask;
  readonly log: Log;
}

export interface WritingPrompt {
  readonly id: string;
  readonly name: string;
  readonly template: string;
  /** Training rows shown between the instruction and the row. */
  readonly shots: number;
  readonly soft: SoftPrompt | null;
}

/** Room for a longer text than any that is trained on. */
const SPARE_TOKENS = 8;

/** The row's text, as it follows the prompt: one line, and the break that ends it. */
const answerOf = ({ bare, dataset }: WritingTask, row: Row) =>
  `${asContinuation(bare, targetOf(row, dataset.mapping))}\n`;

function render(template: string, row: Row, { dataset }: WritingTask): string {
  const parts = parseTemplate(template);
  return parts.ok ? renderTemplate(parts.value, row, dataset.mapping) : template;
}

/** Tokens that an answer may have: those of the longest that is trained on, and some to spare. */
export const longestAnswer = ({ tokenizer, task }: Pick<WritingContext, 'tokenizer' | 'task'>): number =>
  Math.max(...task.parts.train.map((row) => tokenizer.encode(answerOf(task, row)).length)) + SPARE_TOKENS;

function tokenRows(
  { tokenizer, task }: WritingContext,
  rows: readonly Row[],
  prompt: Pick<WritingPrompt, 'template' | 'shots'>,
) {
  const { bare, instruction, parts } = task;
  const shown = parts.train.slice(0, prompt.shots).map((row) => `${render(bare, row, task)}${answerOf(task, row)}`);
  const head = shown.length > 0 ? `${[instruction, ...shown].join('\n\n')}\n` : '';
  return rows.map(
    (row): TokenRow => ({
      rowId: row.id,
      ids: tokenizer.encode(shown.length > 0 ? head + render(bare, row, task) : render(prompt.template, row, task)),
      label: null,
      target: tokenizer.encode(answerOf(task, row)),
    }),
  );
}

/** Rows under the bare template share keys and values, with vectors behind them or not. */
const cacheKeyOf = ({ bare }: WritingTask, { template, shots }: Pick<WritingPrompt, 'template' | 'shots'>) =>
  template === bare && shots === 0 ? bare : null;

/** @throws StudioError as Engine.train */
export async function trainWriter(context: WritingContext, settings: TrainingSettings): Promise<TunedPrompt> {
  const { engine, tokenizer, task, log } = context;
  const prompt = { template: task.bare, shots: 0 };
  const events = engine.train({
    runId: 'cli',
    train: tokenRows(context, task.parts.train, prompt),
    validation: tokenRows(context, task.parts.validation, prompt),
    labels: [],
    settings,
    initTokenIds: tokenizer.encode(task.instruction),
    cacheKey: task.bare,
    resume: null,
  });
  let done: Extract<TrainEvent, { kind: 'done' }> | null = null;
  for await (const event of events) {
    tell(event, log);
    if (event.kind === 'done') done = event;
  }
  const end = present(done, 'end of training');
  return { soft: softPrompt(settings.placement, end.vectors, engine.info.hidden), settings, done: end };
}

/** What a prompt writes after the held-back rows, up to the end of the line. @throws StudioError as Engine.write */
export async function writtenBy(context: WritingContext, prompt: WritingPrompt): Promise<GenerateOutcome> {
  const { engine, tokenizer, task, log } = context;
  const rows = tokenRows(context, task.parts.test, prompt);
  const written = await engine.write(
    {
      rows,
      soft: prompt.soft,
      cacheKey: cacheKeyOf(task, prompt),
      maxNewTokens: longestAnswer(context),
      endTokenIds: tokenizer.endTokenIds,
      // a line is the answer, and an empty one is none
      breakTokenIds: lineBreaks(tokenizer),
    },
    undefined,
    (done) => log.progress(`${prompt.name}: ${Math.floor(done)} of ${rows.length} rows`),
  );
  const sent = rows.reduce((sum, { ids }) => sum + ids.length + (prompt.soft?.virtualTokens ?? 0), 0);
  return {
    id: prompt.id,
    name: prompt.name,
    written: written.map(({ ids }) => tokenizer.decode(ids).trim()),
    scores: written.map(({ rowId, target }) => present(target, `score of row ${rowId}`)),
    tokensSentMean: sent / rows.length,
  };
}
