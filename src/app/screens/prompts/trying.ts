import { createStore } from 'zustand/vanilla';
import { rowsKey } from '../../../dataset/keys';
import { generates } from '../../../dataset/task-facts';
import type { Dataset } from '../../../dataset/types';
import { oneAtATime, pause } from '../../../lib/control';
import { capitalised } from '../../../lib/format';
import { firstText } from '../../../prompt/prompt';
import { otherWritten } from '../../../prompt-set/arms';
import {
  chooseWritten,
  chosenWritten,
  type FoundPrompt,
  recordTry,
  takeFoundPrompt,
} from '../../../prompt-set/make-versions';
import { answersWith, foundVersion, isOfText, reachedIn, sinceTry } from '../../../prompt-set/tries';
import type { Opened, PromptSearch, PromptSet, Tried } from '../../../prompt-set/types';
import { promptFor, promptOf, versionById, versionsOf } from '../../../prompt-set/versions';
import { sameLabels } from '../../../task/template';
import type { PromptText } from '../../../task/types';
import { writingSeconds } from '../../../training/estimate';
import type { RowsDone } from '../../../workflow/check-rows';
import type { ImproveRequest } from '../../../workflow/improve';
import type { Standing } from '../../../workflow/search-board';
import { triedCount } from '../../../workflow/training-rows';
import type { PromptReading, ReadRequest, TryResult } from '../../../workflow/try-prompt';
import { type Job, job, throwIfStopped } from '../../state/job';
import { createSpeedometer } from '../../state/models-store';
import { resource, steadyResource, useResource } from '../../state/resource';
import { weightsOf } from '../../state/session-state';
import { perStudio, type Studio, screenStore, useModel, useOpen, usePromptSets } from '../../state/studio';
import { toastUndo } from '../../ui/toast';
import { keepVersion, templateProblem, useDraft, usePrompts } from './prompts-store';

/** Typing pauses this long before the tokens are counted. */
const PAUSE_MS = 200;

export const readings = perStudio(({ services, stores: { session } }) => {
  const vectors = createStore<{ readonly vectors: RowsDone | null }>(() => ({ vectors: null }));
  let isFirst = true;
  const read = steadyResource(async (request: ReadRequest, signal) => {
    if (!isFirst) await pause(PAUSE_MS, signal);
    throwIfStopped(signal);
    isFirst = false;
    await session.getState().tokenizerReady();
    return services.workflow
      .call('readPrompt', request, {
        signal,
        onEvent: ({ done, total }) => vectors.setState({ vectors: { done, total } }),
      })
      .finally(() => vectors.setState({ vectors: null }));
  });
  return { read, vectors };
});

export const isNearest = ({ shots, selection }: PromptText) => shots > 0 && selection === 'nearest';

export function useReading() {
  const { set, dataset } = useOpen();
  const prompt = useDraft();
  const index = usePrompts((s) => s.index);
  const modelReady = useModel() !== null;
  // only the model knows which training rows are similar; after another label column is chosen, its words are still to come
  const canRead = set && dataset && sameLabels(set.words, dataset.labels) && (modelReady || !isNearest(prompt));
  const ids = dataset?.split.validation ?? [];
  const rowId = ids[Math.min(index, ids.length - 1)];
  const key = canRead ? { dataset, words: set.words, rowId, prompt } : null;
  return useResource(readings.use().read, key);
}

const timings = perStudio((studio) => {
  const { session, promptSets } = studio.stores;
  const speedometer = createSpeedometer(studio.services, () => undefined);
  /** Of the last labels that were tried, or of a few rows. */
  let measured: number | null = null;
  const seconds = steadyResource(
    async (_: { readonly model: string; readonly mean: number }, signal): Promise<number | null> => {
      const { set, dataset } = promptSets.getState();
      const speed = await speedometer.known(await session.getState().modelReady());
      if (set && generates(set.kind)) return speed && writingSeconds(1, speed);
      measured ??= speed && speed.tokenMs / 1000;
      if (measured !== null || !set || !dataset || session.getState().job) return measured;
      const prompt = usePrompts.of(studio).draft();
      if (templateProblem(prompt, dataset) !== null) return null;
      const asked = { dataset, prompt, with: answersWith(promptOf(set, prompt)) };
      const timing = await studio.services.workflow.call('timePrompt', asked, { signal });
      measured = timing && timing.seconds / timing.tokens;
      return measured;
    },
  );
  /** Of the prompt in the editor; read again when the set has changed, as after a try. */
  const tokens = steadyResource(
    async ({ set, reading }: { readonly set: PromptSet; readonly reading: PromptReading }, signal) => {
      const { key } = readings.of(studio).read.getState();
      if (!key || !reading.cost) return null;
      const { dataset, prompt } = key;
      const asked = { dataset, prompt, with: answersWith(promptOf(set, prompt)) };
      return studio.services.workflow.call('tryTokens', asked, { signal });
    },
  );
  return {
    seconds,
    tokens,
    learn: async ({ tried: { kind }, timing }: TryResult) => {
      if (timing.tokens === 0) return;
      const info = await session.getState().modelReady();
      if (generates(kind)) await speedometer.learnWork(info, 'writtenTokenMs', timing);
      else await speedometer.learnTokens(info, timing);
      const perToken = timing.seconds / timing.tokens;
      if (!generates(kind)) measured = perToken;
      seconds.set(perToken);
    },
  };
});

export function useSecondsPerToken(): number | null {
  const model = useModel()?.sha256;
  const mean = useReading().value?.cost?.mean;
  return useResource(timings.use().seconds, model && mean !== undefined ? { model, mean } : null).value;
}

export function useTrySeconds(): number | null {
  const perToken = useSecondsPerToken();
  const set = usePromptSets((s) => s.set);
  const reading = useReading().value;
  const isReady = useModel() !== null;
  const tokens = useResource(timings.use().tokens, isReady && set && reading ? { set, reading } : null).value;
  return perToken === null || tokens === null ? null : perToken * tokens;
}

export const useTrying = screenStore((studio: Studio): Job<[versionId?: string], RowsDone> => {
  const { session, promptSets } = studio.stores;
  return job(session, {
    title: 'Trying your prompt',
    screen: 'prompts',
    initial: { done: 0, total: 0 },
    run: async ({ signal, report }, versionId) => {
      const { set, dataset } = promptSets.getState();
      const again = set && versionById(set, versionId ?? null);
      const prompt = again ? firstText(again.prompt) : usePrompts.of(studio).draft();
      if (!set || !dataset || templateProblem(prompt, dataset) !== null) return;
      report({ done: 0, total: triedCount(dataset) });
      await session.getState().modelReady();
      const version = again ?? foundVersion(set, prompt) ?? (await keepVersion(studio, set.id, prompt));
      const request = { dataset, prompt, with: answersWith(promptFor(set, version)) };
      const result = await studio.services.workflow.call('tryPrompt', request, {
        signal,
        onEvent: ({ done, total }) => report({ done, total, fraction: total > 0 ? done / total : 1 }),
      });
      const opened = { dataset, model: weightsOf(session.getState()) };
      await promptSets
        .getState()
        .updateById(set.id, (s, { now }) => kept(s, version.id, result.tried, { opened, now }));
      await timings.of(studio).learn(result);
    },
  });
});

/** The set with the result of a try. The better version counts as yours, where its figures can be compared with the others. */
function kept(
  set: PromptSet,
  versionId: string,
  tried: Tried,
  { opened, now }: { readonly opened: Opened; readonly now: string },
): PromptSet {
  const next = recordTry(set, versionId, tried, now);
  const yours = chosenWritten(next);
  if (!yours) return next;
  const best = yours.tried && reachedIn(yours.tried);
  if (best !== null && sinceTry(next, yours, opened).length > 0) return next;
  return best === null || reachedIn(tried) > best ? chooseWritten(next, versionId, now) : next;
}

interface Searching {
  readonly setId: string | null;
  readonly board: readonly Standing[];
  readonly tokensPerSecond: number | null;
  /** How the winner was found, and its place on the board; null until there is one. */
  readonly found: { readonly search: PromptSearch; readonly key: string } | null;
}

const NO_SEARCH: Searching = { setId: null, board: [], tokensPerSecond: null, found: null };

/** Of the user's prompts the chosen one and the newest take part. */
const MOST_OWN = 5;

function searchFor(set: PromptSet, dataset: Dataset, draft: PromptText): ImproveRequest {
  const { words, baseTemplate: template } = set;
  const chosen = chosenWritten(set);
  const versions = [...(chosen ? [chosen] : []), ...otherWritten(set)].slice(0, MOST_OWN);
  const texts = versions.map((version) => firstText(promptFor(set, version)));
  const own = texts.map((prompt) => ({ prompt, words: prompt.words }));
  const typed = { prompt: draft, words };
  const isNew = templateProblem(draft, dataset) === null && !versions.some((version) => isOfText(version, draft));
  return { dataset, template, words, own: isNew ? [typed, ...own] : own, budget: null };
}

/** The leaderboard with a new or changed line: what validation rows say first, then by rows answered, then by loss. */
const ranked = (board: readonly Standing[], line: Standing): readonly Standing[] =>
  [...board.filter(({ key }) => key !== line.key), line].sort(
    (a, b) => Number(b.on !== 'training') - Number(a.on !== 'training') || b.rows - a.rows || a.loss - b.loss,
  );

/** A search that a reload or an error cuts off. Started again it asks nothing that is known. */
interface CutOff {
  readonly of: string;
  readonly answered: number;
}

/** Ends in the set's id, so that it is deleted with the set. */
const searchKey = (setId: string) => `search:${setId}`;

/** How many prompts had answered when a reload cut off a search on these rows; null = none was. */
const cutOff = perStudio(({ services, stores: { session } }) =>
  resource(async ({ setId, dataset }: { readonly setId: string; readonly dataset: Dataset }) => {
    await session.getState().modelReady();
    const kept = await services.store.settings.get<CutOff>(searchKey(setId));
    const isSame = kept?.of === rowsKey(dataset, weightsOf(session.getState()));
    return kept && isSame && kept.answered > 0 ? kept.answered : null;
  }),
);

export function useCutOffSearch() {
  const { set, dataset } = useOpen();
  const isReady = useModel() !== null;
  const key = set && dataset && isReady ? { setId: set.id, dataset } : null;
  return useResource(cutOff.use(), key).value ?? null;
}

/** Makes the winner Yours, with an undo. The editor shows it, unless it has text that is in no version. */
async function takeWinner(studio: Studio, set: PromptSet, draft: PromptText, found: FoundPrompt): Promise<void> {
  const { updateById, change } = studio.stores.promptSets.getState();
  const before = set.chosenWritten;
  await updateById(set.id, (latest, at) => takeFoundPrompt(latest, found, at).set);
  const { name, prompt } = found.winner;
  if (versionsOf(set, 'written').some((version) => isOfText(version, draft))) usePrompts.of(studio).take(prompt);
  const what = `${capitalised(name)} is your entry in the comparison`;
  if (before !== null)
    toastUndo(what, () => change(set.id, what, (latest, { now }) => chooseWritten(latest, before, now)));
}

/** Finds the best hand-written prompt. It becomes Yours as a version of its own; a stop keeps the best so far. */
export const useSearch = screenStore((studio: Studio): Job<[], Searching> => {
  const { services, stores } = studio;
  const { session, promptSets } = stores;
  let request: number | null = null;
  let isStopped = false;

  return job(session, {
    title: 'Finding your best prompt',
    screen: 'prompts',
    initial: NO_SEARCH,
    onStop: () => {
      isStopped = true;
      if (request !== null) services.workflow.control(request, 'stop');
    },
    run: async ({ report }) => {
      isStopped = false;
      request = null;
      const { set, dataset } = promptSets.getState();
      if (!set || !dataset || generates(set.kind)) return;
      report({ setId: set.id, board: [], found: null, tokensPerSecond: null });
      await session.getState().modelReady();
      if (isStopped) return;
      const of = rowsKey(dataset, weightsOf(session.getState()));
      const { settings } = services.store;
      const open = oneAtATime((found: CutOff | null) => settings.set(searchKey(set.id), found).catch(() => undefined));
      const draft = usePrompts.of(studio).draft();
      let board: readonly Standing[] = [];
      const asked = searchFor(set, dataset, draft);
      const made = await services.workflow.call('improve', asked, {
        onStart: (id) => {
          request = id;
        },
        onEvent: (event) => {
          if (event.kind === 'progress') {
            const { fraction, note, tokensPerSecond, secondsLeft, answered } = event;
            open.put({ of, answered });
            report({ fraction, note, tokensPerSecond, secondsLeft });
            return;
          }
          board = ranked(board, event.standing);
          report({ board });
        },
      });
      open.put(null);
      await open.settled();
      await takeWinner(studio, set, draft, made);
      report({ board: made.board, found: { search: made.search, key: made.winner.key } });
    },
  });
});
