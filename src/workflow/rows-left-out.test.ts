import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accountOf } from '../dataset/account';
import { unlikeTexts } from '../dataset/test-support';
import type { RowAccount } from '../dataset/types';
import { alone } from '../prompt-set/planned';
import { askedOf } from '../prompt-set/test-support';
import type { GridCell } from '../report/grid';
import { type BatchEvent, batch } from './batch';
import { compare } from './compare';
import { fakeHost, promptSet } from './fake-host.test-support';
import { answeredRows, type FillEvent, fillGrid } from './grid';
import { SILENT } from './host';
import { searchedRows } from './improve';
import { openParts, openTestRows, readTable } from './open-data';
import { openRows } from './rows-file';
import { runInputs } from './run-rows';

/** Characters that the model reads at once, which are its tokens. */
const CONTEXT = 260;
const MAPPING = { text: 'text', label: 'label', id: null, task: 'classify' } as const;
const FAULTS = {
  none: (text: string, label: string) => `${text},${label}`,
  long: (text: string, label: string) => `${text} ${'on and '.repeat(40)},${label}`,
  'no label': (text: string) => `${text},`,
  'no text': (_: string, label: string) => `,${label}`,
  nothing: () => ' ,',
  ragged: (text: string) => text,
  'too many cells': (text: string, label: string) => `${text},${label},more`,
  'open quote': (text: string, label: string) => `"${text},${label}`,
} as const;
type Fault = keyof typeof FAULTS;
const KINDS = Object.keys(FAULTS) as readonly Fault[];

const TEXTS = unlikeTexts(60, 9);
const csvOf = (faults: readonly Fault[]) =>
  `text,label\n${faults.map((fault, i) => FAULTS[fault](`it was ${i % 3 ? 'fine' : 'poor'} ${TEXTS[i]}`, i % 3 ? 'good' : 'bad')).join('\n')}\nlast,good\n`;
/** Mostly sound, so that there is something to compare. */
const faulty = fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant<Fault>('none') }, fc.constantFrom(...KINDS)), {
  minLength: 24,
  maxLength: TEXTS.length,
});

const sum = ({ leftOut }: RowAccount) => Object.values(leftOut).reduce((all, rows) => all + rows, 0);
/** Every row that was read is used or left out, and those that are used are these. */
function adds(account: RowAccount, read: number, used: number) {
  expect({ ...account, sum: account.used + sum(account) }).toMatchObject({ read, used, sum: read });
}

const tableOf = async (csv: string) => readTable({ fileName: 'a.csv', bytes: new TextEncoder().encode(csv) }, SILENT);
const prompt = { template: 'Text: {text}\nTone:', shots: 0, shotSeed: 0 };
const words = ['bad', 'good'].map((label) => ({ label, word: ` ${label}` }));
const version = askedOf({ text: prompt, words });

describe('of a file with faulty rows, those that are used and those left out are all that were read', () => {
  const each = (of: (csv: string, read: number) => Promise<void>) =>
    fc.assert(
      fc.asyncProperty(faulty, (faults) => of(csvOf(faults), faults.length + 1)),
      { numRuns: 12 },
    );

  it('in a comparison and a search, whichever rows are drawn', () =>
    each(async (csv, read) => {
      const table = await tableOf(csv);
      const sizes = { trainRows: null, testRows: read % 2 ? 9 : null };
      const opened = openParts({ data: table, test: null, mapping: MAPPING, seed: read }, sizes, read % 3 === 0);
      // too few rows, or one label: refused with the same sentence
      const dataset = await opened.catch((cause) => {
        expect(cause.message).toMatch(new RegExp(`${read} rows read, \\d+ used`));
        return null;
      });
      if (!dataset) return;
      const { host } = fakeHost(CONTEXT);
      const set = promptSet(dataset);
      const { evaluation } = await compare(host, { set, dataset }, SILENT).catch((cause) => {
        expect(cause.message).toContain('No test row fits all prompts');
        return { evaluation: null };
      });
      if (!evaluation) return;
      const { baseTemplate: template, words } = set;
      const asked = { dataset, template, words, settings: { placement: 'suffix' } as const };
      const inputs = await runInputs(host, asked, SILENT.control);
      const learned = inputs.train.length + inputs.validation.length;
      adds(evaluation.account ?? accountOf(dataset), read, learned + evaluation.plan.rowIds.length);
      adds(await searchedRows(host, { dataset, template, words }, SILENT.control), read, learned);
    }));

  it('in a grid, of test rows and of a file', () =>
    each(async (csv, read) => {
      const { host } = fakeHost(CONTEXT);
      const dataset = await openTestRows(await tableOf(csv), MAPPING, null);
      const on = { id: 'a.csv', name: 'a.csv', dataset };
      const longer = { ...prompt, template: `${'Say it. '.repeat(3)}${prompt.template}` };
      const seen = { parts: [], isSure: true };
      const prompts = [prompt, longer].map((text, i) => ({
        version: askedOf({ text, words }),
        id: `${i}`,
        setId: '',
        name: `${i}`,
        dataset: null,
        seen,
      }));
      const cells: GridCell[] = [];
      const emit = (event: { kind: string; cell?: (typeof cells)[number] }) =>
        void (event.cell && cells.push(event.cell));
      await fillGrid(host, { prompts, data: [on], done: [] }, { ...SILENT, emit });
      const least = Math.min(...cells.map(({ answers }) => answers?.rowIds.length ?? Number.POSITIVE_INFINITY));
      adds(answeredRows(on.id, dataset, cells), read, Number.isFinite(least) ? least : 0);
      const keep = (event: FillEvent) =>
        event.kind === 'cell' && event.said && adds(event.said.account, read, event.said.answers?.rowIds.length ?? 0);
      const data = [{ ...on, isFile: true }];
      await fillGrid(host, { prompts, data, done: [] }, { ...SILENT, emit: keep });
    }));

  it('in a batch at every step', () =>
    each(async (csv, read) => {
      const { host } = fakeHost(CONTEXT);
      const file = new Blob([csv]);
      await openRows(host, { file, name: 'a.csv' }, SILENT);
      let answered = 0;
      const emit = ({ answers, progress }: BatchEvent) => {
        answered += answers.length;
        adds(progress.account, read, answered);
      };
      await batch(host, { plan: alone(version), text: 'text', from: 0 }, { ...SILENT, emit });
    }));
});
