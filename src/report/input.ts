/** What a report is made of, from a stored comparison. */
import { rowsOf, textOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import { cardOf } from '../evaluation/card';
import { everyRowSeconds } from '../evaluation/classify/checks';
import { COMBINED, PROBE } from '../evaluation/classify/made-arms';
import { changedRows } from '../evaluation/sheets';
import { tally } from '../evaluation/vote';
import { softOf, textsOf } from '../prompt/prompt';
import { armsKnowing, UNTUNED } from '../prompt-set/arms';
import { sameWords } from '../prompt-set/prompt-set';
import type { Evaluation, PromptSet, Run, Version } from '../prompt-set/types';
import { runOf, versionById } from '../prompt-set/versions';
import { exampleCount } from '../task/render';
import { withoutInstruction } from '../task/template';
import { accuracyOf, wasStillFalling } from '../training/checkpoint';
import type { Checkpoint } from '../training/events';
import { historyOf } from './history';
import type { ReportFacts, ReportInput } from './types';

/** A stored comparison, and what is known of how it was made. */
export interface Reported {
  readonly set: PromptSet;
  readonly dataset: Dataset | null;
  readonly evaluation: Evaluation;
  /** Of the comparison, where no run names it. */
  readonly model?: ReportFacts['model'] | null;
  /** The end of the tuned prompt's run. */
  readonly checkpoint: Checkpoint | null;
  /** The user agreed that texts of rows go along. */
  readonly withRows?: boolean;
}

type CommonFacts = Omit<ReportFacts, 'card' | 'votes' | 'rows'>;

/** Lines that show no text of their own. */
const LINES: readonly string[] = [COMBINED, PROBE];

/** What every report says of how it was made. Null where the run or the rows are gone. */
function reportFacts({ set, dataset, evaluation, model, checkpoint }: Reported): CommonFacts | null {
  const tuned = versionById(set, evaluation.trainedVersion);
  const run = runOf(set, tuned);
  const of = tuned?.model ?? model;
  if (!of || !dataset) return null;
  const nameOf = (arm: string, { id, prompt, number }: Version): string | undefined => {
    const isOfYours = number === 0 && arm !== UNTUNED && !softOf(prompt);
    return versionById(set, isOfYours ? evaluation.writtenVersion : id)?.name;
  };
  const { train, validation, test } = dataset.split;
  return {
    title: set.name,
    createdAt: evaluation.createdAt,
    mayKnow: armsKnowing(set, evaluation, dataset),
    model: of,
    environment: { backend: evaluation.backend, threads: evaluation.threads },
    dataset: {
      name: set.datasetName ?? dataset.table.format.fileName,
      rows: train.length + validation.length + test.length,
      train: train.length,
      validation: validation.length,
      test: test.length,
      fingerprint: dataset.fingerprint,
      splitHash: dataset.splitHash,
    },
    account: evaluation.account,
    prompts: Object.entries(evaluation.versions).flatMap(([id, of]) => {
      const [text] = textsOf(of.prompt);
      if (!text || LINES.includes(id)) return [];
      const version = nameOf(id, of);
      return {
        armId: id,
        template: text.inText ? withoutInstruction(text.template) : text.template,
        shots: exampleCount(text),
        ...(version === undefined ? {} : { version }),
      };
    }),
    history: historyOf(set, dataset),
    answerWords: answerWords(set, evaluation),
    training: run && trainingOf(run, checkpoint),
  };
}

function trainingOf(
  { settings, bestStep, seconds }: Run,
  checkpoint: Checkpoint | null,
): NonNullable<ReportFacts['training']> {
  const at = new Map(checkpoint?.validations.map((v) => [v.step, accuracyOf(v)]));
  const ms = checkpoint?.steps.reduce((sum, s) => sum + s.ms, 0) ?? 0;
  return {
    placement: settings.placement,
    tokens: settings.virtualTokens,
    seed: settings.seed,
    steps: checkpoint?.step ?? settings.steps,
    bestStep,
    stepsPerSecond: checkpoint && ms > 0 ? (1000 * checkpoint.steps.length) / ms : null,
    trainSeconds: seconds ?? 0,
    history: (checkpoint?.steps ?? []).map(({ step, loss }) => ({
      step,
      loss,
      validationAccuracy: at.get(step) ?? null,
    })),
  };
}

/** The answer words of a comparison; a search belongs to them while its words are the ones that were compared. */
function answerWords(set: PromptSet, evaluation: Evaluation): ReportFacts['answerWords'] {
  const words = evaluation.words ?? set.words;
  const { wordSearch: search } = set;
  return {
    words: Object.fromEntries(words.map(({ label, word }) => [label, word])),
    search:
      search && sameWords(search.words, words)
        ? { outcome: search.outcome, rows: search.rows, loss: search.loss, lossBefore: search.lossBefore }
        : null,
  };
}

/** Null where the run or the rows are gone. */
export function reportOf(of: Reported): ReportInput | null {
  const { set, dataset, evaluation, checkpoint, withRows = false } = of;
  const facts = reportFacts(of);
  if (!facts || !dataset) return null;
  const run = runOf(set, versionById(set, evaluation.trainedVersion));
  const stillFalling = checkpoint !== null && wasStillFalling(checkpoint.validations);
  const { kind, plan, comparison } = evaluation;
  const everyRow = kind === 'classify' ? { everyRowSeconds: everyRowSeconds(run, plan) } : {};
  const changed = withRows ? rowsOf(dataset, changedRows(evaluation)) : [];
  const votes = 'votes' in evaluation ? (evaluation.votes ?? []) : [];
  return {
    ...facts,
    kind,
    plan,
    comparison,
    card: cardOf(evaluation, { stillFalling, ...everyRow }),
    votes: votes.length > 0 ? tally(votes) : null,
    rows: changed.map((row) => ({ id: row.id, text: textOf(row, dataset.mapping) })),
  } as ReportInput;
}
