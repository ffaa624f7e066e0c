/**
 * A prompt set moves to another model. The tuned prompts in use are trained again with the new weights, old and new answer
 * the same test rows, and a sheet says what changed and what it cost. What is done follows from what is kept, so that a
 * stop loses one run or one cell at most. Nothing is switched: stages and the chosen prompt stay where they are.
 */
import type { Dataset } from '../dataset/types';
import { answerDifferences } from '../evaluation/classify/pairs';
import { points, pointsRange, pText } from '../evaluation/words';
import { throwIfInterrupted } from '../lib/control';
import { counted, duration, percent } from '../lib/format';
import { ends } from '../metrics/registry';
import { chosenHard, finishRun, isUsable, startRun } from '../prompt-set/make-versions';
import { type MatrixPrompt, matrixPrompt } from '../prompt-set/ready-prompt';
import { stagesAt, stagesOf } from '../prompt-set/stages';
import type { PromptSet, SoftVersion } from '../prompt-set/types';
import { versionWords, wordsFitting } from '../prompt-set/versions';
import { type MatrixCell, slotId, whyNotPaired } from '../report/matrix';
import type { Cell, Sheet } from '../report/types';
import { accuracyOf } from '../training/checkpoint';
import type { TrainingSettings } from '../training/settings';
import type { Host, Run } from './host';
import { initialText, withoutRace } from './runs';
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
function settingsFor({ settings }: SoftVersion): TrainingSettings {
  const { initialisation } = settings;
  return withoutRace(
    initialisation.kind === 'prompt' ? { ...settings, initialisation: { kind: 'text', text: '' } } : settings,
  );
}

const recipe = (settings: TrainingSettings, { template, handVersion }: SoftVersion): string =>
  JSON.stringify([Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1)), template, handVersion]);

function whyNotAgain({ distilled, origin }: SoftVersion): string | null {
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
  /** A prompt is trained: keep the set. */
  | { readonly kind: 'trained'; readonly set: PromptSet };

/** Trains again what is not trained yet, with the loaded model. @throws as `train`; sets that were given away stay valid */
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
    const started = startRun(
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
    const { run } = started;
    const asked = { runId: run.id, dataset, template, examples, words: wordsFitting(set, run), settings, initText };
    const done = await train(
      host,
      { ...asked, initFrom: null, resume: null, baselines: [] },
      { control, emit: (event) => emit({ kind: 'run', name, event }) },
    );
    if (done.reason === 'paused') throwIfInterrupted(control);
    const finished = {
      ...{ status: done.reason === 'early' ? ('early' as const) : ('finished' as const), soft: done.soft },
      ...{ bestStep: done.bestStep, validationRows: done.validationRows, seconds: done.trainSeconds },
      validationAccuracy: done.best ? accuracyOf(done.best) : null,
    };
    set = { ...finishRun(started.set, run.id, finished, host.now()), chosenSoft: set.chosenSoft };
    emit({ kind: 'trained', set });
  }
  return set;
}

export interface Sides {
  readonly from: { readonly name: string; readonly sha256: string };
  readonly to: { readonly name: string; readonly sha256: string };
}

/** Each prompt in use, before and after: the hand-written one is the same text on both models. */
function pairsOf(set: PromptSet, dataset: Dataset, { to }: Sides) {
  const hand = chosenHard(set);
  const kept = hand ? [{ name: versionWords({ kind: 'hard', version: hand }), old: hand.id, next: hand.id }] : [];
  const moved = movesOf(set, to, dataset).flatMap(({ old, heir }) =>
    heir ? [{ name: versionWords({ kind: 'soft', version: old }), old: old.id, next: heir.id }] : [],
  );
  return [...kept, ...moved];
}

/** Every prompt that answers on one of the two models, for `fillMatrix`. */
export function migrationPrompts(
  set: PromptSet,
  dataset: Dataset,
  sides: Sides,
  side: 'from' | 'to',
): readonly MatrixPrompt[] {
  return pairsOf(set, dataset, sides).flatMap(
    ({ old, next }) => matrixPrompt(set, side === 'from' ? old : next, dataset) ?? [],
  );
}

interface Answered extends Sides {
  readonly set: PromptSet;
  readonly dataset: Dataset;
  /** Of the one data set of the migration. */
  readonly cells: readonly MatrixCell[];
  readonly data: string;
}

type Moved = ReturnType<typeof answeredPairs>[number];

/** Each pair with its two cells, and how they differ where both answered the same rows. */
function answeredPairs({ set, dataset, cells, data, from, to }: Answered) {
  const byId = new Map(cells.map((cell) => [slotId(cell), cell]));
  const cellOf = (version: string, model: string) => byId.get(slotId({ prompt: `${set.id}/${version}`, model, data }));
  const all = pairsOf(set, dataset, { from, to }).map((pair) => ({
    ...pair,
    a: cellOf(pair.old, from.sha256),
    b: cellOf(pair.next, to.sha256),
  }));
  const sheets = all.flatMap(({ name, a, b }) =>
    a?.answers && b?.answers && whyNotPaired(a, b) === null ? [{ name, of: [a.answers, b.answers] as const }] : [],
  );
  const differences = answerDifferences(sheets.map(({ of }) => of));
  const byName = new Map(sheets.map(({ name }, i) => [name, differences[i]]));
  return all.map((pair) => ({ ...pair, difference: byName.get(pair.name) ?? null }));
}

function scoreOf(cell: MatrixCell | undefined): Cell {
  const accuracy = cell?.answers?.scores.accuracy;
  return accuracy ? { value: percent(accuracy.value), range: ends(percent, accuracy) } : (cell?.skipped ?? 'not asked');
}

function pairRow({ name, a, b, difference: d }: Moved): readonly [string, ...Cell[]] {
  if (!d) return [name, scoreOf(a), scoreOf(b), '–', '–'];
  const { difference, ci95 } = d.metrics.accuracy;
  const change = { value: points(difference), range: pointsRange(ci95.low, ci95.high) };
  return [name, scoreOf(a), scoreOf(b), change, pText(d.pHolm)];
}

function headlineOf(pairs: readonly Moved[]): string {
  const count = (finding: string) => pairs.filter(({ difference }) => difference?.finding === finding).length;
  const [lost, won] = [count('a-better'), count('b-better')];
  if (pairs.every(({ difference }) => difference === null)) return 'Nothing could be compared';
  if (lost + won === 0) return 'No prompt is clearly better or worse with the new model';
  const said = [
    ...(won > 0 ? [`${counted(won, 'prompt')} clearly better`] : []),
    ...(lost > 0 ? [`${counted(lost, 'prompt')} clearly worse`] : []),
  ];
  return `${said.join(', ')} with the new model`;
}

const nameOf = (version: SoftVersion): string => versionWords({ kind: 'soft', version });

/** Old against new on the same rows, corrected for all pairs, what it cost, and what to do. */
export function migrationSheet(answered: Answered): Sheet {
  const { set, dataset, cells, from, to } = answered;
  const pairs = answeredPairs(answered);
  const moves = movesOf(set, to, dataset);
  const heirs = moves.flatMap(({ heir }) => heir ?? []);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const tokens = sum(cells.map(({ answers }) => (answers ? answers.tokensSentMean * answers.gold.length : 0)));
  const compared = pairs.filter(({ difference }) => difference !== null).length;
  return {
    title: `${set.name} (${set.handle}): from ${from.name} to ${to.name}`,
    headline: headlineOf(pairs),
    sections: [
      {
        title: 'Old and new on the same test rows',
        table: {
          caption: `Accuracy with 95% intervals on ${counted(dataset.split.test.length, 'test row')}; p is corrected for ${counted(compared, 'pair')}. Old answers are calibrated where their version is; new versions are not until you compare them on the page`,
          columns: ['Prompt', from.name, to.name, 'Difference in points', 'p'],
          rows: pairs.map(pairRow),
        },
        notes: moves.flatMap(({ old, heir, whyNot }) =>
          heir ? [] : [`${nameOf(old)} was not trained again. ${whyNot ?? 'Run the command again to continue.'}`],
        ),
      },
      {
        title: 'What it cost',
        sentences: [
          `${counted(heirs.length, 'prompt')} trained again in ${duration(sum(heirs.map(({ seconds }) => seconds ?? 0)))}; about ${counted(Math.round(tokens), 'token')} sent to score both sides.`,
        ],
      },
      {
        title: 'What to do now',
        sentences: [
          'Nothing was switched. Import the prompt set, compare on the page, and move a stage to the new version where it is not worse.',
          ...moves.flatMap(({ old, heir }) => {
            const stages = stagesAt(set, old.id).join(', ');
            return heir && stages ? [`${stages}: from ${nameOf(old)} to ${nameOf(heir)}.`] : [];
          }),
        ],
      },
    ],
  };
}
