import { expect, test } from 'vitest';
import type { SoftPrompt } from '../prompt/types';
import { averaged } from './averaged';

const soft = (virtualTokens: number): SoftPrompt => ({
  placement: 'suffix',
  vectors: new Float32Array(virtualTokens),
  virtualTokens,
  hidden: 1,
});
const answers = (share: number, tokens: number) => ({
  rows: [
    { rowId: '1', logProbs: [Math.log(share), Math.log(1 - share)], tokensSent: tokens, tokensComputed: tokens - 1 },
  ],
  rowsRun: 1,
  seconds: 1,
});

test('several prompts answer as their mean, and cost as much as all of them', async () => {
  const asked: number[] = [];
  const [row] = await averaged([soft(1), soft(2)], async (each, member) => {
    asked.push(member);
    return each?.virtualTokens === 1 ? answers(0.9, 11) : answers(0.1, 12);
  });
  expect(asked).toEqual([0, 1]);
  expect(row).toMatchObject({ rowId: '1', tokensSent: 23, tokensComputed: 21 });
  expect(row?.logProbs[0]).toBeCloseTo(Math.log(0.5), 12);
});

test('one prompt answers as it is', async () => {
  expect(await averaged([null], async () => answers(0.9, 11))).toEqual(answers(0.9, 11).rows);
});
