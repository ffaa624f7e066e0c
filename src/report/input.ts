/** What a report is made of, from a stored comparison. */
import type { Dataset } from '../dataset/types';
import { cardOf, textCardOf } from '../evaluation/card';
import { everyRowSeconds } from '../evaluation/classify/checks';
import { COMBINED } from '../evaluation/classify/made-arms';
import type { Comparison } from '../evaluation/types';
import { tally } from '../evaluation/vote';
import { softOf, textsOf } from '../prompt/prompt';
import { armsKnowing, UNTUNED } from '../prompt-set/arms';
import { sameWords } from '../prompt-set/prompt-set';
import type { ClassifyEvaluation, ComparedVersion, GenerateEvaluation, PromptSet } from '../prompt-set/types';
import { exampleCount } from '../task/render';
import { withoutInstruction } from '../task/template';
import { accuracyOf, wasStillFalling } from '../training/checkpoint';
import type { Checkpoint } from '../training/events';
import { historyOf } from './history';
import type { LabelReport, ReportFacts, TextReport } from './types';

type Compared = Pick<
  ClassifyEvaluation,
  'createdAt' | 'hardVersion' | 'softVersion' | 'versions' | 'backend' | 'threads' | 'splitHash' | 'account'
>;

type CommonFacts = Omit<ReportFacts, 'card'>;

const runOf = (set: PromptSet, { softVersion }: Compared) => set.soft.find(({ id }) => id === softVersion) ?? null;

/** The end of the tuned prompt's run. */
type Ended = { readonly validations: Parameters<typeof wasStillFalling>[0] };

const endOf = (run: Ended | null) => ({ stillFalling: run !== null && wasStillFalling(run.validations) });

/** What every report says of how it was made. Null where the run or the rows are gone. */
function reportFacts(
  set: PromptSet,
  dataset: Dataset | null,
  evaluation: Compared,
  model: ReportFacts['model'] | null,
): CommonFacts | null {
  const run = runOf(set, evaluation);
  const of = run?.model ?? model;
  if (!of || !dataset) return null;
  const nameOf = (arm: string, { versionId, prompt }: ComparedVersion): string | undefined => {
    const own = versionId ?? (arm === UNTUNED || softOf(prompt) ? null : evaluation.hardVersion);
    return [...set.hard, ...set.soft].find(({ id }) => id === own)?.name;
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
    ...(evaluation.account && { account: evaluation.account }),
    prompts: Object.entries(evaluation.versions).flatMap(([id, of]) => {
      const [text] = textsOf(of.prompt);
      if (!text || id === COMBINED) return [];
      const version = nameOf(id, of);
      return {
        armId: id,
        // what comes before the row has examples in it
        template: text.inText ? withoutInstruction(text.template) : text.template,
        shots: exampleCount(text),
        ...(version === undefined ? {} : { version }),
      };
    }),
    history: historyOf(set, dataset),
  };
}

/** Of a comparison of generated texts. Null where the run or the rows are gone. */
export function textReport(
  set: PromptSet,
  dataset: Dataset | null,
  evaluation: GenerateEvaluation,
  model: ReportFacts['model'] | null,
  run: Ended | null,
): TextReport | null {
  const { plan, comparison, votes = [] } = evaluation;
  const facts = reportFacts(set, dataset, evaluation, model);
  if (!facts) return null;
  const { settings, bestStep = null, seconds = null } = runOf(set, evaluation) ?? {};
  return {
    ...facts,
    kind: 'generate',
    card: textCardOf({ plan, comparison }, endOf(run)),
    plan,
    comparison,
    training: settings
      ? {
          placement: settings.placement,
          tokens: settings.virtualTokens,
          seed: settings.seed,
          steps: settings.steps,
          bestStep,
          seconds,
        }
      : null,
    votes: votes.length > 0 ? tally(votes) : null,
  };
}

/** The answer words of a comparison; a search belongs to them while its words are the ones that were compared. */
function answerWords(set: PromptSet, evaluation: ClassifyEvaluation): LabelReport['answerWords'] {
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

/** Of a comparison of labels: no text of any row. Null where the run or the rows are gone. */
export function labelReport(
  set: PromptSet,
  dataset: Dataset | null,
  evaluation: ClassifyEvaluation,
  comparison: Comparison,
  model: ReportFacts['model'] | null,
  checkpoint: Checkpoint | null,
): LabelReport | null {
  const run = runOf(set, evaluation);
  const facts = reportFacts(set, dataset, evaluation, model);
  if (!facts) return null;
  const at = new Map(checkpoint?.validations.map((v) => [v.step, accuracyOf(v) ?? 0]));
  const ms = checkpoint?.steps.reduce((sum, s) => sum + s.ms, 0) ?? 0;
  return {
    ...facts,
    kind: 'classify',
    plan: evaluation.plan,
    comparison,
    answerWords: answerWords(set, evaluation),
    card: cardOf(
      { plan: evaluation.plan, comparison },
      { ...endOf(checkpoint), everyRowSeconds: everyRowSeconds(run ?? undefined, evaluation.plan) },
    ),
    training: run && {
      placement: run.settings.placement,
      tokens: run.settings.virtualTokens,
      seed: run.settings.seed,
      steps: checkpoint?.step ?? run.settings.steps,
      bestStep: run.bestStep,
      stepsPerSecond: checkpoint && ms > 0 ? (1000 * checkpoint.steps.length) / ms : null,
      cacheSeconds: null,
      trainSeconds: run.seconds ?? 0,
      history: (checkpoint?.steps ?? []).map(({ step, loss }) => ({
        step,
        loss,
        validationAccuracy: at.get(step) ?? null,
      })),
    },
  };
}
