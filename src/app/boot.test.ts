import { describe, expect, it } from 'vitest';
import type { PromptSet } from '../prompt-set/types';
import { resumeScreen, siteModel } from './boot';

describe('the model that the address names', () => {
  it('is one of this site', () =>
    expect(siteModel('?model=softprompt-studio/tiny-support')).toEqual({
      kind: 'site',
      base: 'models/softprompt-studio/tiny-support/',
    }));

  it.each(['', '?model=', '?model=x', '?model=../x', '?model=https://e.org/x', '?model=a/../b', '?model=a/b/c'])(
    'is none in “%s”',
    (search) => expect(siteModel(search)).toBeNull(),
  );
});

describe('a prompt set is opened again', () => {
  const set = (change: object) => ({ hard: [], soft: [], testLooks: 0, ...change }) as unknown as PromptSet;
  it.each([
    [{}, 'data'],
    [{ hard: [{ tried: null }] }, 'data'],
    [{ hard: [{ tried: {} }] }, 'prompts'],
    [{ soft: [{}] }, 'train'],
    [{ soft: [{}], testLooks: 1 }, 'compare'],
  ])('%j on %s', (change, screen) => expect(resumeScreen(set(change))).toBe(screen));
});
