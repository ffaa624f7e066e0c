import type { Dataset, RowAccount, TaskKind } from '../dataset/types';
import type { VerdictCard } from '../evaluation/card';
import type { ConsistencyReport, FineTuningReport } from '../evaluation/classify/checks';
import type { Insights } from '../evaluation/classify/compare';
import type { ArmResult, Compared, Comparison, Verdict } from '../evaluation/types';
import type { Tally } from '../evaluation/vote';
import { ends, type Figure, type Metric, metricsOf } from '../metrics/registry';
import type { Evaluation } from '../prompt-set/types';
import type { LabelResults, Results } from './results-schema';

/** What every report says of how it was made. */
export interface ReportFacts {
  readonly title: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** What to do now, and every prompt against the recommended one; null where the plan names no pair. */
  readonly card: VerdictCard | null;
  /** Arms whose vectors may have been trained on some of the test rows. */
  readonly mayKnow: readonly string[];
  readonly model: { readonly id: string; readonly dtype: string; readonly sha256: string };
  readonly environment: { readonly backend: string; readonly threads: number } | null;
  readonly dataset: {
    readonly name: string;
    readonly rows: number;
    readonly train: number;
    readonly validation: number;
    readonly test: number;
    readonly fingerprint: string;
    readonly splitHash: string;
  };
  readonly training: LabelResults['training'];
  /** What became of the rows. */
  readonly account: RowAccount;
  /** The texts around the row, by arm; examples of a few-shot prompt are counted, not shown. */
  readonly prompts: readonly {
    readonly armId: string;
    readonly template: string;
    readonly shots: number;
    /** "Version 3", "Run 2". */
    readonly version?: string;
  }[];
  /** The set's changes of rows, versions and moves between stages. */
  readonly history: readonly Section[];
  /** The set's answer words at that time, and how they were found. */
  readonly answerWords: LabelResults['answerWords'];
  /** Checks made beside the comparison; those that were not made are left out. */
  readonly closer?: CloserLook;
  /** Blind votes between two generated texts; null = there are none. */
  readonly votes: Tally | null;
  /** Rows that the headline's second prompt changed, where the user agreed that their texts go along. */
  readonly rows: readonly RowText[];
}

/** A report of the prompts of one kind of task. */
export type ReportOf<K extends TaskKind> = {
  readonly [P in K]: ReportFacts & Compared<P> & { readonly comparison: Comparison<P> };
}[K];
export type ReportInput = ReportOf<TaskKind>;
export type LabelReport = ReportOf<'classify'>;

export type NameOf = (armId: string) => string;
type EvaluationOf<K extends TaskKind> = Extract<Evaluation, { readonly kind: K }>;

/** What a report knows of a kind of task. */
export interface ReportKind<K extends TaskKind> {
  readonly parts: (input: ReportOf<K>, nameOf: NameOf) => ReportParts;
  /** As docs/results.schema.json says. It holds row ids, labels and figures, no text of any row. */
  readonly results: (input: ReportOf<K>) => Extract<Results, { readonly task: K }>;
  /** Every prompt's answer to every row. */
  readonly csv: (evaluation: EvaluationOf<K>, texts: Dataset | null) => string;
  /** What its columns are. */
  readonly columns: string;
  /** The compared rows with the recorded answers of two arms; labels as they were compared, texts as they were generated. */
  readonly shown: (
    evaluation: EvaluationOf<K>,
    dataset: Dataset,
    arms: readonly [string, string],
  ) => readonly ShownRow[];
  /** What an audience is told of an answer once the right one is shown. */
  readonly judged: {
    readonly right: string;
    readonly wrong: string;
    readonly answer: string;
    readonly counted: string;
    /** Over all rows, by this metric: "82.1% right". */
    readonly metric: string;
    readonly share: string;
  };
}

/** What a prompt said of a row that an audience is shown. */
export interface Said {
  readonly text: string;
  /** "71% sure"; null for generated texts. */
  readonly sure: string | null;
  /** Right, or the closer of two texts. */
  readonly isRight: boolean;
}

export interface ShownRow {
  readonly id: string;
  readonly text: string;
  readonly right: string;
  readonly said: readonly [a: Said, b: Said];
}

export interface CloserLook {
  readonly insights?: Insights;
  /** Labels of test rows that were checked again; the verdict with them, where any changed. */
  readonly review?: {
    readonly reviewed: number;
    readonly corrected: number;
    readonly looks: number;
    readonly verdict: Verdict | null;
  };
  readonly consistency?: ConsistencyReport;
  readonly fineTuning?: FineTuningReport;
  /** Until validation accuracy was at 95% of its final value. */
  readonly adaptation?: { readonly step: number; readonly rows: number; readonly seconds: number };
  /** Validation accuracy of runs that differ only in their seed. */
  readonly seedRange?: { readonly seeds: number; readonly low: number; readonly high: number };
}

/** Behind the name of a prompt that may know test rows, and what it means. */
export const MARK = ' *';
export const MAY_KNOW = '* may have seen some of the test rows in training, so its figures may be too high';

export interface RowText {
  readonly id: string;
  readonly text: string;
}

/** A figure with its interval, and in HTML a picture of both. */
export type Cell = string | { readonly value: string; readonly range: string; readonly picture?: Html };

export const figureCell = (form: (value: number) => string, { value, interval }: Figure): Exclude<Cell, string> => ({
  value: form(value),
  range: ends(form, interval),
});

export interface Table {
  readonly caption: string;
  /** The first column names the rows. */
  readonly columns: readonly string[];
  /** Its cells are words, not figures. */
  readonly isText?: true;
  readonly rows: readonly (readonly [name: string, ...cells: Cell[]])[];
}

/** One part of a report, whatever it is printed as. */
export interface Section {
  readonly title: string;
  /** Before the table. */
  readonly sentences?: readonly string[];
  readonly table?: Table;
  /** After the table. */
  readonly notes?: readonly string[];
  /** Left out of Markdown. */
  readonly pictures?: Html;
}

/** What differs between reports of the kinds of task. */
export interface ReportParts {
  readonly sections: readonly Section[];
  /** Texts of rows, where the user agreed. */
  readonly rows?: Html | null;
  /** "none: no text of any row". */
  readonly rowsWords: string;
  /** What a reader might take the figures for and should not, apart from the risks that every report names. */
  readonly limits: readonly string[];
  readonly calibration?: string;
  /** After the number of threads. */
  readonly ranOn?: string;
}

/** Text that stays text: in HTML, and in a cell or heading of Markdown. */

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** HTML that was made by `html` and may be put into more of it. */
export class Html {
  readonly markup: string;
  constructor(markup: string) {
    this.markup = markup;
  }
}

const render = (value: unknown): string => {
  if (value instanceof Html) return value.markup;
  if (Array.isArray(value)) return value.map(render).join('');
  if (value === null || value === undefined || value === false) return '';
  // Control characters have no place in HTML; the rest is escaped, quotes too, so that it is safe in attributes.
  return String(value)
    .replace(/[^\P{Cc}\t\n\r]/gu, '\ufffd')
    .replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
};

/** Tagged template: every value is escaped unless it is `Html` itself. */
export const html = (strings: TemplateStringsArray, ...values: readonly unknown[]): Html =>
  new Html(strings.reduce((out, part, i) => out + (i > 0 ? render(values[i - 1]) : '') + part, ''));

/** The beginning of a file that works alone: it may load nothing and send nothing. @param script the hash of its one script */
export const htmlHead = (title: string, style: Html, script: string | null = null): Html => {
  const scripts = script === null ? '' : `; script-src 'sha256-${script}'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'${new Html(scripts)}; base-uri 'none'; form-action 'none'">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${style}</style>
</head>`;
};

export const escapeMarkdown = (text: string): string =>
  text
    .replace(/[\r\n]+/g, ' ')
    .replace(/[\\`*_{}[\]#|~]/g, (char) => `\\${char}`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');

/** Every prompt of a comparison whose intervals are drawn, by the metrics of its kind. */
export const scoresOf = <Id extends string>(
  metrics: Readonly<Record<Id, Metric>>,
  arms: readonly (Pick<ArmResult, 'id' | 'name' | 'tokensSentMean'> & {
    readonly metrics: Readonly<Record<Id, Figure>>;
  })[],
  mayKnow: ReportFacts['mayKnow'],
): Section => ({
  title: 'Scores of all prompts',
  table: {
    caption: `All prompts on the same test rows, with 95% bootstrap intervals${mayKnow.length > 0 ? `; ${MAY_KNOW}` : ''}`,
    columns: ['Prompt', ...metricsOf(metrics).map(([, { name }]) => name), 'Tokens sent'],
    rows: arms.map((arm) => [
      `${arm.name}${mayKnow.includes(arm.id) ? MARK : ''}`,
      ...metricsOf(metrics).map(([id, { format }]) => figureCell(format.value, arm.metrics[id])),
      arm.tokensSentMean === null ? '–' : String(Math.round(arm.tokensSentMean)),
    ]),
  },
});
