import { expect, it } from 'vitest';
import { labelProbabilities } from './calibration';

it('gives the probabilities of the labels as they are where a prompt is not calibrated', () => {
  expect(labelProbabilities([Math.log(0.8), Math.log(0.2)], null)[0]).toBeCloseTo(0.8);
});

it('removes the bias of a prompt from the probabilities of its labels', () => {
  const bias = [Math.log(0.8), Math.log(0.2)];
  expect(labelProbabilities(bias, bias)).toEqual([0.5, 0.5]);
  const [likely = 0, unlikely = 0] = labelProbabilities([Math.log(0.9), Math.log(0.1)], bias);
  expect(likely / unlikely).toBeCloseTo(9 / 4);
  expect(likely + unlikely).toBeCloseTo(1);
});
