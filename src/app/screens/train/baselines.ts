import { rowsKey } from '../../../dataset/keys';
import { generates } from '../../../dataset/task-facts';
import type { Dataset } from '../../../dataset/types';
import { firstText } from '../../../prompt/prompt';
import { chosenWritten, recordTry } from '../../../prompt-set/make-versions';
import { answersWith, scoresIn, sinceTry } from '../../../prompt-set/tries';
import type { PromptSet } from '../../../prompt-set/types';
import { promptFor } from '../../../prompt-set/versions';
import type { ReferenceLine, Scores } from '../../../training/events';
import type { ModelInfo } from '../../../worker/protocol';
import type { BaselineId, BaselineScores, TrainRunRequest } from '../../../workflow/train';
import { majorityOf, validationCount, validationIds } from '../../../workflow/training-rows';
import type { PromptSetsStore } from '../../state/prompt-sets-store';
import type { Services } from '../../state/services';

export interface Subject {
  readonly open: PromptSet;
  readonly dataset: Dataset;
  readonly template: string;
  readonly words: PromptSet['words'];
  /** Null while no model is loaded: then only what needs none is known. */
  readonly info: Pick<ModelInfo, 'sha256'> | null;
}

type Score = Scores & { readonly loss?: number };
type Found = Readonly<Record<BaselineId, Score | null>>;

export type Baselines = ReturnType<typeof createBaselines>;

const NAMES: Readonly<Record<BaselineId, string>> = { untuned: 'untuned', yours: 'your prompt' };

type Asked = Pick<TrainRunRequest['baselines'][number], 'prompt' | 'with'>;

function askedOf({ open, template, words }: Subject, id: BaselineId): Asked | null {
  if (id === 'untuned')
    return { prompt: { template, shots: 0, shotSeed: 0 }, with: { words, meanLogProbs: null, longest: null } };
  const yours = chosenWritten(open);
  const prompt = yours && promptFor(open, yours);
  return prompt && { prompt: firstText(prompt), with: answersWith(prompt) };
}

/** Ends in the set's id, so that the text of its prompt is deleted with it. */
function keyOf(subject: Subject, id: BaselineId): string {
  const { open, dataset, template, words, info } = subject;
  const asked = dataset.mapping.task === 'classify' ? [words, template] : askedOf(subject, id)?.prompt;
  return `scores:${rowsKey(dataset, info?.sha256, validationCount(dataset), asked)}:${open.id}`;
}

/** What a try of yours on these rows has reached. */
function presentScores({ open, dataset, info }: Subject): Scores | null {
  const hand = chosenWritten(open);
  const isPresent = hand && sinceTry(open, hand, { dataset, model: info?.sha256 ?? null }).length === 0;
  return isPresent && hand.tried ? scoresIn(hand.tried) : null;
}

export function createBaselines({ store: disk }: Pick<Services, 'store'>, promptSets: PromptSetsStore) {
  /** The set as it is now: a try may have been kept since the run began. */
  async function find(subject: Subject): Promise<Found> {
    const now = promptSets.getState().set;
    const open = (now?.id === subject.open.id ? now : await disk.sets.get(subject.open.id)) ?? subject.open;
    const current = { ...subject, open };
    const stored = async (id: BaselineId): Promise<Score | null> =>
      subject.info && askedOf(current, id) ? disk.settings.get(keyOf(current, id)) : null;
    const yours = generates(open.kind) ? await stored('yours') : presentScores(current);
    return { untuned: await stored('untuned'), yours };
  }

  return {
    known: async (subject: Subject): Promise<readonly ReferenceLine[]> => {
      const { dataset } = subject;
      const found = await find(subject);
      const lines = (['untuned', 'yours'] as const).flatMap((id): ReferenceLine[] => {
        const scores = found[id];
        return scores ? [{ ...scores, id, name: NAMES[id] }] : [];
      });
      if (dataset.mapping.task !== 'classify') return lines;
      const { name, ...majority } = majorityOf(dataset, validationIds(dataset));
      return [{ kind: 'classify', id: 'majority', name: `always “${name}”`, ...majority }, ...lines];
    },
    missing: async (subject: Subject): Promise<TrainRunRequest['baselines']> => {
      const found = await find(subject);
      return (['yours', 'untuned'] as const).flatMap((id) => {
        const asked = askedOf(subject, id);
        return asked && !found[id] ? [{ id, ...asked }] : [];
      });
    },
    keep: async (subject: Subject, { id, scores, tried }: BaselineScores): Promise<void> => {
      const yours = chosenWritten(subject.open);
      if (tried && yours) {
        await promptSets.getState().updateById(subject.open.id, (set, { now }) => recordTry(set, yours.id, tried, now));
        return;
      }
      await disk.settings.set(keyOf(subject, id), scores);
    },
  };
}
