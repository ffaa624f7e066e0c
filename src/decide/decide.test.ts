import { describe, expect, it } from 'vitest';
import type { ArmKind } from '../evaluation/types';
import { present } from '../lib/assert';
import { createRng } from '../lib/rng';
import { bonettPrice } from '../metrics/intervals';
import { type Known, numbersTrained, sideBySide, smallShare } from './approaches';
import {
  type Assumptions,
  breakEven,
  FIRST_EFFORTS,
  monthlyCost,
  type Offer,
  payBackSentence,
  quotedCosts,
  savingWords,
} from './break-even';
import { type ArmAnswers, costsOf } from './measured';
import {
  type Advice,
  type Facts,
  FIRST_ANSWERS,
  QUESTIONS,
  ROW_COUNTS,
  STARTS,
  startFor,
  strategyFor,
} from './strategy';

describe('numbers trained', () => {
  it('are 20,480 of 11 billion for five vectors of T5-XXL, as in Lester et al. 2021', () => {
    expect(numbersTrained(5, 4096)).toBe(20_480);
    expect(smallShare(20_480, 11e9)).toBe('0.00019%');
  });

  it('are 5,760 of the built-in model for ten vectors', () => {
    expect(smallShare(numbersTrained(10, 576), 134_515_008)).toBe('0.0043%');
  });
});

const KNOWN: Known = {
  kind: 'classify',
  model: { parameters: 134_515_008 },
  hiddenSize: 576,
  virtualTokens: 10,
  promptBytes: 80,
  training: { seconds: 60, rows: 256, steps: 150, heapBytes: 794e6 },
  trySeconds: 4,
  rows: 475,
  arms: {
    engineering: {
      name: 'Yours',
      meanTokens: 60,
      tokensComputed: 40,
      latencyMs: 50,
      value: 0.7,
      ci95: { low: 0.6, high: 0.8 },
      rows: 100,
    },
  },
  probe: null,
  fineTuning: null,
  moreRows: null,
};

describe('approaches side by side', () => {
  const fact = (id: string, of: 'engineering' | 'tuning' | 'fine-tuning', known = KNOWN) => {
    const row = sideBySide(known).find((each) => each.id === id);
    if (!row) throw new Error(id);
    return row.facts[of];
  };

  it('computes stored bytes and memory from the sizes', () => {
    expect(fact('bytes-1', 'tuning').text).toBe('23 kB');
    expect(fact('bytes-10', 'tuning').text).toBe('230 kB');
    expect(fact('bytes-10', 'fine-tuning').text).toBe('5.4 GB');
    expect(fact('memory', 'fine-tuning').text).toBe('2.2 GB');
  });

  it('marks each figure as measured, computed or assumed', () => {
    expect(fact('tokens', 'engineering')).toMatchObject({ text: '60 tokens', source: 'measured' });
    expect(fact('trained', 'tuning')).toMatchObject({ text: '5,760 (0.0043%)', source: 'computed' });
    expect(fact('who', 'fine-tuning').source).toBe('assumed');
  });

  it('measures what training takes, and computes it where it was not measured', () => {
    expect(fact('compute', 'tuning')).toMatchObject({ text: '60 s for 150 steps', source: 'measured' });
    expect(fact('compute', 'tuning').how).toContain('Computed: 538 million operations a token');
    expect(fact('memory', 'tuning')).toMatchObject({ text: '794 MB', source: 'measured' });
    const untrained = { ...KNOWN, training: null };
    expect(fact('compute', 'tuning', untrained)).toMatchObject({ source: 'computed' });
    expect(fact('memory', 'tuning', untrained)).toMatchObject({ text: '538 MB', source: 'computed' });
  });

  it('shows tokens that are sent, and those that are computed', () => {
    expect(fact('tokens', 'engineering').text).toBe('60 tokens');
    expect(fact('tokens-computed', 'engineering')).toMatchObject({ text: '40 tokens', source: 'measured' });
    const tuned = { ...KNOWN, arms: { tuning: present(KNOWN.arms.engineering, 'arm') } };
    expect(fact('tokens', 'fine-tuning', tuned)).toMatchObject({ text: 'about 50 tokens', source: 'assumed' });
    expect(fact('tokens-computed', 'fine-tuning', tuned).text).toBe('about 30 tokens');
  });

  it('shows measured adapters in place of what is computed for all weights', () => {
    const ci95 = { low: 0.57, high: 0.75 };
    const fineTuning = { numbers: 59_904, seconds: 31, trainingRows: 155, step: 75, accuracy: 0.663, ci95, rows: 108 };
    const known = { ...KNOWN, probe: { value: 0.657, ci95, rows: 108 }, fineTuning };
    const shown = (id: string) => fact(id, 'fine-tuning', known);
    expect(shown('reached')).toMatchObject({ text: '66.3% (57.0% to 75.0%)', source: 'measured' });
    expect(shown('reached').how).toContain('a linear probe 65.7%');
    expect(shown('trained')).toMatchObject({ text: '59,904 (0.045%) of adapters', source: 'measured' });
    expect(shown('bytes-10').text).toBe('2 MB of adapters');
    expect(shown('bytes-10').how).toContain('all weights 5.4 GB');
    expect(shown('rows').text).toBe('155 used here');
    expect(fact('rows', 'tuning').how).toContain('a learning curve says what more would bring');
    expect(fact('rows', 'tuning', { ...KNOWN, moreRows: '100 more bring 2 points' }).how).toBe(
      '100 more bring 2 points',
    );
    expect(shown('time')).toMatchObject({ text: '31 s', source: 'measured' });
    expect(shown('compute')).toMatchObject({ text: '31 s for adapters', source: 'measured' });
    expect(fact('time', 'fine-tuning')).toMatchObject({ source: 'computed' });
  });

  it('says what to do where a figure was not measured, and never shows NaN', () => {
    const bare = { ...KNOWN, model: { parameters: null }, hiddenSize: null, training: null, arms: {} };
    expect(fact('tokens', 'tuning', bare)).toMatchObject({ text: '–', how: 'Compare your prompts to measure it' });
    expect(JSON.stringify(sideBySide(bare))).not.toMatch(/NaN|Infinity|undefined/);
  });
});

const FREE = { build: 0, hostingPerMonth: 0, minutesPerMonth: 0 };
const offer = (isCorrect: readonly boolean[], tokensSent: number, effort = FREE): Offer => ({
  answers: { id: 'x', name: 'x', isCorrect, tokensSent },
  effort,
});
const rights = (right: number, n: number) => Array.from({ length: n }, (_, i) => i < right);
const MONEY: Assumptions = { rowsPerMonth: 20_000, pricePerMillionTokens: 2, costOfWrongAnswer: 0.25, wagePerHour: 90 };
const ADVISED = { comparisons: 1, isAdvised: true };

describe('break-even', () => {
  it('equals the closed form', () => {
    const now = offer(rights(70, 100), 300, { build: 125, hostingPerMonth: 0, minutesPerMonth: 60 });
    const then = offer(rights(80, 100), 50, { build: 1250, hostingPerMonth: 40, minutesPerMonth: 30 });
    const saving = 20_000 * (0.1 * 0.25 + (250 * 2) / 1e6) + (90 - (40 + 45));
    const found = breakEven(now, then, MONEY, ADVISED);
    expect(Math.abs(found.saving - saving)).toBeLessThan(1e-9);
    expect(Math.abs((found.months ?? 0) - 1125 / saving)).toBeLessThan(1e-9);
    expect(Math.abs((found.rows ?? 0) - (20_000 * 1125) / saving)).toBeLessThan(1e-6);
    expect(
      Math.abs(monthlyCost(now.answers, now.effort, MONEY) - monthlyCost(then.answers, then.effort, MONEY) - saving),
    ).toBeLessThan(1e-9);
  });

  it('has the interval of Bonett and Price, in money, and allows for all comparisons', () => {
    const [now, then] = [offer(rights(70, 100), 50), offer(rights(82, 100), 50)];
    const { low, high } = bonettPrice(0, 12, 100);
    const alone = breakEven(now, then, MONEY, ADVISED).savingCi95;
    expect(alone.low).toBeCloseTo(20_000 * 0.25 * low, 3);
    expect(alone.high).toBeCloseTo(20_000 * 0.25 * high, 3);
    const ofFive = breakEven(now, then, MONEY, { ...ADVISED, comparisons: 5 }).savingCi95;
    // z of 1 − 5%/5: 2.5758
    expect((ofFive.high - ofFive.low) / (alone.high - alone.low)).toBeCloseTo(2.575829 / 1.959964, 5);
  });

  it('may never pay back where the interval of the saving includes 0', () => {
    const then = offer(rights(71, 100).reverse(), 50, { ...FREE, build: 10 });
    const found = breakEven(offer(rights(70, 100), 50), then, MONEY, ADVISED);
    expect(found.savingCi95.low).toBeLessThan(0);
    expect(found.payBack).toBe('may-never');
    expect(found.monthsCi95?.high).toBe(Number.POSITIVE_INFINITY);
  });

  it('may never pay back where the least that is saved is exactly nothing', () => {
    const now = offer(rights(70, 100), 50);
    const { low } = breakEven(now, offer(rights(90, 100), 50), MONEY, ADVISED).savingCi95;
    const hosted = (hostingPerMonth: number) =>
      breakEven(now, offer(rights(90, 100), 50, { ...FREE, hostingPerMonth }), MONEY, ADVISED);
    expect(low).toBeGreaterThan(0);
    expect(hosted(low)).toMatchObject({ payBack: 'may-never', savingCi95: { low: 0 } });
    expect(hosted(low - 0.01).payBack).toBe('at-once');
  });

  it('never pays back where every row costs more, and at once where nothing is invested', () => {
    const [dear, cheap] = [offer(rights(70, 100), 2e6), offer(rights(70, 100), 50)];
    const dearer = breakEven(cheap, dear, MONEY, { ...ADVISED, isAdvised: false });
    expect(dearer).toMatchObject({ payBack: 'never', months: null, monthsCi95: null });
    expect(payBackSentence('Yours', 'Tuned', dearer)).toBe(
      'Tuned instead of Yours never pays: it costs more each month',
    );
    expect(breakEven(dear, cheap, MONEY, ADVISED)).toMatchObject({ payBack: 'at-once', months: 0 });
  });

  it('says of a recommended prompt that it costs more, not that it never pays', () => {
    const found = breakEven(offer(rights(70, 100), 50), offer(rights(70, 100), 2e6), MONEY, ADVISED);
    expect(payBackSentence('Yours', 'Tuned', found)).toBe(
      'Tuned is recommended for its answers: with these assumptions it costs more each month than Yours',
    );
  });

  it('promises nothing of a prompt that is not recommended, however much it would save', () => {
    const found = breakEven(offer(rights(10, 100), 50), offer(rights(90, 100), 50), MONEY, {
      ...ADVISED,
      isAdvised: false,
    });
    expect(found.savingCi95.low).toBeGreaterThan(0);
    expect(found).toMatchObject({ months: null, monthsCi95: null, rows: null });
    expect(payBackSentence('Yours', 'Tuned', found)).toBe(
      'Compare does not recommend Tuned instead of Yours, so no pay-back is promised',
    );
  });

  it('says in a sentence of its own that nothing is saved', () => {
    const same = breakEven(offer(rights(70, 100), 50), offer(rights(70, 100), 50), MONEY, ADVISED);
    expect(same).toMatchObject({ saving: 0, payBack: 'nothing', months: null });
    expect(payBackSentence('Yours', 'Tuned', same)).toBe('Tuned costs as much a month as Yours: nothing is saved');
    expect(savingWords(same)).toMatch(/^nothing \(−\d+(\.\d\d)? to \d+(\.\d\d)?\)$/);
    const rounding = breakEven(offer(rights(70, 100), 50.00001), offer(rights(70, 100), 50), MONEY, ADVISED);
    expect(rounding.payBack).toBe('nothing');
  });

  it.each([
    ['20 of 20 right on both sides', rights(20, 20), rights(20, 20), undefined],
    ['20 of 20 wrong on both sides', rights(0, 20), rights(0, 20), undefined],
    ['one row', [true], [true], undefined],
    [
      '20 of 20 in four groups of five',
      rights(20, 20),
      rights(20, 20),
      rights(20, 20).map((_, i) => Math.floor(i / 5)),
    ],
    ['20 of 20 in one group', rights(20, 20), rights(20, 20), rights(20, 20).map(() => 0)],
    [
      '0 against 20 of 20 in four groups',
      rights(0, 20),
      rights(20, 20),
      rights(20, 20).map((_, i) => Math.floor(i / 5)),
    ],
  ])('is never sure of a saving: %s', (_, now, then, groups) => {
    const { savingCi95 } = breakEven(offer(now, 50), offer(then, 40), MONEY, { ...ADVISED, groups });
    const perPoint = 20_000 * 0.25 * 0.01;
    const alone = bonettPrice(0, 0, 20);
    expect(savingCi95.high - savingCi95.low).toBeGreaterThan(10 * perPoint);
    if (!groups && now.length === 20)
      expect(savingCi95.high - savingCi95.low).toBeCloseTo(20_000 * 0.25 * (alone.high - alone.low), 3);
  });

  it('is wider where the same rows lie in few groups', () => {
    const of = (groups: readonly number[] | undefined) => {
      const { low, high } = breakEven(offer(rights(20, 20), 50), offer(rights(20, 20), 40), MONEY, {
        ...ADVISED,
        groups,
      }).savingCi95;
      return high - low;
    };
    const four = rights(20, 20).map((_, i) => Math.floor(i / 5));
    expect(of(four)).toBeGreaterThan(1.5 * of(undefined));
  });

  it('refuses prompts that answered different rows', () => {
    expect(() => breakEven(offer([true], 1), offer([true, false], 1), MONEY, ADVISED)).toThrow('the same rows');
  });

  it.each([
    ['single rows', 200, 1],
    ['groups of five', 200, 5],
  ])(
    'has intervals that cover the true saving and break-even in 95%% of simulations, give or take 1.5 points: %s',
    (_, n, size) => {
      const times = 2000;
      const [pNow, pThen] = [0.7, 0.82];
      const truth = 20_000 * (pThen - pNow) * 0.25;
      const rng = createRng(7);
      const groups = Array.from({ length: n }, (_row, i) => Math.floor(i / size));
      let covered = 0;
      let monthsCovered = 0;
      const build = 1000;
      for (let t = 0; t < times; t++) {
        const draw = (p: number) => {
          const right = Array.from({ length: n / size }, () => rng.next() < p);
          return groups.map((group) => right[group] as boolean);
        };
        const then = offer(draw(pThen), 50, { ...FREE, build });
        const { savingCi95, monthsCi95 } = breakEven(offer(draw(pNow), 50), then, MONEY, { ...ADVISED, groups });
        if (monthsCi95 && monthsCi95.low <= build / truth && build / truth <= monthsCi95.high) monthsCovered++;
        if (savingCi95.low <= truth && truth <= savingCi95.high) covered++;
      }
      expect(Math.abs(covered / times - 0.95)).toBeLessThan(0.015);
      expect(Math.abs(monthsCovered / times - 0.95)).toBeLessThan(0.015);
    },
  );

  it('starts from the middle of the ranges that the article gives, and says whose they are', () => {
    expect(Object.values(FIRST_EFFORTS).map(({ build }) => build)).toEqual([(50 + 200) / 2, (500 + 2000) / 2]);
    expect(quotedCosts()).toBe(
      'For building one, the article that this product follows gives: hand-written prompt $50 to 200, tuned prompt $500 to 2,000, fine-tuning $5,000 or more, fine-tuning on a team’s own servers $10,000 or more.',
    );
  });
});

/** All combinations of answers and row counts. */
function* allFacts(): Generator<Facts> {
  const questions = Object.entries(QUESTIONS).map(([id, { answers }]) => [id, Object.keys(answers)] as const);
  function* fill(i: number, chosen: Record<string, string>): Generator<Facts> {
    const next = questions[i];
    if (!next) {
      for (const rows of ROW_COUNTS) yield { ...chosen, rows } as unknown as Facts;
      return;
    }
    for (const answer of next[1]) yield* fill(i + 1, { ...chosen, [next[0]]: answer });
  }
  yield* fill(0, {});
}

const adviceOf = (more: Partial<Advice>): Advice => ({
  action: 'keep',
  armId: 'yours',
  title: 'Keep your prompt',
  why: 'The tuned prompt is not clearly better.',
  level: '',
  caution: '',
  change: { from: 'yours', to: 'tuned', comparisons: 1 },
  ...more,
});

describe('costs', () => {
  it('leave out a prompt whose tokens are unknown: it would look free', () => {
    const arm = (id: string, kind: ArmAnswers['kind'], meanTokens: number | null): ArmAnswers => ({
      id,
      name: id,
      kind,
      isCorrect: rights(7, 10),
      tokensSent: meanTokens ?? 0,
      meanTokens,
      tokensComputed: null,
      latencyMs: null,
      value: 0.7,
      ci95: { low: 0.4, high: 0.9 },
      rows: 10,
      confidences: [],
    });
    const arms = [arm('yours', 'zero-shot', 40), arm('tuned', 'tuned', 30), arm('combined', 'combined', null)];
    const of = (advice: Advice | null) =>
      costsOf({
        measured: { kind: 'classify', advice, arms, rowIds: [] },
        assumptions: MONEY,
        efforts: { engineering: FREE, tuning: FREE },
      });
    const { arms: costs, change } = of(adviceOf({}));
    expect(costs.map(({ id }) => id)).toEqual(['tuned', 'yours']);
    expect([change?.from.id, change?.to.id]).toEqual(['yours', 'tuned']);
    const to = (id: string) => of(adviceOf({ change: { from: 'yours', to: id, comparisons: 1 } })).change;
    expect([of(null).change, to('yours'), to('combined'), to('gone')]).toEqual([null, null, null, null]);
  });
});

describe('the strategy before a comparison', () => {
  it('has one start, three reasons and a way to flip it for every combination of answers', () => {
    const given = new Set<string>();
    let combinations = 0;
    for (const facts of allFacts()) {
      const { title, reasons, flip } = strategyFor(facts, null, null);
      combinations++;
      given.add(title);
      if (new Set(reasons).size !== 3 || flip === '') throw new Error(JSON.stringify(facts));
    }
    expect(combinations).toBe(2 ** 3 * 3 ** 5 * ROW_COUNTS.length);
    expect([...given].sort()).toEqual(Object.values(STARTS).sort());
  });

  it('never starts with vectors where an API takes only text, unless the texts must stay inside', () => {
    for (const facts of allFacts())
      if (facts.serving === 'api' && facts.privacy === 'anywhere')
        expect(['tune', 'fine-tune']).not.toContain(startFor(facts));
  });
});

describe('the strategy after a comparison', () => {
  it('is what the card says, whatever the answers', () => {
    const ship = adviceOf({ action: 'ship', armId: 'tuned', title: 'Use the tuned prompt', why: 'It is better.' });
    for (const facts of allFacts())
      for (const [advice, kind] of [
        [ship, 'tuned'],
        [adviceOf({}), 'zero-shot'],
      ] as const)
        expect(strategyFor(facts, advice, kind)).toMatchObject({
          title: advice.title,
          reasons: expect.arrayContaining([advice.why]),
        });
  });

  it('says what the answers mean for it', () => {
    const facts: Facts = { ...FIRST_ANSWERS, rows: 'some' };
    const reasons = (more: Partial<Facts>, advice: Partial<Advice>, kind: ArmKind) =>
      strategyFor({ ...facts, ...more }, adviceOf(advice), kind)
        .reasons.slice(1)
        .join(' ');
    const api = { serving: 'api', privacy: 'anywhere' } as const;
    expect(reasons(api, { action: 'ship' }, 'tuned')).toContain('no place for vectors');
    expect(reasons(api, {}, 'zero-shot')).toBe('');
    expect(reasons({ volume: 'high' }, { action: 'ship' }, 'few-shot')).toContain('add up');
    expect(reasons({ rows: 'few' }, {}, 'zero-shot')).toContain('Fewer than 100 labelled rows');
    const able = { expertise: 'engineers', budget: 'more', timeline: 'months', rows: 'many' } as const;
    expect(reasons(able, {}, 'zero-shot')).toContain('fine-tuning');
    expect(reasons(able, { action: 'ship' }, 'tuned')).toBe('');
  });
});
