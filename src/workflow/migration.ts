/** What a migration will do, prompt by prompt, and the sheet that says what it changed and cost. */
import type { Dataset } from '../dataset/types';
import { answerDifferences } from '../evaluation/classify/pairs';
import { points, pointsRange, pText } from '../evaluation/words';
import { counted, duration, percent } from '../lib/format';
import { ends } from '../metrics/registry';
import { chosenHard } from '../prompt-set/make-versions';
import { matrixPrompt, readyPrompt } from '../prompt-set/ready-prompt';
import { stagesAt } from '../prompt-set/stages';
import type { PromptSet, SoftVersion } from '../prompt-set/types';
import { type Version, versionWords, wordsFitting } from '../prompt-set/versions';
import { cellKeys, filledId, type MatrixCell, slotId, whyNotPaired } from '../report/matrix';
import type { Cell, Sheet } from '../report/types';
import type { TrainingSettings } from '../training/settings';
import type { Verb } from './host';
import { MIGRATED_ROWS, type MigrateRequest, type Move, migratedRows, movesOf, pairsOf, settingsFor } from './migrate';
import { countRows, type RunRows } from './run-rows';
import { tokenRows } from './token-rows';
import { trainingCount } from './training-rows';

/** A prompt in use, and what is left to do for it. */
export interface PlannedMove {
  /** "tuned 3". */
  readonly name: string;
  /** Null = it is the same text, or cannot be trained again. */
  readonly training: { readonly settings: TrainingSettings; readonly rows: RunRows; readonly isDone: boolean } | null;
  readonly whyNot: string | null;
  readonly testRows: number;
  /** That a model reads for them. */
  readonly tokens: number;
  readonly answered: { readonly old: boolean; readonly next: boolean };
}

export interface MigrationPlan {
  readonly moves: readonly PlannedMove[];
  /** What is left: runs with the new model, and tokens that each model reads for test rows. */
  readonly left: {
    readonly runs: readonly { readonly settings: TrainingSettings; readonly rows: RunRows }[];
    readonly tokens: { readonly old: number; readonly next: number };
  };
}

type Planned = MigrateRequest & {
  /** SHA-256 of the old weights. */
  readonly from: string;
};

async function isAnswered({ set, dataset, done }: Planned, id: string, model: string): Promise<boolean> {
  const prompt = matrixPrompt(set, id, dataset);
  if (!prompt) return false;
  const slot = { prompt: prompt.id, model, data: MIGRATED_ROWS };
  const keys = await cellKeys([prompt], model, migratedRows(dataset));
  return done.includes(filledId({ ...slot, key: keys.get(slotId(slot)) ?? '' }));
}

/**
 * What a migration will do, prompt by prompt. Tokens are counted with the tokenizer that is loaded, so they are about right
 * for another one. New weights that are not known yet are an empty name.
 */
export const planMigration: Verb<Planned, never, MigrationPlan> = async (host, request, run) => {
  const { set, dataset, from, to } = request;
  const planned = async (old: Version, next: string | null): Promise<PlannedMove> => {
    const { prompt, words, soft } = readyPrompt(set, old);
    const asked = { dataset, prompt, words, split: dataset.split.test };
    const { rows, meanTokens } = await tokenRows(host, asked, run.control);
    const [isOld, isNext] = await Promise.all([
      isAnswered(request, old.version.id, from),
      next !== null && isAnswered(request, next, to),
    ]);
    return {
      ...{ name: versionWords(old), training: null, whyNot: null, testRows: rows.length },
      tokens: rows.length * (meanTokens + (soft?.virtualTokens ?? 0)),
      answered: { old: isOld, next: isNext },
    };
  };
  const plans: PlannedMove[] = [];
  const hand = chosenHard(set);
  if (hand) plans.push(await planned({ kind: 'hard', version: hand }, hand.id));
  for (const { old, heir, whyNot } of movesOf(set, { sha256: to }, dataset)) {
    const plan = await planned({ kind: 'soft', version: old }, heir?.id ?? null);
    const { template, examples } = old;
    const read = { dataset, template, examples, words: wordsFitting(set, old) };
    const training = whyNot === null ? { settings: settingsFor(old), rows: await countRows(host, read, run) } : null;
    plans.push({ ...plan, whyNot, training: training && { ...training, isDone: heir !== null } });
  }
  return { moves: plans, left: leftOf(plans) };
};

/** A prompt that cannot be trained again is not asked either. */
function leftOf(moves: readonly PlannedMove[]): MigrationPlan['left'] {
  const tokens = (side: 'old' | 'next') =>
    moves.reduce((sum, move) => sum + (move.whyNot !== null || move.answered[side] ? 0 : move.tokens), 0);
  return {
    runs: moves.flatMap(({ training }) => (training && !training.isDone ? [training] : [])),
    tokens: { old: tokens('old'), next: tokens('next') },
  };
}

/** A model of a migration: its name, and the SHA-256 of its weights. */
export interface Side {
  readonly name: string;
  readonly sha256: string;
}

export interface Migrated {
  readonly set: PromptSet;
  readonly dataset: Dataset;
  readonly from: Side;
  readonly to: Side;
  readonly cells: readonly MatrixCell[];
}

type Moved = ReturnType<typeof answeredPairs>[number];

/** Each pair with its two cells, and how they differ where both answered the same rows. */
function answeredPairs({ set, dataset, cells, from, to }: Migrated) {
  const byId = new Map(cells.map((cell) => [slotId(cell), cell]));
  const cellOf = (version: string, model: string) =>
    byId.get(slotId({ prompt: `${set.id}/${version}`, model, data: MIGRATED_ROWS }));
  const all = pairsOf(set, dataset, to).map((pair) => ({
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

/** "tuned 4, on 133 rows in about 2 min". */
function trainedWords({ heir }: Move, dataset: Dataset): string {
  if (!heir) return '–';
  const { settings, examples = [], seconds } = heir;
  const rows = Math.min(settings.trainRows ?? Number.POSITIVE_INFINITY, trainingCount(dataset) - examples.length);
  return `${nameOf(heir)}, on ${counted(rows, 'row')} in ${duration(seconds ?? 0)}`;
}

function pairRow({ name, a, b, difference: d }: Moved, trained: string): readonly [string, ...Cell[]] {
  if (!d) return [name, scoreOf(a), scoreOf(b), '–', '–', trained];
  const { difference, ci95 } = d.metrics.accuracy;
  const change = { value: points(difference), range: pointsRange(ci95.low, ci95.high) };
  return [name, scoreOf(a), scoreOf(b), change, pText(d.pCorrected), trained];
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
export function migrationSheet(migrated: Migrated): Sheet {
  const { set, dataset, from, to } = migrated;
  const pairs = answeredPairs(migrated);
  const moves = movesOf(set, to, dataset);
  const heirs = moves.flatMap(({ heir }) => heir ?? []);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const asked = pairs.flatMap(({ a, b }) => [a?.answers ?? [], b?.answers ?? []].flat());
  const tokens = sum(asked.map(({ tokensSentMean, gold }) => tokensSentMean * gold.length));
  const trained = new Map(moves.map((move) => [move.old.id, trainedWords(move, dataset)]));
  const compared = pairs.filter(({ difference }) => difference !== null).length;
  return {
    title: `${set.name} (${set.handle}): from ${from.name} to ${to.name}`,
    headline: headlineOf(pairs),
    sections: [
      {
        title: 'Old and new on the same test rows',
        table: {
          caption: `Accuracy with 95% intervals on ${counted(dataset.split.test.length, 'test row')}; p is corrected for ${counted(compared, 'pair')}. Old answers are calibrated where their version is; new versions are not until you compare them on the page`,
          columns: ['Prompt', from.name, to.name, 'Difference in points', 'p', 'Trained again'],
          rows: pairs.map((pair) => pairRow(pair, trained.get(pair.old) ?? '–')),
        },
        notes: moves.flatMap(({ old, heir, whyNot }) =>
          heir ? [] : [`${nameOf(old)} was not trained again. ${whyNot ?? 'Continue the migration to train it.'}`],
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
          'Nothing was switched: the new versions are candidates. Compare them on the page, and move a stage to a new version where it is not worse.',
          ...moves.flatMap(({ old, heir }) => {
            const stages = stagesAt(set, old.id).join(', ');
            return heir && stages ? [`${stages}: from ${nameOf(old)} to ${nameOf(heir)}.`] : [];
          }),
        ],
      },
    ],
  };
}
