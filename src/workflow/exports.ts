/**
 * Every recipient that something can be exported for, as one object each: what they are offered, why it may not fit, and
 * which of the user's rows may go along. How a package is made is in packages.ts, which pages do not load. What comes back
 * is recognised by its content (interchange/incoming.ts). To add one, add an object here, and its package there.
 */
import { drawnRows } from '../dataset/draw';
import { rowsOf, textOf } from '../dataset/labels';
import { changedRows } from '../evaluation/sheets';
import { madeOfRows } from '../interchange/set-files';
import { countsOf, firstText, isText, softOf, textsOf } from '../prompt/prompt';
import { PLACEMENT_WORDS } from '../prompt/soft-prompt';
import { armOf } from '../prompt-set/calibration';
import { chosenWritten } from '../prompt-set/make-versions';
import { hasTask, runOf, versionById } from '../prompt-set/versions';
import type { AudienceChoice } from '../report/audience';
import { sameLabels } from '../task/template';
import { comparisonFor, type Order, rowCount, type Subject, subjectOf, subjectsOf } from './export-subjects';
import { countsWords, examplesIn, madeOf } from './exported-prompt';

export { type Subject, subjectOf, subjectsOf, weightsFor } from './export-subjects';

interface PromptExport {
  readonly recipient: string;
  readonly words: {
    /** What they get, in one or two sentences. */
    readonly gets: string;
    /** The question about the user's rows, and both answers. */
    readonly rows: { readonly label: string; readonly without: string; readonly with: (rows: string) => string };
  };
  /** What it can be written as, by `Order.format`; the first unless another is chosen. */
  readonly formats?: Readonly<Record<NonNullable<Order['format']>, string>>;
  /** Why it does not fit what is chosen (null: nothing is), in a sentence; null where it fits. */
  readonly whyNot: (subject: Subject | null, stored: Order['stored']) => string | null;
  /** What the user must agree to before it can be made, in a sentence; null = nothing. */
  readonly asks: (order: Order) => string | null;
  /** The model scores check rows for it. */
  readonly needsModel: boolean;
  /** How many of the user's rows it would contain, or be made of, if they agree. */
  readonly rows: (order: Order) => number;
}

const NOTHING_CHOSEN = 'No prompt is tried, tuned or compared yet.';
/** The one text with vectors that a prompt is, which a package of a tuned version describes. */
export const isOneTuned = (subject: Subject): boolean =>
  subject.version.number > 0 && subject.version.prompt.voices.length === 1 && softOf(subject.version.prompt) !== null;

/** What keeps a prompt from being answered elsewhere as one thing. */
function whyNotAlone(subject: Subject | null): string | null {
  if (!subject) return NOTHING_CHOSEN;
  return textsOf(subject.version.prompt).some(({ selection, shots }) => selection === 'nearest' && shots > 0)
    ? 'It shows each row the examples nearest to it among your rows, so it only works here.'
    : null;
}

/** What keeps a prompt from being a text. */
function whyNoText(subject: Subject | null): string | null {
  const alone = whyNotAlone(subject);
  if (!subject || alone) return alone;
  const { prompt } = subject.version;
  if (prompt.task.kind === 'tag') return 'It gives every label that is probable enough, and a text gives one.';
  if (softOf(prompt)) return 'Its vectors cannot be written as text.';
  if (countsOf(prompt)) return 'Word counts are numbers, not text.';
  const { orders = 1, shots } = firstText(prompt);
  return orders > 1 && shots > 0 ? 'It averages over several orders of its examples, and a text has only one.' : null;
}

/** What keeps a prompt from being the one tuned version that a package describes. */
function whyNotTuned(subject: Subject | null): string | null {
  if (!subject) return NOTHING_CHOSEN;
  if (isOneTuned(subject)) return null;
  return subject.version.prompt.voices.length > 1
    ? 'It needs a single tuned version, and this one combines several prompts.'
    : 'It needs a tuned prompt, and this one has no vectors.';
}

const NOT_COMPARED = 'It has not been compared on test rows yet.';

const whyNoComparison = (subject: Subject | null, stored: Order['stored']): string | null =>
  comparisonFor({ stored, subject: subject?.version.id ?? null, withRows: false }) ? null : NOT_COMPARED;

/** How many of the user's rows a prompt is made of: its examples, or the training rows whose words it counts. */
function rowsOfPrompt({ stored, subject: id }: Order): number {
  const subject = id === null ? null : subjectOf(stored, id);
  if (!subject) return 0;
  return countsWords(subject) ? (stored.dataset?.split.train.length ?? 0) : examplesIn(subject);
}

/** What they must agree to, because the prompt is made of it. */
function asksForPrompt({ stored, subject: id, withRows }: Order): string | null {
  const subject = id === null || withRows ? null : subjectOf(stored, id);
  return subject && madeOf(subject);
}

const asksNothing = () => null;

const ofPrompt = {
  label: 'Rows that it is made of',
  without: 'Leave them out',
  with: (rows: string) => `Include ${rows}: its examples, or their words`,
} as const;

/** What holds of a prompt that leaves as a text. */
const asText = { whyNot: whyNoText, asks: asksForPrompt, needsModel: false, rows: rowsOfPrompt } as const;

/** Examples of the hand-written prompt that would answer where a tuned one fails. */
function fallbackExamples({ stored: { set }, subject: id }: Order): number {
  const asked = versionById(set, id);
  const hand = chosenWritten(set);
  if (!asked || isText(asked.prompt) || !hand) return 0;
  const { selection, shots } = firstText(hand.prompt);
  return selection === 'nearest' ? 0 : shots;
}

const ofPackage = {
  label: 'Rows that its prompts are made of',
  without: 'Leave them out',
  with: (rows: string) => `Include ${rows}: their examples, or their words`,
} as const;

/** What holds of a prompt that leaves with all that decides its answers. */
const asPackage = {
  asks: asksForPrompt,
  needsModel: true,
  rows: (order: Order) => rowsOfPrompt(order) + fallbackExamples(order),
} as const;

const engineer: PromptExport = {
  recipient: 'An engineer',
  words: {
    gets: 'A zip that runs in Python on the same weights. Check rows show how closely their machine reproduces yours.',
    rows: ofPackage,
  },
  ...asPackage,
  whyNot: whyNotAlone,
};

const textField: PromptExport = {
  recipient: 'A text field',
  words: {
    gets: 'The prompt as plain text, with its examples: to paste into the editor here, a playground or a program. {text} is the place of the text.',
    rows: ofPrompt,
  },
  ...asText,
};

const chatServer: PromptExport = {
  recipient: 'A chat server',
  words: {
    gets: 'JSON with messages as OpenAI’s API and most servers take them; {{text}} is the place of the text. The command line answers with it too, calibration and threshold included.',
    rows: ofPrompt,
  },
  ...asText,
};

const promptfoo: PromptExport = {
  recipient: 'promptfoo',
  words: {
    gets: 'A configuration for promptfoo eval, with the prompt, its answers, and tests. These are your test rows, or sentences that ship with the studio.',
    rows: {
      label: 'Test rows, and rows that it is made of',
      without: 'Leave them out',
      with: (rows) => `Include ${rows}`,
    },
  },
  ...asText,
  rows: (order) => rowsOfPrompt(order) + (order.stored.dataset?.split.test.length ?? 0),
};

const peft: PromptExport = {
  recipient: 'PEFT',
  words: {
    gets: 'A folder that PEFT loads: the vectors as an adapter, with the text and the answer words in its README.',
    rows: ofPrompt,
  },
  whyNot: (subject) => {
    const tuned = whyNotTuned(subject);
    if (tuned || !subject) return tuned;
    const soft = softOf(subject.version.prompt);
    if (soft?.answerShift) return 'Its answer words were trained too, and an adapter cannot contain them.';
    return soft && soft.placement !== 'prefix'
      ? `Its vectors come ${PLACEMENT_WORDS[soft.placement]}, and PEFT only puts them before it. Train with the vectors before the text.`
      : null;
  },
  asks: asksForPrompt,
  needsModel: true,
  rows: rowsOfPrompt,
};

/** Whether a version that PEFT can load can learn its answers: it chooses a label, and the rows are here. */
export const canHaveTwin = ({ version }: Subject, { set, dataset }: Order['stored']): boolean =>
  set.kind === 'classify' &&
  version.number > 0 &&
  hasTask(set, version) &&
  dataset !== null &&
  sameLabels(set.words, dataset.labels);

/** The newest version that learned its answers, and fits PEFT; null = none did. */
export const twinOf = ({ version: { id } }: Subject, stored: Order['stored']): Subject | null =>
  subjectsOf(stored).find(
    (each) => runOf(stored.set, each.version)?.distilled?.from === id && peft.whyNot(each, stored) === null,
  ) ?? null;

const webPage: PromptExport = {
  recipient: 'A web page',
  words: {
    gets: 'A zip that runs the prompt in a page of yours, without the studio. It has one script, the prompt, and an index.html. Put the model’s folder beside it.',
    rows: ofPackage,
  },
  ...asPackage,
  whyNot: (subject) =>
    whyNotAlone(subject) ??
    (subject && textsOf(subject.version.prompt).length === 0
      ? 'Word counts answer without a model, and the page loads one.'
      : null),
};

const browser: PromptExport = {
  recipient: 'Another browser',
  words: {
    gets: 'The complete prompt set: every prompt and version, runs with their curves. Comparisons and votes name rows, so they are only included together with the rows.',
    rows: {
      label: 'Your rows and comparisons',
      without: 'Leave them out',
      with: (rows) => `Include all ${rows} rows`,
    },
  },
  whyNot: () => null,
  asks: ({ stored, withRows }) => (withRows ? null : madeOfRows(stored.set)),
  needsModel: false,
  rows: ({ stored }) => rowCount(stored),
};

/** The two arms that an audience is shown: the untuned prompt, or yours, and the chosen one; null where it was not compared. */
export function shownTo(subject: Subject, { set }: Order['stored']): readonly [string, string] | null {
  const { evaluation, version } = subject;
  const chosen = evaluation && armOf(set, evaluation, version.id);
  if (!chosen) return null;
  const other = ['untuned', 'yours'].find(
    (arm) => arm !== chosen && evaluation.plan.arms.some((each) => each.id === arm),
  );
  return other ? [other, chosen] : null;
}

/** What a file for an audience says and shows unless the presenter decides otherwise. */
export const audienceProposal = ({ stored: { set } }: Order): AudienceChoice => ({
  title: set.name,
  sentence: 'Guess first. Then see what each prompt says, and what is right.',
  rows: null,
});

const DRAWN = 10;

/** The compared rows that an audience can be shown; first those that are drawn, by the seed and not by how they were answered. */
export function audienceRows(
  order: Order,
): readonly { readonly id: string; readonly text: string; readonly isDrawn: boolean }[] {
  const { dataset } = order.stored;
  const evaluation = comparisonFor(order);
  if (!dataset || !evaluation) return [];
  const drawn = new Set(drawnRows(dataset, evaluation.plan.rowIds, DRAWN));
  return rowsOf(dataset, evaluation.plan.rowIds)
    .map((row) => ({ id: row.id, text: textOf(row, dataset.mapping), isDrawn: drawn.has(row.id) }))
    .toSorted((a, b) => Number(b.isDrawn) - Number(a.isDrawn));
}

const audience: PromptExport = {
  recipient: 'An audience',
  words: {
    gets: 'One page with recorded answers, for a talk or a mail. Guess, see two prompts answer, then see what is right. It opens anywhere, without the studio and without a network.',
    rows: {
      label: 'Texts to show',
      without: 'None of my rows',
      with: (rows) => `${rows} of my test rows, with their labels`,
    },
  },
  whyNot: (subject, stored) => {
    if (!subject) return NOTHING_CHOSEN;
    return shownTo(subject, stored) ? null : NOT_COMPARED;
  },
  asks: ({ stored: { dataset }, withRows, audience: chosen }) => {
    if (!dataset)
      return 'Its rows are no longer in this browser, so there is no text to show. Open them on Data first.';
    if (!withRows)
      return 'It shows texts of your test rows and their labels. Agree to include them; otherwise nothing is exported.';
    return chosen?.rows?.length === 0 ? 'Choose at least one text to show.' : null;
  },
  needsModel: false,
  rows: (order) => order.audience?.rows?.length ?? audienceRows(order).filter(({ isDrawn }) => isDrawn).length,
};

const manager: PromptExport = {
  recipient: 'A manager',
  words: {
    gets: 'One page to decide on: verdict, one chart of all prompts, cost, risk, and what to do. All figures, methods and prompts are in its appendix, with every version, change of the rows and move between stages. Markdown and JSON have no text of any row.',
    rows: { label: 'Texts of rows that changed', without: 'Leave them out', with: (rows) => `Include ${rows}` },
  },
  whyNot: whyNoComparison,
  asks: asksNothing,
  needsModel: false,
  formats: { html: 'HTML', markdown: 'Markdown', json: 'JSON, for a program' },
  rows: (order) => {
    if (order.format !== undefined && order.format !== 'html') return 0;
    const evaluation = comparisonFor(order);
    return evaluation && order.stored.dataset ? changedRows(evaluation).length : 0;
  },
};

const spreadsheet: PromptExport = {
  recipient: 'A spreadsheet',
  words: {
    gets: 'A CSV with the answer of every prompt to every test row of the latest comparison.',
    rows: { label: 'Texts of the test rows', without: 'Numbers only', with: (rows) => `Include all ${rows}` },
  },
  whyNot: whyNoComparison,
  asks: asksNothing,
  needsModel: false,
  rows: (order) => (order.stored.dataset ? (comparisonFor(order)?.comparison.n ?? 0) : 0),
};

export const EXPORTS = {
  engineer,
  webPage,
  textField,
  chatServer,
  promptfoo,
  peft,
  browser,
  audience,
  manager,
  spreadsheet,
} as const satisfies Readonly<Record<string, PromptExport>>;

export type RecipientId = keyof typeof EXPORTS;
export const RECIPIENTS = Object.keys(EXPORTS) as readonly RecipientId[];
