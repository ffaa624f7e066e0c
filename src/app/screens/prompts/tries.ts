/** Tries of a hand-written prompt on validation rows: scored or written, shown as a job, kept with the version. */
import type { Dataset } from '../../../dataset/types';
import { chooseHard, chosenHard, isWriting, recordTry, recordWriting } from '../../../project/prompt-set';
import type { HardVersion, PromptSet } from '../../../project/types';
import type { HardPrompt, LabelWord } from '../../../task/types';
import { wordsFor } from '../../../task/words-for';
import type { TokenRow } from '../../../tokens/types';
import type { ScoreResult } from '../../../worker/protocol';
import { validationIds } from '../../../workflow/training-rows';
import type { ProjectStore } from '../../state/project-store';
import type { Services } from '../../state/services';
import type { SessionStore } from '../../state/session-store';
import { slim } from './proposal';
import { tally } from './tally';
import { tryWriting, WRITING_TRY_ROWS } from './try-writing';

interface Opened {
  readonly open: PromptSet;
  readonly dataset: Dataset;
}

interface Told {
  readonly onShare: (done: number, total: number) => void;
}

export interface Tries {
  /** Seconds a token, from a few rows; null when nothing can be told. */
  probe(found: Opened, draft: HardPrompt): Promise<number | null>;
  /** Scores the validation rows; seconds a token. */
  score(found: Opened, version: HardVersion, told: Told): Promise<number | null>;
  /** Writes some of them. */
  write(found: Opened, version: HardVersion, told: Told): Promise<null>;
}

const PROBE_ROWS = 4;

/** The validation rows that a try asks. */
export const triedIds = (set: PromptSet, dataset: Dataset): readonly string[] =>
  isWriting(set) ? dataset.split.validation.slice(0, WRITING_TRY_ROWS) : validationIds(dataset);

/** What is better counts as yours; results on other rows cannot be held against each other. */
function keepBetter(set: PromptSet, versionId: string, of: (version: HardVersion) => Judged | null, now: string) {
  const [mine, yours] = [set.hard.find(({ id }) => id === versionId), chosenHard(set)].map((v) => v && of(v));
  if (!mine || (yours?.rows && yours.rows !== mine.rows)) return set;
  return !yours || mine.value > yours.value ? chooseHard(set, versionId, now) : set;
}

interface Judged {
  readonly value: number;
  readonly rows: string | undefined;
}

export function createTries(services: Services, session: SessionStore, project: ProjectStore): Tries {
  const now = () => new Date().toISOString();
  const tokenise = (dataset: Dataset, prompt: HardPrompt, words: readonly LabelWord[], split: readonly string[]) =>
    services.data.call('tokenRows', { dataset, prompt, words, split });

  /** While it goes on it is the page's one job. */
  async function asJob<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const stop = new AbortController();
    session.getState().setJob({
      title: 'Trying your prompt',
      screen: 'prompts',
      fraction: 0,
      secondsLeft: null,
      stop: () => stop.abort(),
    });
    try {
      return await work(stop.signal);
    } finally {
      session.getState().setJob(null);
    }
  }

  async function labelsOf(words: readonly LabelWord[]) {
    return (await services.data.call('labelTokens', { words })).labels;
  }

  function perToken(rows: readonly TokenRow[], result: ScoreResult): number | null {
    const tokens = rows.reduce((sum, { ids, otherOrders = [] }) => sum + ids.length * (1 + otherOrders.length), 0);
    return tokens > 0 ? result.seconds / tokens : null;
  }

  return {
    probe: async ({ open, dataset }, draft) => {
      const words = wordsFor(draft, open.words);
      const ids = dataset.split.validation.slice(0, PROBE_ROWS);
      if (ids.length === 0) return null;
      const { rows } = await tokenise(slim(dataset, ids, draft.shots > 0), draft, words, ids);
      const labels = await labelsOf(words);
      return perToken(rows, await services.engine.call('score', { rows, labels, soft: null, cacheKey: null }));
    },
    score: async ({ open, dataset }, version, { onShare }) => {
      const words = wordsFor(version.prompt, open.words);
      const { rows } = await tokenise(dataset, version.prompt, words, validationIds(dataset));
      const labels = await labelsOf(words);
      const scored = await asJob((signal) =>
        services.engine.call(
          'score',
          { rows, labels, soft: null, cacheKey: null },
          {
            signal,
            onEvent: ({ done, total, secondsLeft }) => {
              onShare(done, total);
              session.getState().updateJob({ fraction: done / total, secondsLeft });
            },
          },
        ),
      );
      const datasetFingerprint = dataset.fingerprint;
      const tried = { ...tally(rows, scored, dataset.labels.length), datasetFingerprint };
      const judged = ({ tried: t }: HardVersion) => t && { value: t.accuracy, rows: t.datasetFingerprint };
      await project
        .getState()
        .updateById(open.id, (s) => keepBetter(recordTry(s, version.id, tried, now()), version.id, judged, now()));
      return perToken(rows, scored);
    },
    write: async ({ open, dataset }, version, { onShare }) => {
      const ids = triedIds(open, dataset);
      const wrote = await asJob((signal) =>
        tryWriting(
          services,
          { set: open, dataset, prompt: version.prompt, ids },
          {
            signal,
            onShare: (share, secondsLeft) => {
              onShare(Math.floor(share * ids.length), ids.length);
              session.getState().updateJob({ fraction: share, secondsLeft });
            },
          },
        ),
      );
      const judged = ({ wrote: w }: HardVersion) => (w ? { value: w.rougeL, rows: w.datasetFingerprint } : null);
      await project
        .getState()
        .updateById(open.id, (s) => keepBetter(recordWriting(s, version.id, wrote, now()), version.id, judged, now()));
      return null;
    },
  };
}
