import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compare } from '../evaluation/classify/compare';
import { majorityArm, WORDS } from '../evaluation/classify/made-arms';
import { alternating, armOf, patterned, planOf } from '../evaluation/test-support';
import type { ArmKind } from '../evaluation/types';
import { present } from '../lib/assert';
import { createRng } from '../lib/rng';
import { type Known, numbersTrained, sideBySide, smallShare } from './approaches';
import { type Assumptions, breakEven, monthlyCost, type Offer, PRESETS, quotedCosts } from './break-even';
import type { ArmAnswers } from './measured';
import { costsOf, fromEvaluation } from './measured';
import { ADVICE, advise, type Facts, FINDINGS, FIRST_ANSWERS, QUESTIONS, ROW_COUNTS, strategyFor } from './strategy';

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
  model: { parameters: 134_515_008 },
  hiddenSize: 576,
  virtualTokens: 10,
  promptBytes: 80,
  training: { seconds: 60, rows: 256, steps: 150, heapBytes: 794e6 },
  trySeconds: 4,
  rows: 475,
  arms: {
    engineering: {
      ...{ name: 'Yours', meanTokens: 60, tokensComputed: 40, latencyMs: 50 },
      ...{ accuracy: 0.7, ci95: { low: 0.6, high: 0.8 }, rows: 100 },
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
    const known = { ...KNOWN, probe: { accuracy: 0.657, ci95, rows: 108 }, fineTuning };
    const shown = (id: string) => fact(id, 'fine-tuning', known);
    expect(shown('accuracy')).toMatchObject({ text: '66.3% (57.0% to 75.0%)', source: 'measured' });
    expect(shown('accuracy').how).toContain('a linear probe 65.7%');
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

describe('break-even', () => {
  it('equals the closed form', () => {
    const now = offer(rights(70, 100), 300, { build: 125, hostingPerMonth: 0, minutesPerMonth: 60 });
    const then = offer(rights(80, 100), 50, { build: 1250, hostingPerMonth: 40, minutesPerMonth: 30 });
    const saving = 20_000 * (0.1 * 0.25 + (250 * 2) / 1e6) + (90 - (40 + 45));
    const found = breakEven(now, then, MONEY, { seed: 1, draws: 200 });
    expect(Math.abs(found.saving - saving)).toBeLessThan(1e-9);
    expect(Math.abs((found.months ?? 0) - 1125 / saving)).toBeLessThan(1e-9);
    expect(Math.abs((found.rows ?? 0) - (20_000 * 1125) / saving)).toBeLessThan(1e-6);
    expect(
      Math.abs(monthlyCost(now.answers, now.effort, MONEY) - monthlyCost(then.answers, then.effort, MONEY) - saving),
    ).toBeLessThan(1e-9);
  });

  it('may never pay back where the interval of the saving includes 0', () => {
    const found = breakEven(
      offer(rights(70, 100), 50),
      offer(rights(71, 100).reverse(), 50, { ...FREE, build: 10 }),
      MONEY,
      {
        seed: 1,
      },
    );
    expect(found.savingCi95.low).toBeLessThan(0);
    expect(found.payBack).toBe('may-never');
    expect(found.monthsCi95?.high).toBe(Number.POSITIVE_INFINITY);
  });

  it('never pays back where every row costs more, and at once where nothing is invested', () => {
    const dearer = breakEven(offer(rights(70, 100), 50), offer(rights(70, 100), 500), MONEY, { seed: 1, draws: 100 });
    expect(dearer).toMatchObject({ payBack: 'never', months: null, monthsCi95: null });
    const cheaper = breakEven(offer(rights(70, 100), 500), offer(rights(70, 100), 50), MONEY, { seed: 1, draws: 100 });
    expect(cheaper).toMatchObject({ payBack: 'at-once', months: 0 });
  });

  it('refuses prompts that answered different rows', () => {
    expect(() => breakEven(offer([true], 1), offer([true, false], 1), MONEY, { seed: 1 })).toThrow('the same rows');
  });

  it('has intervals that cover the true saving and break-even in 95% of simulations, give or take 1.5 points', () => {
    const [n, times] = [200, 2000];
    const [pNow, pThen] = [0.7, 0.82];
    const truth = 20_000 * (pThen - pNow) * 0.25;
    const rng = createRng(7);
    let covered = 0;
    let monthsCovered = 0;
    const build = 1000;
    for (let t = 0; t < times; t++) {
      const draw = (p: number) => Array.from({ length: n }, () => rng.next() < p);
      const then = offer(draw(pThen), 50, { ...FREE, build });
      const { savingCi95, monthsCi95 } = breakEven(offer(draw(pNow), 50), then, MONEY, { seed: t, draws: 400 });
      if (monthsCi95 && monthsCi95.low <= build / truth && build / truth <= monthsCi95.high) monthsCovered++;
      if (savingCi95.low <= truth && truth <= savingCi95.high) covered++;
    }
    expect(Math.abs(covered / times - 0.95)).toBeLessThan(0.015);
    expect(Math.abs(monthsCovered / times - 0.95)).toBeLessThan(0.015);
  });

  it('has presets with the middle of the ranges that the article gives, and says whose they are', () => {
    expect(PRESETS.map(({ id, effort }) => [id, effort.build])).toEqual([
      ['engineering', 125],
      ['tuning', 1250],
      ['fine-tuning', 5000],
      ['fine-tuning-hosted', 10_000],
    ]);
    expect(quotedCosts()).toBe(
      'For building one, the article that this product follows gives: hand-written prompt $50 to 200, tuned prompt $500 to 2,000, fine-tuning $5,000 or more, fine-tuning on a team’s own servers $10,000 or more.',
    );
  });
});

/** All combinations of answers, findings and row counts. */
function* allFacts(): Generator<Facts> {
  const questions = Object.entries(QUESTIONS).map(([id, { answers }]) => [id, Object.keys(answers)] as const);
  function* fill(i: number, chosen: Record<string, string>): Generator<Facts> {
    const next = questions[i];
    if (!next) {
      for (const finding of FINDINGS)
        for (const rows of ROW_COUNTS) yield { ...chosen, finding, rows } as unknown as Facts;
      return;
    }
    for (const answer of next[1]) yield* fill(i + 1, { ...chosen, [next[0]]: answer });
  }
  yield* fill(0, {});
}

describe('costs', () => {
  it('leave out a prompt whose tokens are unknown: it would look free', () => {
    const arm = (id: string, kind: ArmAnswers['kind'], meanTokens: number | null): ArmAnswers => ({
      ...{ id, name: id, kind, isCorrect: rights(7, 10), tokensSent: meanTokens ?? 0, meanTokens },
      ...{ tokensComputed: null, latencyMs: null, accuracy: 0.7, ci95: { low: 0.4, high: 0.9 }, rows: 10 },
      confidences: [],
    });
    const arms = [arm('yours', 'zero-shot', 40), arm('tuned', 'tuned', 30), arm('combined', 'combined', null)];
    const { arms: costs, change } = costsOf({
      measured: { finding: 'no-clear-difference', arms, rowIds: [], seed: 0 },
      assumptions: MONEY,
      efforts: { engineering: FREE, tuning: FREE },
    });
    expect(costs.map(({ id }) => id)).toEqual(['tuned', 'yours']);
    expect([change?.from.id, change?.to.id]).toEqual(['yours', 'tuned']);
  });
});

describe('strategy', () => {
  it('has one advice, three reasons and a way to flip it for every combination of facts', () => {
    const given = new Set<string>();
    let combinations = 0;
    for (const facts of allFacts()) {
      const { advice, reasons, flip } = strategyFor(facts);
      combinations++;
      given.add(advice);
      if (new Set(reasons).size !== 3 || flip.to === advice) throw new Error(JSON.stringify(facts));
    }
    expect(combinations).toBe(2 ** 3 * 3 ** 5 * FINDINGS.length * ROW_COUNTS.length);
    expect([...given].sort()).toEqual(Object.keys(ADVICE).sort());
  });

  it('lets a measured loss outrank every answer', () => {
    for (const facts of allFacts()) {
      if (['yours-better', 'probe-better', 'words-do-as-well'].includes(facts.finding))
        expect(['tune', 'hybrid']).not.toContain(advise(facts));
      if (facts.finding === 'words-do-as-well') expect(advise(facts)).toBe('words');
      if (facts.finding === 'yours-better') expect(advise(facts)).toBe('keep');
      if (facts.finding === 'text-does-as-well') expect(advise(facts)).toBe('text');
    }
  });

  it('never advises vectors where an API takes only text, unless the texts must stay inside', () => {
    for (const facts of allFacts())
      if (facts.serving === 'api' && facts.privacy === 'anywhere')
        expect(['tune', 'hybrid', 'fine-tune']).not.toContain(advise(facts));
  });

  it('gives three contrasted prompt sets, by their comparisons, the advice that each needs', () => {
    // rows by who is right on them: the hand-written prompt, the tuned one, word counts
    const adviceFor = (counts: Readonly<Record<string, number>>, answers: Partial<Facts>) => {
      const rights = patterned(counts);
      const gold = alternating(rights[0]?.length ?? 0);
      const arm = (id: string, kind: ArmKind, i: number) => armOf(id, kind, gold, rights[i] ?? [], 2, { name: id });
      const arms = [arm('yours', 'zero-shot', 0), arm('tuned', 'tuned', 1), arm(WORDS, 'reference', 2)];
      const plan = planOf(gold, arms, { pairs: [['yours', 'tuned']] });
      const { finding } = fromEvaluation({ plan, comparison: compare(plan, { draws: 200 }) });
      return advise({ ...FIRST_ANSWERS, rows: 'some', ...answers, finding });
    };
    const clinic = adviceFor({ '110': 60, '010': 36, '100': 4, '000': 20 }, { privacy: 'inside' });
    const shop = adviceFor({ '110': 60, '100': 36, '010': 4, '000': 20 }, { stage: 'production', volume: 'high' });
    const post = adviceFor({ '111': 76, '010': 12, '001': 14, '000': 18 }, { domain: 'everyday', volume: 'high' });
    expect([clinic, shop, post]).toEqual(['tune', 'keep', 'words']);
    // the same gain where only text can be sent
    expect(adviceFor({ '110': 60, '010': 36, '100': 4, '000': 20 }, { serving: 'api', privacy: 'anywhere' })).toBe(
      'examples',
    );
  });

  it('advises no change to a prompt that Compare does not ship, as it does not clearly beat one answer for every row', () => {
    const [yours = [], tuned = []] = patterned({ '11': 20, '01': 42, '00': 48 });
    const gold = alternating(yours.length);
    const arms = [armOf('yours', 'zero-shot', gold, yours), armOf('tuned', 'tuned', gold, tuned)];
    const withOne = [...arms, majorityArm(['negative', 'positive'], gold, gold.length)];
    const [without, found] = [arms, withOne].map((of) => {
      const plan = planOf(gold, of, { pairs: [['yours', 'tuned']] });
      return fromEvaluation({ plan, comparison: compare(plan, { draws: 50 }) }).finding;
    });
    expect([without, found]).toEqual(['tuned-better', 'nothing-beats-majority']);
    expect(strategyFor({ ...FIRST_ANSWERS, rows: 'some', finding: 'nothing-beats-majority' })).toMatchObject({
      advice: 'keep',
      reasons: expect.arrayContaining(['No prompt clearly beat the most frequent label on your test rows.']),
    });
  });

  it('gives contrasted projects the advice that each needs', () => {
    const pilot: Facts = {
      ...{ timeline: 'weeks', expertise: 'analysts', privacy: 'inside', serving: 'weights', domain: 'specialised' },
      ...{ budget: 'hundreds', stage: 'pilot', volume: 'middle', finding: 'tuned-better', rows: 'some' },
    } as const;
    expect(strategyFor(pilot)).toMatchObject({ advice: 'tune' });
    expect(strategyFor({ ...pilot, finding: 'yours-better' })).toMatchObject({ advice: 'keep' });
    expect(strategyFor({ ...pilot, finding: 'words-do-as-well' })).toMatchObject({ advice: 'words' });
    expect(strategyFor(pilot).flip.sentence).toMatch(/^If /);
    fc.assert(fc.property(fc.constantFrom(...FINDINGS), (finding) => advise({ ...pilot, finding }) in ADVICE));
  });
});
