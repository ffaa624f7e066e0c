import { expect, it } from 'vitest';
import { trainedIn, withTexts } from '../prompt-set/test-support';
import { packageOf } from './exported-prompt';
import { fakeHost, prepared, promptSet } from './fake-host.test-support';
import { SILENT } from './host';

const rowsFor = async (template: string) => {
  const { host } = fakeHost();
  const dataset = await prepared(60);
  const set = withTexts(promptSet(dataset), { template }, 'trained');
  const stored = { set, dataset, evaluations: [], checkpoints: [], measurements: [] };
  const { checkRows } = await packageOf(
    host,
    { stored, subject: trainedIn(set)[0]?.id ?? '', withRows: false },
    SILENT,
  );
  return checkRows;
};

it('check rows have a sentence in every column that the prompt shows, a different one in each', async () => {
  const rows = await rowsFor('From {city}, about {topic}: {text}\nTone:');
  expect(rows).toHaveLength(12);
  for (const { cells } of rows) {
    expect(Object.keys(cells).toSorted()).toEqual(['city', 'text', 'topic']);
    expect(new Set(Object.values(cells)).size).toBe(3);
  }
});

it('check rows of a prompt that shows the text alone are the shipped sentences', async () => {
  expect((await rowsFor('Text: {text}\nTone:'))[0]?.cells).toEqual({ text: 'text 0' });
});
