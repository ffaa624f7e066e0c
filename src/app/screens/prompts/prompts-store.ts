/** The hand-written prompt: proposed, edited, tried on validation rows; every try is a version. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Dataset } from '../../../dataset/types';
import { writes } from '../../../dataset/writing';
import { StudioError } from '../../../lib/errors';
import {
  addHardVersion,
  changeTask,
  chooseHard,
  chosenHard,
  isWriting,
  samePrompt,
  stamp,
} from '../../../project/prompt-set';
import type { HardVersion, PromptSet } from '../../../project/types';
import { sameLabels } from '../../../task/align-words';
import { checkTemplate } from '../../../task/template';
import type { HardPrompt, LabelWord } from '../../../task/types';
import { wordsFor } from '../../../task/words-for';
import { validationIds } from '../../../workflow/training-rows';
import type { ProjectStore } from '../../state/project-store';
import type { Services } from '../../state/services';
import { isEngineGone } from '../../state/session-state';
import type { SessionStore } from '../../state/session-store';
import { measurePrompt } from './measure-prompt';
import type { PromptsState } from './prompts-state';
import { firstPrompt, needsProposal, proposals } from './proposal';
import { createTries, triedIds } from './tries';
import { versionName } from './words';

export type PromptsStore = StoreApi<PromptsState>;

const EMPTY: HardPrompt = { template: '', shots: 0, shotSeed: 0 };

export function createPromptsStore(services: Services, project: ProjectStore, session: SessionStore): PromptsStore {
  const { data } = services;
  let turn = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Set id and label set that words were proposed for, so that one proposal runs at a time. */
  let proposedFor: Dataset | null = null;

  const tries = createTries(services, session, project);

  return createStore<PromptsState>((set, get) => {
    const now = () => new Date().toISOString();
    const opened = () => {
      const { set: open, dataset } = project.getState();
      return open && dataset ? { open, dataset } : null;
    };

    const check = (prompt: HardPrompt): string | null => {
      const dataset = project.getState().dataset;
      if (!dataset) return null;
      const checked = checkTemplate(prompt.template, dataset.table.columns, dataset.mapping);
      return checked.ok ? null : checked.error.message;
    };

    function setDraft(draft: HardPrompt, wait = 0) {
      set({ draft, templateError: check(draft), tryError: null });
      clearTimeout(timer);
      timer = setTimeout(() => {
        measureDraft().catch(measuringFailed);
        void keepForReload(draft);
      }, wait);
    }

    const draftKey = (setId: string) => `draft:${setId}`;

    /** What is typed and not tried yet survives a reload too. */
    async function keepForReload(draft: HardPrompt) {
      const open = project.getState().set;
      if (open && draft.template !== '') await services.store.settings.set(draftKey(open.id), draft).catch(() => {});
    }

    async function restoreDraft(open: PromptSet) {
      const kept = await services.store.settings.get<HardPrompt>(draftKey(open.id)).catch(() => null);
      if (project.getState().set?.id === open.id && kept?.template) setDraft(kept);
    }

    /** Token counts, answer tokens and the tokens of one row, for what is in the editor now. */
    async function measureDraft() {
      const found = opened();
      if (!found || session.getState().tokenizer.kind !== 'ready') return;
      const mine = ++turn;
      const { draft, templateError, reading } = get();
      const words = wordsFor(draft, found.open.words);
      const validation = found.dataset.split.validation;
      const ids = validationIds(found.dataset);
      const index = Math.min(reading?.index ?? 0, Math.max(0, validation.length - 1));
      const rowId = validation[index];
      const { labels, collisions } = await data.call('labelTokens', { words });
      if (mine !== turn) return;
      set({ labels, collisions });
      // which training rows are alike is known to the model alone
      const needsModel = draft.selection === 'nearest' && draft.shots > 0;
      if (needsModel && session.getState().model.kind !== 'ready') {
        set({ cost: null, reading: null });
        return;
      }
      // after another label column was chosen, its words are still to be proposed
      if (templateError !== null || rowId === undefined || !sameLabels(words, found.dataset.labels)) return;
      const measured = await measurePrompt(data, { prompt: draft, words, dataset: found.dataset, rowId, ids });
      if (mine !== turn) return;
      if (writes(found.dataset.mapping) && get().answers?.fingerprint !== found.dataset.fingerprint)
        await measureAnswers(found.dataset);
      set({ cost: measured.cost, reading: { rowId, index, ...measured.reading } });
    }

    /** Stopped while the words of all rows were read: then the examples are balanced again, which needs no reading. */
    function measuringFailed(cause: unknown) {
      const error = cause instanceof StudioError ? cause : new StudioError('internal', String(cause), { cause });
      if (error.code === 'cancelled') setDraft({ ...get().draft, selection: 'balanced' });
      else if (!isEngineGone(error)) set({ tryError: error });
    }

    async function measureAnswers(dataset: Dataset) {
      const lengths = await data.call('targetLengths', { dataset });
      set({ answers: { ...lengths, fingerprint: dataset.fingerprint } });
    }

    /** A working prompt and answer words as soon as there are rows: at once without tokens, then with them. */
    async function propose(open: PromptSet, dataset: Dataset) {
      if (proposedFor === dataset) return;
      proposedFor = dataset;
      const quick = await data.call('propose', { dataset });
      const isOwn = () => get().draft.template !== '' && !proposals(open).has(get().draft.template);
      const first = firstPrompt(quick.template, dataset);
      if (proposedFor === dataset && !isOwn()) setDraft(first);
      await session.getState().tokenizerReady();
      const { template, words } = await data.call('propose', { dataset });
      if (project.getState().set?.id !== open.id || project.getState().dataset !== dataset) return;
      const prompt = firstPrompt(template, dataset, words);
      const own = isOwn() && ![first.template, prompt.template].includes(get().draft.template);
      const at = stamp();
      await project.getState().update((s) => {
        const next = changeTask(s, { words, baseTemplate: template }, now());
        // what was proposed for other columns is of no use to these
        const isSame = s.hard.length > 0 && s.baseTemplate === template;
        if (isSame || next.hard.some(({ name, tried, wrote }) => name !== 'Proposed' || tried || wrote)) return next;
        const added = addHardVersion(next, at, { prompt, name: 'Proposed' });
        return chooseHard(added.set, added.version.id, now());
      });
      setDraft(own ? get().draft : prompt);
    }

    const setWords = async (words: readonly LabelWord[]) => {
      await project.getState().update((s) => changeTask(s, { words }, now()));
      setDraft(get().draft, 150);
    };

    /** Saves what is in the editor as a version, when it is new. */
    async function keepVersion({ open }: { readonly open: PromptSet }, draft: HardPrompt): Promise<HardVersion> {
      const at = stamp();
      const next = await project
        .getState()
        .updateById(
          open.id,
          (s) => addHardVersion(s, at, { prompt: draft, name: versionName(draft, s.hard.at(-1)) }).set,
        );
      const version = next.hard.find((v) => samePrompt(v.prompt, draft));
      if (!version) throw new StudioError('internal', 'internal: a version that was just saved is missing');
      return version;
    }

    project.subscribe((next, before) => {
      if (next.set?.id !== before.set?.id) {
        proposedFor = null;
        turn += 1;
        const chosen = next.set && chosenHard(next.set);
        set({ labels: null, collisions: [], cost: null, reading: null, tryError: null });
        setDraft(chosen?.prompt ?? EMPTY);
        if (next.set) void restoreDraft(next.set);
      } else if (get().draft.template === '' && next.set && next.set.hard.length > 0) {
        setDraft(chosenHard(next.set)?.prompt ?? EMPTY);
      } else if (next.dataset !== before.dataset) setDraft(get().draft);
      if (next.set && next.dataset && needsProposal(next.set, next.dataset, before))
        propose(next.set, next.dataset).catch(() => {
          proposedFor = null; // the tokenizer or its worker failed: said where the model is shown
        });
    });
    session.subscribe((next, before) => {
      const tokenizerCame = next.tokenizer.kind === 'ready' && before.tokenizer.kind !== 'ready';
      const modelCame = next.model.kind === 'ready' && before.model.kind !== 'ready';
      if (tokenizerCame || (modelCame && get().draft.selection === 'nearest')) setDraft(get().draft);
    });

    return {
      draft: EMPTY,
      templateError: null,
      labels: null,
      collisions: [],
      cost: null,
      reading: null,
      answers: null,
      trying: null,
      tryError: null,
      secondsPerToken: null,
      edit: (template) => setDraft({ ...get().draft, template }, 250),
      setHow: (change) => setDraft({ ...get().draft, ...change }),
      take: (prompt) => setDraft(prompt),
      setWord: (label, word) => {
        const words = project.getState().set?.words ?? [];
        const changed = { label, word };
        void setWords(
          wordsFor(
            get().draft.template,
            words.map((w) => (w.label === label ? changed : w)),
          ),
        );
      },
      resolve: ({ suggestion }) => {
        const words = project.getState().set?.words ?? [];
        void setWords(words.map((w) => suggestion.find(({ label }) => label === w.label) ?? w));
      },
      setLongest: (longest) =>
        void project.getState().update((s) => (s.writing ? changeTask(s, { writing: { longest } }, now()) : s)),
      readRow: (index) => {
        const rows = project.getState().dataset?.split.validation.length ?? 0;
        if (rows === 0) return;
        const reading = get().reading;
        if (reading) set({ reading: { ...reading, index: ((index % rows) + rows) % rows } });
        measureDraft().catch(measuringFailed);
      },
      measure: async () => {
        const found = opened();
        const { secondsPerToken, templateError, draft } = get();
        if (!found || secondsPerToken !== null || templateError !== null || session.getState().job) return;
        // how long writing takes is known once it was tried
        if (isWriting(found.open)) return;
        const seconds = await tries.probe(found, draft).catch(() => null); // only the estimate is missing then
        if (seconds !== null) set({ secondsPerToken: seconds });
      },
      tryNow: async () => {
        const found = opened();
        if (!found || get().templateError !== null || get().trying) return;
        const { draft } = get();
        set({ trying: { done: 0, total: triedIds(found.open, found.dataset).length }, tryError: null });
        try {
          await session.getState().modelReady();
          const version = await keepVersion(found, draft);
          const told = { onShare: (done: number, total: number) => set({ trying: { done, total } }) };
          const secondsPerToken = await (isWriting(found.open) ? tries.write : tries.score)(found, version, told);
          if (secondsPerToken !== null) set({ secondsPerToken });
        } catch (cause) {
          const error = cause instanceof StudioError ? cause : new StudioError('internal', String(cause), { cause });
          if (isEngineGone(error)) session.getState().engineLost(error);
          if (error.code !== 'cancelled') set({ tryError: error });
        } finally {
          set({ trying: null });
        }
      },
      openVersion: (id) => {
        const version = project.getState().set?.hard.find((v) => v.id === id);
        if (version) setDraft(version.prompt);
      },
      choose: (id) => void project.getState().update((s) => chooseHard(s, id, now())),
      keepDraft: async () => {
        const found = opened();
        const { draft, templateError } = get();
        if (!found || templateError !== null || draft.template === '') return;
        const version = await keepVersion(found, draft);
        // nothing was tried: what stands in the editor is what the user means
        await project
          .getState()
          .updateById(found.open.id, (s) => (chosenHard(s)?.tried ? s : chooseHard(s, version.id, now())));
      },
    };
  });
}
