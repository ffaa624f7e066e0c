/** What there is to beat on the validation rows: the commonest label, the untuned text, and the hand-written prompt. */
import type { Dataset } from '../../../dataset/types';
import { writes } from '../../../dataset/writing';
import { chosenHard, recordTry } from '../../../project/prompt-set';
import type { HardVersion, PromptSet } from '../../../project/types';
import { wordsFor } from '../../../task/words-for';
import type { ModelInfo, ScoreResult } from '../../../worker/protocol';
import { cacheKeyOf, validationIds } from '../../../workflow/training-rows';
import type { ReferenceLine } from '../../charts/finding';
import type { ProjectStore } from '../../state/project-store';
import type { Services } from '../../state/services';
import type { RunInputs } from './run-inputs';
import { goldOf, majorityOf, outcome } from './validation';
import { createWritingBaselines } from './writing-baselines';

/** Which untuned text, on which rows, by which weights. */
export interface Subject {
  readonly open: PromptSet;
  readonly dataset: Dataset;
  readonly template: string;
  readonly info: Pick<ModelInfo, 'sha256'>;
}

interface Score {
  readonly accuracy: number;
  readonly macroF1: number;
}

interface Telling {
  readonly signal: AbortSignal;
  readonly onNote: (note: string) => void;
  readonly onLines: (lines: readonly ReferenceLine[]) => void;
  /** How long the hand-written prompt took, whose rows are in no cache: it tells the speed of this machine. */
  readonly onScored: (result: ScoreResult) => Promise<void>;
}

export interface Baselines {
  /** As far as it is known without asking the model. */
  known(of: Omit<Subject, 'info'> & { readonly info: Subject['info'] | null }): Promise<readonly ReferenceLine[]>;
  isMissing(open: PromptSet, lines: readonly ReferenceLine[]): boolean;
  /** Scores what is not known yet; once, then it is kept. */
  score(of: Subject, inputs: RunInputs, telling: Telling): Promise<void>;
}

/** Ends in the set's id, so that the text of its prompt goes when it goes. */
const keyOf = ({ open, dataset, template, info }: Subject) =>
  `untuned:${info.sha256}:${dataset.fingerprint}:${dataset.splitHash}:${open.words.map((w) => w.word).join('|')}:${template}:${open.id}`;

export function createBaselines(services: Services, project: ProjectStore): Baselines {
  const { engine, data, store: disk } = services;
  const writing = createWritingBaselines(services);
  const scoreRows = (
    rows: RunInputs['validation'],
    labels: RunInputs['labels'],
    { signal }: Telling,
    cacheKey: string | null,
  ) => engine.call('score', { rows, labels, soft: null, cacheKey }, { signal });

  async function tryHard(hard: HardVersion, { open, dataset }: Subject, ids: readonly string[], telling: Telling) {
    const words = wordsFor(hard.prompt, open.words);
    const [{ rows }, { labels }] = await Promise.all([
      data.call('tokenRows', { dataset, prompt: hard.prompt, words, split: ids }),
      data.call('labelTokens', { words }),
    ]);
    const scored = await scoreRows(rows, labels, telling, null);
    await telling.onScored(scored);
    const scoredIds = scored.rows.map((row) => row.rowId);
    const gold = goldOf(dataset, scoredIds);
    const { predictions, ...found } = outcome(
      scored.rows.map((row) => row.logProbs),
      gold,
      dataset.labels.length,
    );
    const wrong = predictions.flatMap((label, i) => (label === gold[i] ? [] : [i]));
    const tried = {
      ...found,
      wrongRowIds: wrong.map((i) => scoredIds[i] ?? ''),
      wrongPredictions: wrong.map((i) => predictions[i] ?? 0),
      rows: scoredIds.length,
      seconds: scored.seconds,
      datasetFingerprint: dataset.fingerprint,
    };
    await project.getState().updateById(open.id, (s) => recordTry(s, hard.id, tried, new Date().toISOString()));
  }

  const known: Baselines['known'] = async ({ open, dataset, template, info }) => {
    if (writes(dataset.mapping)) return writing.known({ open, dataset, template, info });
    const majority = majorityOf(dataset, validationIds(dataset));
    const now = project.getState().set;
    const current = (now?.id === open.id ? now : await disk.sets.get(open.id)) ?? open;
    const tried = chosenHard(current)?.tried;
    const untuned = info && (await disk.settings.get<Score>(keyOf({ open, dataset, template, info })));
    return [
      {
        kind: 'classify',
        id: 'majority',
        name: `always “${majority.name}”`,
        accuracy: majority.accuracy,
        macroF1: majority.macroF1,
      },
      ...(untuned ? [{ kind: 'classify' as const, id: 'untuned' as const, name: 'untuned', ...untuned }] : []),
      ...(tried
        ? [
            {
              kind: 'classify' as const,
              id: 'yours' as const,
              name: 'your prompt',
              accuracy: tried.accuracy,
              macroF1: tried.macroF1,
            },
          ]
        : []),
    ];
  };

  return {
    known,
    isMissing: (open, lines) =>
      !lines.some((l) => l.id === 'untuned') || (chosenHard(open) !== null && !lines.some((l) => l.id === 'yours')),
    score: async (of, inputs, telling) => {
      if (writes(of.dataset.mapping)) return writing.score(of, inputs, telling);
      const ids = inputs.validation.map((row) => row.rowId);
      const hard = chosenHard(of.open);
      if (hard && !hard.tried) {
        telling.onNote('Your prompt, on the validation rows');
        await tryHard(hard, of, ids, telling);
        telling.onLines(await known(of));
      }
      const key = keyOf(of);
      if ((await disk.settings.get<Score>(key)) !== null) return;
      telling.onNote('Untuned, on the validation rows');
      // The run itself has read these texts by now.
      const cacheKey = cacheKeyOf(of.dataset.fingerprint, of.template);
      const scored = await scoreRows(inputs.validation, inputs.labels, telling, cacheKey);
      const { accuracy, macroF1 } = outcome(
        scored.rows.map((row) => row.logProbs),
        goldOf(of.dataset, ids),
        of.dataset.labels.length,
      );
      await disk.settings.set(key, { accuracy, macroF1 } satisfies Score);
      telling.onLines(await known(of));
    },
  };
}
