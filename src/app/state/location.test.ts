import { expect, it } from 'vitest';
import { navigate, navigateAfter } from './location';
import { fakeLocation } from './test-support';

it('begins another screen at its top, and leaves a changed tab or id of the same screen where it is', () => {
  fakeLocation();
  const tops: string[] = [];
  Object.assign(globalThis, { scrollTo: (_: number, y: number) => tops.push(`${location.hash} ${y}`) });
  navigate('/project/new/data');
  navigate('/project/a/data', { replace: true });
  navigate('/project/a/data?tab=rows');
  navigate('/project/a/prompts');
  expect(tops).toEqual(['#/project/new/data 0', '#/project/a/prompts 0']);
});

it('navigates after the work, unless the user has gone elsewhere meanwhile', async () => {
  fakeLocation();
  Object.assign(globalThis, { scrollTo: () => {} });
  navigate('/project/a/prompts');
  await navigateAfter(Promise.resolve(null));
  expect(location.hash).toBe('#/project/a/prompts');
  await navigateAfter(Promise.resolve('/project/a/train'));
  expect(location.hash).toBe('#/project/a/train');
  const late = navigateAfter(Promise.resolve('/project/a/compare'));
  navigate('/project/a/playground');
  await late;
  expect(location.hash).toBe('#/project/a/playground');
});
