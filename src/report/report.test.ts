import { describe, expect, it } from 'vitest';
import { cardOf } from '../evaluation/card';
import { consistencyOf } from '../evaluation/classify/checks';
import { compare, insightsOf } from '../evaluation/classify/compare';
import { majorityArm } from '../evaluation/classify/made-arms';
import { alternating, armOf, patterned, planOf } from '../evaluation/test-support';
import { drained } from '../lib/control';
import { resultsJson } from './kinds';
import { htmlReport, markdownReport } from './print';
import { resultsSchema } from './results-schema';
import { html, type LabelReport } from './types';

const gold = alternating(120);
const [yours, tuned, few] = patterned({ '110': 76, '011': 22, '100': 5, '000': 17 }) as [
  boolean[],
  boolean[],
  boolean[],
];
const plan = planOf(
  gold,
  [
    armOf('yours', 'zero-shot', gold, yours, 2, {
      name: 'Your prompt',
      tokensSentMean: 46,
      tokensSent: gold.map((_, i) => 44 + (i % 5)),
      tokensComputedMean: 21,
      latencyMsMedian: 64,
    }),
    armOf('tuned', 'tuned', gold, tuned, 2, {
      name: 'Tuned prompt',
      tokensSentMean: 31,
      tokensSent: gold.map((_, i) => 29 + (i % 5)),
      tokensComputedMean: 31,
      latencyMsMedian: 74,
    }),
    armOf('yours-8', 'few-shot', gold, few, 2, { name: 'Your prompt + 8 examples' }),
    majorityArm(['negative', 'positive'], gold, 120),
  ],
  {
    pairs: [
      ['yours', 'tuned'],
      ['yours-8', 'tuned'],
    ],
  },
);
const comparison = compare(plan, { draws: 500 });
const input: LabelReport = {
  kind: 'classify',
  title: 'Support tone',
  createdAt: '2026-01-02T03:04:05.000Z',
  plan,
  comparison,
  card: cardOf({ kind: 'classify', plan, comparison }, { stillFalling: false }),
  mayKnow: [],
  history: [],
  votes: null,
  rows: [],
  model: { id: 'HuggingFaceTB/SmolLM2-135M-Instruct', dtype: 'q4', sha256: 'ab'.repeat(32) },
  environment: { backend: 'wasm', threads: 2 },
  account: { read: 343, used: 343, leftOut: {} },
  answerWords: { words: { positive: ' positive', negative: ' negative' }, search: null },
  dataset: {
    name: 'tickets.csv',
    rows: 343,
    train: 172,
    validation: 51,
    test: 120,
    fingerprint: 'cd'.repeat(32),
    splitHash: 'ef'.repeat(32),
  },
  prompts: [
    { armId: 'yours', template: 'Decide the tone.\nMessage: {text}\nTone:', shots: 0 },
    { armId: 'yours-8', template: 'Message: {text}\nTone:', shots: 8 },
  ],
  training: {
    placement: 'suffix',
    tokens: 10,
    seed: 0,
    steps: 150,
    bestStep: 80,
    stepsPerSecond: 1.4,
    trainSeconds: 124,
    history: [],
  },
};

const answers = (n: number) => new Array<number>(n).fill(0);
const examined: LabelReport = {
  ...input,
  plan: { ...plan, groups: plan.rowIds.map((_, i) => Math.floor(i / 2)) },
  closer: {
    insights: {
      ...drained(insightsOf(plan, input.comparison, null)),
      slices: {
        slices: [
          {
            column: 'channel',
            name: 'mail',
            rowIds: plan.rowIds.slice(0, 60),
            accuracyA: 0.5,
            accuracyB: 0.75,
            aOnly: 5,
            bOnly: 20,
            difference: 0.25,
            ci95: { low: 0.08, high: 0.4 },
            p: 0.004,
            pHolm: 0.008,
          },
        ],
        survive: 1,
        leftOut: [],
      },
    },
    review: { reviewed: 10, corrected: 2, looks: 3, verdict: input.comparison.verdict },
    consistency: consistencyOf([
      { armId: 'yours', before: answers(40), after: { typo: answers(40) } },
      { armId: 'tuned', before: answers(40), after: { typo: answers(40).fill(1, 0, 4) } },
    ]),
    adaptation: { step: 40, rows: 320, seconds: 31.4 },
    seedRange: { seeds: 3, low: 0.78, high: 0.83 },
  },
};

const rowTexts = plan.rowIds.map((id) => ({ id, text: `secret text of row ${id}` }));

describe('HTML report', () => {
  const page = htmlReport(input);

  it('is golden', async () => {
    await expect(page).toMatchFileSnapshot('report.html.golden');
  });

  it('has the verdict first, and every accuracy with its interval', () => {
    expect(page.indexOf(input.comparison.verdict.headline)).toBeLessThan(page.indexOf('<table'));
    expect(page).toContain('81.7% <span class="range">73.8 to 87.6</span>');
    expect(page).toContain('(p = 0.0015, corrected for 2 comparisons)');
  });

  it('draws, for the headline pair, what unsure rows are worth and whether probabilities mean what they say', () => {
    const figures = htmlReport(examined).match(/<figure>.*?<\/figure>/gs) ?? [];
    expect(figures).toHaveLength(3);
    for (const figure of figures) {
      const title = /<figcaption>(.+?)<\/figcaption>/.exec(figure)?.[1];
      expect(figure).toContain(`role="img" aria-label="${title}"`);
      expect(figure).not.toContain('NaN');
    }
  });

  it('ends its first page with cost and risk, before the appendix', () => {
    const [first = ''] = page.split('class="appendix"');
    for (const part of ['What to do', 'What it is based on', 'What it costs', 'What could be wrong'])
      expect(first).toContain(`<h2>${part}</h2>`);
    for (const { name } of input.comparison.arms) expect(first).toContain(`<th scope="row">${name}</th>`);
    expect(first).not.toContain('Holm');
  });

  it('marks prompts that may know test rows, in both formats and in the JSON', () => {
    const knowing = { ...input, mayKnow: ['tuned'] };
    expect(page).not.toContain('may have seen');
    expect(htmlReport(knowing).match(/<th scope="row">Tuned prompt \*<\/th>/g)).toHaveLength(2);
    for (const text of [htmlReport(knowing), markdownReport(knowing)])
      expect(text).toContain('Tuned prompt may have seen some of these test rows in training');
    expect(
      resultsJson(knowing)
        .arms.filter((arm) => arm.mayKnowTestRows)
        .map(({ id }) => id),
    ).toEqual(['tuned']);
  });

  it('lists the most frequent mistakes where a matrix of all labels fits no page', () => {
    const labels = Array.from({ length: 13 }, (_, i) => `label ${i}`);
    const confusion = labels.map((_, i) => labels.map((__, j) => (i === 0 && j === 5 ? 9 : i === j ? 1 : 0)));
    const arms = input.comparison.arms.map((arm) => ({ ...arm, confusion }));
    const many = htmlReport({ ...input, plan: { ...plan, labels }, comparison: { ...input.comparison, arms } });
    expect(many).not.toContain('Columns: the prompt’s answer');
    expect(many).toContain('<tr><th scope="row">label 0</th><td>label 5</td><td class="n">9</td></tr>');
  });

  it('makes no request: no script, no link, no other origin', () => {
    expect(page).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|https?:/i);
    expect(page).toContain("default-src 'none'");
  });

  it('holds no row’s text unless asked, and then says how many', () => {
    expect(page).not.toContain('secret text');
    expect(page).toContain('none: no text of any row');
    const withRows = htmlReport({ ...input, rows: rowTexts });
    expect(withRows.match(/secret text of row/g)).toHaveLength(27);
    expect(withRows).toContain('27 test rows, as their owner chose');
  });

  it('escapes everything that comes from outside', () => {
    const evil = '"><img src=x onerror=alert(1)>\'&\u0000';
    const hostile: LabelReport = {
      ...input,
      title: evil,
      createdAt: evil,
      plan: { ...plan, labels: [evil, 'b'] },
      comparison: {
        ...input.comparison,
        arms: input.comparison.arms.map((arm) => ({
          ...arm,
          name: evil,
          classes: arm.classes.map((c) => ({ ...c, label: evil })),
        })),
        verdict: { ...input.comparison.verdict, headline: evil, detail: evil },
      },
      dataset: { ...input.dataset, name: evil },
      prompts: [{ armId: 'yours', template: `</pre>${evil}`, shots: 0 }],
    };
    const out = htmlReport({ ...hostile, rows: rowTexts.map((row) => ({ ...row, text: evil })) });
    expect(out).not.toContain('<img');
    expect(out).not.toContain('</pre>"');
    expect(out).not.toContain('\u0000');
    expect(out.match(/<main>/g)).toHaveLength(1);
    const markdown = markdownReport(hostile);
    expect(markdown).not.toContain('<img');
  });
});

describe('the closer look', () => {
  const sentences = [
    'As labelled, and after 2 corrections',
    'channel: mail',
    '1 of 1 part differs clearly after Holm',
    'No answer reaches 0.80',
    'Answers under harmless edits of the text',
    'two letters of a word swapped',
    'Few-shot lift',
    'after 320 rows (repeats counted) and 31 s',
    '3 runs that differ only in their seed reach 78.0% to 83.0%',
    'What these figures do not say',
    'Some rows belong together',
    'see the range over seeds',
  ];

  it.each(['HTML', 'Markdown'] as const)('is in the %s, and left out where nothing was examined', (format) => {
    const write = (of: LabelReport) => (format === 'HTML' ? htmlReport(of) : markdownReport(of));
    const page = write(examined);
    for (const text of sentences) expect(page).toContain(text);
    const bare = write(input);
    for (const text of sentences.slice(0, 9)) expect(bare).not.toContain(text);
    expect(bare).toContain('One seed was trained');
    expect(bare).not.toContain('Some rows belong together');
    expect(page).not.toContain('secret text');
  });

  it.each([input, examined])('is JSON that fits the published schema', (of) => {
    expect(resultsSchema.safeParse(JSON.parse(JSON.stringify(resultsJson(of)))).error).toBeUndefined();
  });

  it('is in the JSON as figures', () => {
    const { closer } = JSON.parse(JSON.stringify(resultsJson(examined)));
    expect(closer.consistency.pair).toMatchObject({ aOnly: 4, bOnly: 0 });
    expect(closer.adaptation).toEqual({ step: 40, rows: 320, seconds: 31.4 });
    expect(closer.insights.slices.slices[0]).toMatchObject({ pHolm: 0.008, rows: 60 });
    expect(closer.insights.slices.slices[0]).not.toHaveProperty('rowIds');
    expect(closer.insights.confidence[0]).not.toHaveProperty('curve');
    expect(resultsJson(input)).not.toHaveProperty('closer');
  });

  it('is golden too', async () => {
    await expect(markdownReport(examined)).toMatchFileSnapshot('report.md.golden');
  });
});

it('html`` escapes values and keeps its own', () => {
  expect(html`<b title="${'"'}">${[html`<i>${'<'}</i>`, null, false, 0]}</b>`.markup).toBe(
    '<b title="&quot;"><i>&lt;</i>0</b>',
  );
});

it('Markdown has verdict, prompts and pairs', () => {
  const text = markdownReport(input);
  expect(text).toContain('| Tuned prompt | 81.7% (73.8 to 87.6) | 0.817 (');
  expect(text).toContain(
    '| Tuned prompt against your prompt | 14 (6 to 22) | p = 0.0015 (mid-p = 0.0009, Holm = 0.0015) | 22 | 5 |',
  );
  expect(text).not.toContain('secret');
});

it('says which prompts are calibrated, and that a version compared before keeps its own', () => {
  const chosen = { ...plan, calibration: 'chosen' as const };
  const where = 'offered to every prompt, used where it helped on the validation rows';
  const kept = '; a version that was compared before keeps its own, on any model';
  expect(htmlReport({ ...input, plan: chosen })).toMatch(new RegExp(`${where}(?!${kept})`));
  const arms = plan.arms.map((arm) => ({ ...arm, decided: false }));
  expect(htmlReport({ ...input, plan: { ...chosen, arms } })).toContain(where + kept);
});

it('JSON has what results.json promises', () => {
  const results = JSON.parse(JSON.stringify(resultsJson(input)));
  expect(results.arms[1]).toMatchObject({ name: 'Tuned prompt', kind: 'tuned', tokensSentMean: 31 });
  expect(results.arms[1].metrics.accuracy).toMatchObject({ interval: { low: expect.closeTo(0.738, 3) } });
  expect(results.arms[1].rows[6]).toMatchObject({ id: '7', gold: 'negative', predicted: 'negative' });
  expect(Object.keys(results.arms[1].rows[0].logProbs)).toEqual(['negative', 'positive']);
  expect(results.comparisons[0]).toMatchObject({
    a: 'yours',
    b: 'tuned',
    bothRight: 76,
    aOnly: 5,
    bOnly: 22,
    bothWrong: 17,
  });
  expect(results.comparisons[0].metrics.accuracy.interval.low).toBeCloseTo(0.056, 3);
  expect(JSON.stringify(results)).not.toContain('text');
});
