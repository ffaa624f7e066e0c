/** The data that ships with the page for those who start from a task: rows, policies and prompts written for this project. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { loadSample, loadStarters } from '../src/app/state/site-files';
import { nearTwins } from '../src/dataset/near-twins';
import type { Dataset } from '../src/dataset/types';
import { argmax } from '../src/metrics/classification';
import { fitWords, wordAnswers } from '../src/metrics/logistic';
import { checkTemplate } from '../src/task/template';
import { SILENT } from '../src/workflow/host';
import { prepareRows, readTable } from '../src/workflow/open-data';

const PUBLIC = join(import.meta.dirname, '../public');

beforeAll(() => {
  vi.stubGlobal('document', { baseURI: 'http://site.test/' });
  vi.stubGlobal('fetch', async (url: URL) => new Response(readFileSync(join(PUBLIC, url.pathname))));
});

const opened = async (id: string): Promise<Dataset> => {
  const { csv, textColumn: text, labelColumn: label, seed, words } = await loadSample(id);
  const table = await readTable({ fileName: csv.fileName, bytes: new Uint8Array(csv.bytes) }, SILENT);
  const labelOrder = words.map((word) => word.label);
  const { dataset, issues } = await prepareRows(
    table,
    { text, label, id: 'id', task: 'classify' },
    { seed, labelOrder },
  );
  expect(issues).toEqual([]);
  return dataset;
};

/** Rows may be changed for a better reason than a better figure; the measured table then has to be measured again. */
const FINGERPRINTS: Readonly<Record<string, string>> = {
  'retail-returns': '50b97a8970a88359c2e5b7f3f985f1c1989990238bf7f0b5b592c2747eca323f',
  'bank-messages': '2d57af73b54b9a95bc1916c038e1a57bdf8cb89df6754ecdc2829444a68e4f83',
  'clinical-notes': 'f0a446560bb58815815d2d5520da5dba8dc927cb3fb950f598b2f100f73161c0',
  'contract-clauses': '96e19fd8627aabde7c335e8ded1795b5ab56bfb63e008c8e6550c5acf96cf984',
};

it('lists exactly the starters that are there', async () => {
  const { starters } = await loadStarters();
  expect(starters.map(({ id }) => id)).toEqual(Object.keys(FINGERPRINTS));
});

describe.each(Object.entries(FINGERPRINTS))('the starter %s', (id, fingerprint) => {
  it('has at least 300 rows of 8 to 60 words, in balance, with the labels of its list, in under 80 kB', async () => {
    const { starters } = await loadStarters();
    const dataset = await opened(id);
    const { rows } = dataset.table;
    const listed = starters.find((starter) => starter.id === id);
    expect([dataset.labels, rows.length]).toEqual([listed?.labels, listed?.rows]);
    expect(rows.length).toBeGreaterThanOrEqual(300);
    for (const row of rows) {
      const words = (row.cells.text ?? '').split(/\s+/).length;
      expect(words >= 8 && words <= 60, `${row.id} has ${words} words`).toBe(true);
    }
    for (const label of dataset.labels) {
      const share = rows.filter((row) => row.cells.label === label).length / rows.length;
      expect(Math.abs(share * dataset.labels.length - 1), label).toBeLessThan(0.1);
    }
    expect((await loadSample(id)).csv.bytes.length).toBeLessThan(80_000);
  });

  it('has no near-twins, so that no answer is known from memory', async () => {
    const { table, mapping } = await opened(id);
    for (const row of table.rows) {
      const others = table.rows.filter((other) => other !== row);
      expect(nearTwins([row], others, mapping).asked, row.cells.text).toEqual([]);
    }
  });

  it('has a policy and a prompt that name every label, and a policy that says its limits', async () => {
    const policy = readFileSync(join(PUBLIC, 'starters', id, 'policy.md'), 'utf8');
    const { prompts, words } = await loadSample(id);
    const { table } = await opened(id);
    for (const { label, word } of words) {
      expect(policy).toMatch(new RegExp(`\\| ${label} \\|`));
      expect(prompts[0]?.template).toContain(`: ${label}`);
      expect(word).toBe(` ${label}`);
    }
    expect(policy).toContain(`${table.rows.length} `);
    expect(policy).toMatch(/## Limits\n\nSynthetic, English only/);
  });

  it('does not give its labels away by single words', async () => {
    const { table, labels, split, mapping } = await opened(id);
    const part = (ids: readonly string[]) => table.rows.filter((row) => ids.includes(row.id));
    const gold = (rows: typeof table.rows) => rows.map((row) => labels.indexOf(row.cells[mapping.label] ?? ''));
    const texts = (rows: typeof table.rows) => rows.map((row) => row.cells[mapping.text] ?? '');
    const [train, test] = [part(split.train), part(split.test)];
    const answers = wordAnswers(fitWords(texts(train), gold(train), labels.length))(texts(test));
    const right = answers.filter((scores, i) => argmax(scores) === gold(test)[i]).length;
    expect(right / test.length).toBeLessThan(0.75);
  });

  it('has the rows that were measured', async () => {
    expect((await opened(id)).fingerprint).toBe(fingerprint);
  });
});

it('has six policies without rows, whose prompts name every label and have one place for the text', async () => {
  const { cards } = await loadStarters();
  expect(cards).toHaveLength(6);
  for (const { labels, prompt, template, columns } of cards) {
    for (const { label, word } of labels) {
      expect(prompt).toContain(`: ${label}.`);
      expect(word).toBe(` ${label}`);
    }
    expect(prompt.endsWith(`\n${template}`)).toBe(true);
    const mapping = { text: columns.text[0] ?? '', label: columns.label[0] ?? '', id: null, task: 'classify' as const };
    expect(checkTemplate(prompt, [mapping.text, mapping.label], mapping).ok).toBe(true);
  }
});
