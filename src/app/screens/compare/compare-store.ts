/** All prompts on the same held-back rows: scored one after another, compared in the data worker, kept. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Dataset } from '../../../dataset/types';
import { averaged } from '../../../evaluation/averaged';
import { validationAccuracy, validationTemperature } from '../../../evaluation/calibrate';
import { rowGroups } from '../../../evaluation/groups';
import { combinedArm } from '../../../evaluation/mixture';
import { majorityArm, wordsArm } from '../../../evaluation/reference';
import type { ArmOutcome, Comparison, ComparisonPlan } from '../../../evaluation/types';
import { StudioError } from '../../../lib/errors';
import { createRng, shuffled } from '../../../lib/rng';
import { changeTask, countLook } from '../../../project/prompt-set';
import type { Evaluation, PromptSet } from '../../../project/types';
import { sameLabels } from '../../../task/align-words';
import type { TokenRow } from '../../../tokens/types';
import type { Services } from '../../services';
import type { ProjectStore } from '../../state/project-store';
import type { SessionStore } from '../../state/session-store';
import { wordsFor } from '../../state/words-for';
import { cacheKeyOf } from '../train/run-inputs';
import { goldOf } from '../train/validation';
import { type ArmPlan, COMBINED_PAIRS, type Contest, contestOf } from './arms';

const CALIBRATION_ROWS = 48;
/** Fewer validation rows than this would say too little of what a prompt says whatever the text is. */
const FEW_ROWS = 32;
const LATENCY_ROWS = 3;
const LATENCY_REPEATS = 3;

interface ArmProgress {
  readonly id: string;
  readonly name: string;
  readonly state: 'waiting' | 'running' | 'done';
  readonly fraction: number;
}

/** Calibrated where the validation rows say that it helps, or for all, or for none: always by one rule for all prompts. */
export type CalibrationMode = 'chosen' | 'raw' | 'calibrated';

/** The plan as it is compared under a way of calibrating. */
export function planFor({ calibration: _, ...plan }: ComparisonPlan, mode: CalibrationMode): ComparisonPlan {
  if (mode === 'chosen') return { ...plan, calibrated: false, calibration: 'chosen' };
  return { ...plan, calibrated: mode === 'calibrated' };
}

export interface CompareState {
  readonly running: boolean;
  /** What is going on, in words. */
  readonly note: string | null;
  readonly progress: readonly ArmProgress[];
  readonly fraction: number | null;
  readonly secondsLeft: number | null;
  readonly error: StudioError | null;
  /** The comparison on the screen. */
  readonly evaluation: Evaluation | null;
  /** As the calibration that was chosen on the screen has it. */
  readonly comparison: Comparison | null;
  readonly mode: CalibrationMode;
  readonly switching: boolean;
  /** Held-back rows that were left out since they do not fit some prompt. */
  readonly leftOut: number;
  /** Further hand-written versions that take part next time. */
  readonly also: readonly string[];
  readonly enter: () => Promise<void>;
  readonly include: (versionId: string, included: boolean) => Promise<void>;
  readonly run: () => Promise<void>;
  readonly stop: () => void;
  readonly calibrate: (mode: CalibrationMode) => Promise<void>;
  /** Keeps what was found out later with the comparison on the screen. */
  readonly amend: (change: Partial<Pick<Evaluation, 'votes' | 'review' | 'consistency' | 'everyRow'>>) => Promise<void>;
}

export type CompareStore = StoreApi<CompareState>;

interface Tokenised {
  readonly arm: ArmPlan;
  readonly rows: readonly TokenRow[];
  readonly test: readonly string[];
}

const asError = (cause: unknown): StudioError =>
  cause instanceof StudioError
    ? cause
    : new StudioError('internal', `The comparison stopped: ${String(cause)}`, { cause });

const alsoKey = (set: Pick<PromptSet, 'id'>) => `compare-also:${set.id}`;

const FATAL = new Set(['worker-died', 'device-lost', 'out-of-memory', 'session-failed']);

export function createCompareStore(services: Services, session: SessionStore, project: ProjectStore): CompareStore {
  const { store: disk } = services;
  let aborter: AbortController | null = null;
  /** The other ways of calibrating, computed when they were asked for. */
  const computed = new Map<string, Comparison>();

  return createStore<CompareState>((set, get) => {
    const armState = (id: string, change: Partial<ArmProgress>) =>
      set(({ progress }) => ({ progress: progress.map((p) => (p.id === id ? { ...p, ...change } : p)) }));

    /** Tokens of every arm's rows; only rows that fit all prompts are compared, so that all answer the same ones. */
    async function tokenise(
      open: PromptSet,
      dataset: Dataset,
      contest: Contest,
    ): Promise<{ arms: Tokenised[]; test: string[]; calibration: string[]; validation: string[] }> {
      const validation = dataset.split.validation.slice(0, CALIBRATION_ROWS);
      // Calibration looks at no label, so validation rows serve both ends; training rows only where those are few.
      const others = shuffled(dataset.split.train, createRng(dataset.seed));
      const calibration = validation.concat(validation.length < FEW_ROWS ? others : []).slice(0, CALIBRATION_ROWS);
      const all = await Promise.all(
        contest.arms.map(async (arm) => ({
          arm,
          ...(await services.data.call('tokenRows', {
            dataset,
            prompt: arm.prompt,
            words: wordsFor(arm.prompt, open.words),
            split: [...dataset.split.test, ...calibration],
          })),
        })),
      );
      const dropped = new Set(all.flatMap((a) => a.tooLong));
      const keep = (ids: readonly string[]) => ids.filter((id) => !dropped.has(id));
      return {
        arms: all.map(({ arm, rows }) => ({
          arm,
          rows: rows.filter((row) => !dropped.has(row.rowId)),
          test: keep(dataset.split.test),
        })),
        test: keep(dataset.split.test),
        calibration: keep(calibration),
        validation: keep(validation),
      };
    }

    async function score(open: PromptSet, dataset: Dataset, contest: Contest): Promise<void> {
      set({ note: 'The model is getting ready' });
      const info = await session.getState().modelReady();
      const signal = (aborter as AbortController).signal;
      set({ note: 'Counting tokens' });
      const tokens = await tokenise(open, dataset, contest);
      if (tokens.test.length === 0)
        throw new StudioError(
          'bad-input',
          'No held-back row fits all the prompts. Shorten your prompt, or hold back other rows on the Data screen.',
        );
      const gold = goldOf(dataset, tokens.test);
      const validationGold = goldOf(dataset, tokens.validation);

      // The word-count classifier runs in the other worker meanwhile.
      const words = services.data.call('tfidf', { dataset });
      words.catch(() => undefined);

      const weights = tokens.arms.map(
        ({ arm, rows }) => rows.length * (arm.soft && arm.placement === 'suffix' ? 0.4 : 1),
      );
      const total = weights.reduce((sum, w) => sum + w, 0);
      const startedAt = performance.now();
      const arms: ArmOutcome[] = [];
      let tunedValidation: ArmOutcome['logProbs'] = [];
      for (const [i, { arm, rows }] of tokens.arms.entries()) {
        const before = weights.slice(0, i).reduce((sum, w) => sum + w, 0);
        armState(arm.id, { state: 'running' });
        set({ note: `${arm.name}, on ${tokens.test.length} held-back rows` });
        const { labels } = await services.data.call('labelTokens', {
          words: wordsFor(arm.prompt, open.words),
        });
        // Untuned and the tuned prompts share the bare text, whose keys and values are there since training.
        const cacheKey =
          arm.kind === 'zero-shot' || arm.kind === 'few-shot'
            ? null
            : cacheKeyOf(dataset.fingerprint, arm.prompt.template);
        const members = arm.members.length > 0 ? arm.members : [arm.soft];
        const scored = await averaged(members, (soft, member) =>
          services.engine.call(
            'score',
            { rows, labels, soft, cacheKey },
            {
              signal,
              onEvent: ({ done, total: rowsTotal }) => {
                const fraction = (member + (rowsTotal > 0 ? done / rowsTotal : 0)) / members.length;
                const share = (before + (weights[i] ?? 0) * fraction) / total;
                const elapsed = (performance.now() - startedAt) / 1000;
                const secondsLeft = share > 0.02 ? (elapsed * (1 - share)) / share : null;
                armState(arm.id, { fraction });
                set({ fraction: share, secondsLeft });
                session.getState().updateJob({ fraction: share, secondsLeft });
              },
            },
          ),
        );
        const byRow = new Map(scored.map((row) => [row.rowId, row]));
        const logProbs = (ids: readonly string[]) => ids.map((id) => byRow.get(id)?.logProbs ?? []);
        const calibration = await services.data.call('calibrate', { logProbs: logProbs(tokens.calibration) });
        const onTest = tokens.test.flatMap((id) => byRow.get(id) ?? []);
        const mean = (of: (row: (typeof onTest)[number]) => number) =>
          onTest.reduce((sum, row) => sum + of(row), 0) / onTest.length;
        let latencyMs = 0;
        for (const soft of members) {
          const request = { rows: rows.slice(0, LATENCY_ROWS), labels, soft, cacheKey: null, repeats: LATENCY_REPEATS };
          latencyMs += (await services.engine.call('latency', request, { signal })).medianMs;
        }
        if (arm.kind === 'tuned') tunedValidation = logProbs(tokens.validation);
        arms.push({
          id: arm.id,
          name: arm.name,
          kind: arm.kind,
          placement: arm.placement,
          logProbs: logProbs(tokens.test),
          calibration,
          tokensSentMean: mean((row) => row.tokensSent),
          // For a new row, whose text is in no cache: of the bare text nothing is shared.
          tokensComputedMean: mean((row) => (cacheKey === null ? row.tokensComputed : row.tokensSent)),
          latencyMsMedian: latencyMs,
          validation: validationAccuracy(logProbs(tokens.validation), validationGold, calibration),
          temperature: validationTemperature(logProbs(tokens.validation), validationGold, calibration),
        });
        armState(arm.id, { state: 'done', fraction: 1 });
      }

      set({ note: 'Reference lines', fraction: 1, secondsLeft: null });
      const classifier = await words;
      const wordRows = new Map(classifier.rows.map((row) => [row.rowId, row.logProbs]));
      const wordAnswers = (ids: readonly string[]) => ids.map((id) => wordRows.get(id) ?? dataset.labels.map(() => 0));
      const counted = wordsArm(wordAnswers(tokens.test));
      const references = [
        majorityArm(
          dataset.labels,
          goldOf(dataset, dataset.split.train).filter((g) => g >= 0),
          tokens.test.length,
        ),
        counted,
      ];
      const tuned = arms.find((arm) => arm.kind === 'tuned');
      const combined =
        tuned &&
        combinedArm({
          tuned,
          tunedValidation,
          words: counted,
          wordsValidation: wordAnswers(tokens.validation),
          validationGold,
        });
      if (combined) arms.push(combined);

      set({ note: 'Comparing row by row' });
      const looked = await project.getState().updateById(open.id, (s) => countLook(s, new Date().toISOString()));
      const groups = rowGroups(dataset, tokens.test);
      const plan: ComparisonPlan = {
        labels: dataset.labels,
        rowIds: tokens.test,
        gold,
        ...(groups ? { groups } : {}),
        arms: [...references, ...arms],
        pairs: combined ? [...contest.pairs, ...COMBINED_PAIRS] : contest.pairs,
        // Offered to all alike; each takes it where it helped on the validation rows.
        calibrated: false,
        calibration: 'chosen',
        looks: looked.testLooks,
        seed: dataset.seed,
      };
      const comparison = await services.data.call('compare', plan, {
        signal,
        onEvent: ({ done, total: rows }) => set({ fraction: rows > 0 ? done / rows : null }),
      });
      const evaluation: Evaluation = {
        id: crypto.randomUUID(),
        setId: open.id,
        createdAt: new Date().toISOString(),
        plan,
        comparison,
        hardVersion: contest.hard?.id ?? null,
        softVersion: contest.soft?.id ?? null,
        datasetFingerprint: dataset.fingerprint,
        backend: info.backend,
        threads: info.threads,
      };
      computed.clear();
      if (project.getState().set?.id === open.id)
        set({ evaluation, comparison, mode: 'chosen', leftOut: dataset.split.test.length - tokens.test.length });
      performance.mark('studio:compared');
      await disk.evaluations.put(evaluation).catch((cause) => set({ error: asError(cause) }));
    }

    /** Further hand-written versions, as the user chose. */
    const alsoOf = async (open: PromptSet): Promise<readonly string[]> =>
      (await disk.settings.get<readonly string[]>(alsoKey(open))) ?? [];

    return {
      running: false,
      note: null,
      progress: [],
      fraction: null,
      secondsLeft: null,
      error: null,
      evaluation: null,
      comparison: null,
      mode: 'chosen',
      switching: false,
      leftOut: 0,
      also: [],
      include: async (versionId, included) => {
        const open = project.getState().set;
        if (!open) return;
        const also = get().also.filter((id) => id !== versionId);
        if (included) also.push(versionId);
        set({ also });
        await disk.settings.set(alsoKey(open), also).catch((cause) => set({ error: asError(cause) }));
      },
      enter: async () => {
        const open = project.getState().set;
        const also = open ? await alsoOf(open).catch(() => []) : [];
        if (project.getState().set?.id !== open?.id) return;
        set({ also });
        const shown = get().evaluation;
        if (shown && shown.setId === open?.id) return;
        if (!get().running) set({ evaluation: null, comparison: null, error: null, leftOut: 0 });
        if (!open) return;
        try {
          const [latest] = await disk.evaluations.ofSet(open.id);
          if (latest && project.getState().set?.id === open.id && get().evaluation?.setId !== open.id)
            set({ evaluation: latest, comparison: latest.comparison, mode: 'chosen' });
        } catch (cause) {
          set({ error: asError(cause) });
        }
      },
      run: async () => {
        const { dataset } = project.getState();
        let open = project.getState().set;
        if (!open || !dataset || get().running) return;
        aborter = new AbortController();
        set({ running: true, error: null, fraction: null, secondsLeft: null, progress: [] });
        session.getState().setJob({
          title: 'Comparing',
          screen: 'compare',
          fraction: null,
          secondsLeft: null,
          stop: () => get().stop(),
        });
        try {
          if (!sameLabels(open.words, dataset.labels) || open.baseTemplate === '') {
            await session.getState().tokenizerReady();
            const proposed = await services.data.call('propose', { dataset });
            open = await project
              .getState()
              .updateById(open.id, (s) =>
                changeTask(
                  s,
                  { words: proposed.words, baseTemplate: s.baseTemplate || proposed.template },
                  new Date().toISOString(),
                ),
              );
          }
          const contest = contestOf(open, await alsoOf(open));
          set({ progress: contest.arms.map(({ id, name }) => ({ id, name, state: 'waiting', fraction: 0 })) });
          await score(open, dataset, contest);
        } catch (cause) {
          const error = asError(cause);
          if (error.code !== 'cancelled') set({ error });
          if (FATAL.has(error.code)) session.getState().engineLost(error);
        } finally {
          aborter = null;
          set({ running: false, note: null, fraction: null, secondsLeft: null });
          session.getState().setJob(null);
        }
      },
      stop: () => aborter?.abort(),
      amend: async (change) => {
        const { evaluation } = get();
        if (!evaluation) return;
        const next = { ...evaluation, ...change };
        set({ evaluation: next });
        await disk.evaluations.put(next).catch((cause) => set({ error: asError(cause) }));
      },
      calibrate: async (mode) => {
        const { evaluation } = get();
        if (!evaluation || get().mode === mode) return;
        const key = `${evaluation.id}:${mode}`;
        const kept = mode === 'chosen' ? evaluation.comparison : computed.get(key);
        if (kept) {
          set({ comparison: kept, mode });
          return;
        }
        set({ switching: true });
        try {
          const comparison = await services.data.call('compare', planFor(evaluation.plan, mode));
          computed.set(key, comparison);
          if (get().evaluation?.id === evaluation.id) set({ comparison, mode });
        } catch (cause) {
          set({ error: asError(cause) });
        } finally {
          set({ switching: false });
        }
      },
    };
  });
}
