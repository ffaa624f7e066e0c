/**
 * A prompt set moves to another model. The tuned prompts in use are trained again with the new weights, old and new answer
 * the same test rows, and a sheet says what changed and what it cost. What is done follows from what is kept, so that a
 * stop loses one run or one cell at most. Nothing is switched: stages and the chosen prompt stay where they are. The caller
 * loads the new model, then the old one.
 */
import type { Dataset } from '../dataset/types';
import { present } from '../lib/assert';
import { throwIfInterrupted } from '../lib/control';
import { addTrained, chosenHard, finishRun, isUsable, startRun } from '../prompt-set/make-versions';
import { type MatrixPrompt, matrixPrompt } from '../prompt-set/ready-prompt';
import { stagesOf } from '../prompt-set/stages';
import type { PromptSet, SoftVersion } from '../prompt-set/types';
import { versionWords, wordsFitting } from '../prompt-set/versions';
import type { TrainingSettings } from '../training/settings';
import type { Host, Run, Verb } from './host';
import { type FillEvent, fillMatrix } from './matrix';
import { initialText, resultOf, withoutRace } from './runs';
import { type TrainRunEvent, train } from './train';

/** A tuned prompt in use whose vectors belong to other weights. */
export interface Move {
  readonly old: SoftVersion;
  /** Trained with the new weights in its place; null = not yet. */
  readonly heir: SoftVersion | null;
  /** Why it cannot be trained again as it was; null = it can. */
  readonly whyNot: string | null;
}

/** As it was trained, from a text where its vectors came from a prompt of the other model. */
export function settingsFor({ settings }: SoftVersion): TrainingSettings {
  const { initialisation } = settings;
  return withoutRace(
    initialisation.kind === 'prompt' ? { ...settings, initialisation: { kind: 'text', text: '' } } : settings,
  );
}

const recipe = (settings: TrainingSettings, { template, handVersion }: SoftVersion): string =>
  JSON.stringify([Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1)), template, handVersion]);

function whyNotAgain({ distilled, origin, together, probe }: SoftVersion): string | null {
  if (together) return 'It combines several prompts: train its runs again, compare, and keep it as a version again.';
  if (probe) return 'It is a linear probe: compare with the new model, and save its probe as a version.';
  if (origin !== undefined) return `It was trained elsewhere (${origin}): train it there again, and import it.`;
  return distilled ? 'It learned the answers of a prompt: make that prompt smaller again with the new model.' : null;
}

/** The tuned prompts that a stage points to, and the chosen one, where the weights are not theirs. */
export function movesOf(set: PromptSet, { sha256 }: { readonly sha256: string }, dataset: Dataset): readonly Move[] {
  const inUse = new Set([set.chosenSoft, ...stagesOf(set).map(({ versionId }) => versionId)]);
  return set.soft
    .filter((run) => inUse.has(run.id) && isUsable(run) && run.model.sha256 !== sha256)
    .map((old) => {
      const isHeir = (run: SoftVersion) =>
        isUsable(run) &&
        run.model.sha256 === sha256 &&
        run.datasetFingerprint === dataset.fingerprint &&
        run.splitHash === dataset.splitHash &&
        recipe(run.settings, run) === recipe(settingsFor(old), old);
      return { old, heir: set.soft.findLast(isHeir) ?? null, whyNot: whyNotAgain(old) };
    });
}

export type RetrainEvent =
  | { readonly kind: 'run'; readonly name: string; readonly event: TrainRunEvent }
  /** A prompt is trained: keep it, with `addTrained`. */
  | { readonly kind: 'trained'; readonly version: SoftVersion };

/** Trains again what is not trained yet, with the loaded model. @throws as `train`; versions that were given away stay valid */
export async function retrain(
  host: Host,
  given: { readonly set: PromptSet; readonly dataset: Dataset },
  { control, emit }: Run<RetrainEvent>,
): Promise<PromptSet> {
  const { dataset } = given;
  const { id, sha256, dtype } = host.engine.info;
  const { fingerprint: datasetFingerprint, heldBackHash, splitHash } = dataset;
  let { set } = given;
  for (const { old, heir, whyNot } of movesOf(set, { sha256 }, dataset)) {
    if (heir || whyNot) continue;
    throwIfInterrupted(control);
    const settings = settingsFor(old);
    const { template, examples, handVersion, words } = old;
    const initText = old.initText || (settings.initialisation.kind === 'text' ? initialText(set) : '');
    const name = versionWords({ kind: 'soft', version: old });
    const { set: started, run } = startRun(
      set,
      { id: host.newId(), now: host.now() },
      {
        ...{ settings, template, initText, name: `${name} for ${id}`, datasetFingerprint, heldBackHash, splitHash },
        model: { id, sha256, dtype },
        ...(examples && { examples }),
        ...(handVersion && { handVersion }),
        ...(words && { words }),
      },
    );
    const asked = { runId: run.id, dataset, template, examples, words: wordsFitting(set, run), settings, initText };
    const done = await train(
      host,
      { ...asked, initFrom: null, resume: null, baselines: [] },
      { control, emit: (event) => emit({ kind: 'run', name, event }) },
    );
    if (done.reason === 'paused') throwIfInterrupted(control);
    const version = present(finishRun(started, run.id, resultOf(done), host.now()).soft.at(-1), 'the trained version');
    set = addTrained(set, version, host.now());
    emit({ kind: 'trained', version });
  }
  return set;
}

/** Each prompt in use, before and after: the hand-written one is the same text on both models. */
export function pairsOf(set: PromptSet, dataset: Dataset, to: { readonly sha256: string }) {
  const hand = chosenHard(set);
  const kept = hand ? [{ name: versionWords({ kind: 'hard', version: hand }), old: hand.id, next: hand.id }] : [];
  const moved = movesOf(set, to, dataset).flatMap(({ old, heir }) =>
    heir ? [{ name: versionWords({ kind: 'soft', version: old }), old: old.id, next: heir.id }] : [],
  );
  return [...kept, ...moved];
}

/** How a cell of a migration names its rows. */
export const MIGRATED_ROWS = 'test rows';

export interface MigrateRequest {
  readonly set: PromptSet;
  readonly dataset: Dataset;
  /** SHA-256 of the new weights; those of any other model that is loaded are the old ones. */
  readonly to: string;
  /** Cells that are filled already, each as `filledId`. */
  readonly done: readonly string[];
}

/** Every prompt that answers on one of the two models. */
export function migrationPrompts(
  { set, dataset, to }: Pick<MigrateRequest, 'set' | 'dataset' | 'to'>,
  side: 'old' | 'next',
): readonly MatrixPrompt[] {
  return pairsOf(set, dataset, { sha256: to }).flatMap((pair) => matrixPrompt(set, pair[side], dataset) ?? []);
}

export const migratedRows = (dataset: Dataset) => [{ id: MIGRATED_ROWS, name: MIGRATED_ROWS, dataset }];

export type MigrateEvent = RetrainEvent | FillEvent;

/**
 * What is left of a migration for the model that is loaded: the new one trains first, and each answers the test rows.
 * @throws as `retrain` and `fillMatrix`; versions and cells that were given away stay valid
 */
export const migrate: Verb<MigrateRequest, MigrateEvent, PromptSet> = async (host, request, run) => {
  const { dataset, to, done } = request;
  const isNew = host.engine.info.sha256 === to;
  const set = isNew ? await retrain(host, request, run) : request.set;
  const prompts = migrationPrompts({ set, dataset, to }, isNew ? 'next' : 'old');
  await fillMatrix(host, { prompts, data: migratedRows(dataset), done }, run);
  return set;
};
