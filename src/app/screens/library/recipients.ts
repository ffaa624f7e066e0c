/** Whom an export is for: what they get, and what of the user's rows may be in it. */

export type RecipientId = 'engineer' | 'browser' | 'audience' | 'manager' | 'spreadsheet';

export interface Recipient {
  readonly id: RecipientId;
  readonly label: string;
  /** One sentence. */
  readonly gets: string;
  /** What the user may add: their rows. */
  readonly rows: { readonly label: string; readonly without: string; readonly with: (rows: string) => string };
  /** It is made from one tuned prompt. */
  readonly needsRun: boolean;
}

export const RECIPIENTS: readonly Recipient[] = [
  {
    id: 'engineer',
    label: 'An engineer',
    gets: 'A zip that runs in Python on the same weights, with check rows that show how far their machine is off yours.',
    rows: { label: 'Your rows', without: 'Leave them out', with: (rows) => `Put all ${rows} in` },
    needsRun: true,
  },
  {
    id: 'browser',
    label: 'Another browser',
    gets: 'The whole project: every prompt and version, runs with their curves. Comparisons and votes name rows, so they go only together with the rows.',
    rows: { label: 'Your rows and comparisons', without: 'Leave them out', with: (rows) => `Put all ${rows} rows in` },
    needsRun: false,
  },
  {
    id: 'audience',
    label: 'An audience',
    gets: 'A demo: importing it in any browser leads straight to the stage, tuned beside untuned, without training.',
    rows: {
      label: 'Texts to show',
      without: 'Sentences of the studio',
      with: (rows) => `Your ${rows} texts of the stage`,
    },
    needsRun: true,
  },
  {
    id: 'manager',
    label: 'A manager',
    gets: 'The report of the latest comparison as one page: verdict, figures with intervals, prompts.',
    rows: {
      label: 'Texts of rows that changed',
      without: 'Leave them out',
      with: (rows) => `Put ${rows} in`,
    },
    needsRun: true,
  },
  {
    id: 'spreadsheet',
    label: 'A spreadsheet',
    gets: 'A CSV with what every prompt said of every held-back row in the latest comparison, or how near to the wanted text it wrote.',
    rows: { label: 'Texts of the held-back rows', without: 'Numbers only', with: (rows) => `Put all ${rows} in` },
    needsRun: true,
  },
];

export const recipientOf = (id: RecipientId): Recipient =>
  RECIPIENTS.find((recipient) => recipient.id === id) ?? (RECIPIENTS[0] as Recipient);
