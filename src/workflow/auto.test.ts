import { describe, expect, it } from 'vitest';
import { PRESETS, STANDARD } from '../training/settings';
import { decided } from './auto';

const { settings } = PRESETS.auto;
const KEYS = { after: 100, numbers: 4, transferred: settings.virtualTokens };
const request = { settings, initText: 'Say the tone.', template: 'Text: {text}\nTone:', examples: [] };
const label = (...tokenIds: number[]) => ({ label: 'a', tokenIds: Int32Array.from(tokenIds) });
const inputs = (maxTokens: number, labels = [label(1), label(2)]) =>
  ({ labels, facts: { maxTokens } }) as unknown as Parameters<typeof decided>[1];

describe('Auto', () => {
  it('trains keys and values before the cue where the model takes them after texts twice as long', () => {
    const placement = (more: Partial<typeof request>, keys: typeof KEYS | null = KEYS, maxTokens = 50) =>
      decided({ ...request, ...more }, inputs(maxTokens), keys).settings.placement;
    expect(placement({})).toBe('kv');
    expect(placement({}, null)).toBe('suffix');
    expect(placement({}, KEYS, 51)).toBe('suffix');
    expect(placement({ template: 'Text: {text}' })).toBe('suffix');
    expect(placement({ examples: ['r1'] as never })).toBe('suffix');
  });

  it('starts them from those of other tasks where as many came with the model, else from line breaks', () => {
    expect(decided(request, inputs(50), KEYS)).toMatchObject({
      settings: { initialisation: { kind: 'transfer' } },
      initText: '',
    });
    expect(decided(request, inputs(50), { ...KEYS, transferred: settings.virtualTokens - 1 })).toMatchObject({
      settings: { initialisation: { kind: 'text' } },
      initText: '\n',
    });
    expect(decided(request, inputs(50), null).initText).toBe('Say the tone.');
  });

  it('trains answer words too, unless one has several tokens or they are to stay as they are', () => {
    const trains = (own: typeof settings, labels = [label(1), label(2)]) =>
      decided({ ...request, settings: own }, inputs(50, labels), KEYS).settings.answerVectors;
    expect(trains(settings)).toBe('trained');
    expect(trains(settings, [label(1), label(2, 3)])).toBeUndefined();
    expect(trains({ ...settings, answerVectors: 'fixed' })).toBe('fixed');
  });

  it('changes nothing where it is asked again, for PEFT, and of settings of one’s own', () => {
    for (const keys of [KEYS, null]) {
      const once = decided(request, inputs(50), keys);
      expect(decided({ ...request, ...once }, inputs(50), keys)).toEqual(once);
    }
    for (const own of [STANDARD, { ...settings, placement: 'prefix' as const }])
      expect(decided({ ...request, settings: own }, inputs(50), KEYS)).toEqual({
        settings: own,
        initText: request.initText,
      });
  });
});
