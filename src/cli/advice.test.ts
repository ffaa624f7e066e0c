import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FIRST_ASSUMPTIONS, FIRST_EFFORTS, payBackSentence } from '../decide/break-even';
import { type Costs, costsOf, fromEvaluation, fromResults, type Measured, strategyOf } from '../decide/measured';
import { FIRST_ANSWERS } from '../decide/strategy';
import { ACTIONS, RULES, type Rule, ruleFor } from '../evaluation/advice';
import { cardOf, type VerdictCard } from '../evaluation/card';
import { compare } from '../evaluation/classify/compare';
import { majorityArm, PROBE, WORDS } from '../evaluation/classify/made-arms';
import { compareTexts } from '../evaluation/generate/compare';
import { fieldOf } from '../evaluation/sheets';
import { compareTags } from '../evaluation/tag/compare';
import { alternating, armOf, patterned, planOf } from '../evaluation/test-support';
import type { ArmKind, GenerateOutcome, TagOutcome } from '../evaluation/types';
import { present } from '../lib/assert';
import { resultsJson } from '../report/kinds';
import { htmlReport, markdownReport } from '../report/print';
import type { LabelReport, ReportInput, ReportOf } from '../report/types';
import { runCommand } from './commands';

const TOKENS: Readonly<Record<string, number | null>> = {
  yours: 46,
  tuned: 31,
  untuned: 22,
  'yours-8': 310,
  hybrid: 54,
  combined: 53,
  'run-r1': 31,
  other: 40,
};
const KINDS: Readonly<Record<string, ArmKind>> = {
  yours: 'zero-shot',
  tuned: 'tuned',
  untuned: 'untuned',
  'yours-8': 'few-shot',
  hybrid: 'hybrid',
  combined: 'combined',
  [WORDS]: 'reference',
  [PROBE]: 'reference',
  'run-r1': 'tuned',
  other: 'zero-shot',
};
const PAIRS = [
  ['yours', 'tuned'],
  ['yours-8', 'tuned'],
  ['untuned', 'tuned'],
  ['yours', 'hybrid'],
  ['tuned', 'hybrid'],
  ['tuned', 'combined'],
] as const;

interface Scenario {
  readonly counts: Readonly<Record<string, number>>;
  /** Beside the two of the headline. */
  readonly also?: readonly string[];
  /** Left out: yours and tuned. */
  readonly headline?: readonly [string, string];
  readonly stillFalling?: true;
  readonly groupsOf?: number;
  readonly production?: true;
  /** Labelled rows of the file, which can be cross-validated. */
  readonly rows?: number;
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'the tuned prompt wins': { counts: { '11': 76, '01': 22, '10': 5, '00': 17 } },
  'the tuned prompt wins by groups': { counts: { '11': 80, '01': 30, '10': 5, '00': 15 }, groupsOf: 5 },
  'a lead that groups do not carry': { counts: { '11': 76, '01': 22, '10': 5, '00': 17 }, groupsOf: 30 },
  'yours wins': { counts: { '11': 76, '10': 22, '01': 5, '00': 17 } },
  'yours wins, loss still falling': { counts: { '11': 76, '10': 22, '01': 5, '00': 17 }, stillFalling: true },
  'the hybrid wins': { counts: { '111': 50, '011': 12, '001': 30, '101': 3, '010': 2, '000': 23 }, also: ['hybrid'] },
  'the text is level': { counts: { '111': 60, '011': 30, '100': 2, '000': 2, '010': 4, '001': 4 }, also: ['untuned'] },
  'examples win': { counts: { '111': 60, '001': 30, '011': 8, '101': 5, '000': 17 }, also: ['yours-8'] },
  'examples are level': { counts: { '111': 76, '011': 20, '101': 5, '010': 2, '000': 17 }, also: ['yours-8'] },
  'words are level': { counts: { '111': 150, '011': 60, '101': 3, '001': 7, '010': 5, '000': 15 }, also: [WORDS] },
  'words are ahead': { counts: { '111': 150, '011': 60, '101': 3, '001': 17, '010': 5, '000': 5 }, also: [WORDS] },
  'words win': { counts: { '111': 20, '101': 30, '001': 60, '000': 10 }, also: [WORDS] },
  'several as one win': {
    counts: { '111': 50, '011': 26, '001': 24, '110': 2, '101': 3, '000': 15 },
    also: ['combined'],
  },
  'the probe wins': { counts: { '111': 40, '001': 30, '010': 4, '100': 4, '000': 22 }, also: [PROBE] },
  'nothing beats one answer': { counts: { '11': 30, '01': 21, '10': 20, '00': 29 } },
  'nothing beats one answer, loss still falling': {
    counts: { '11': 30, '01': 21, '10': 20, '00': 29 },
    stillFalling: true,
  },
  'better, but not than one answer': { counts: { '11': 20, '01': 42, '00': 48 } },
  'no better than one answer': { counts: { '111': 12, '011': 36, '010': 10, '001': 18, '000': 44 }, also: [WORDS] },
  unclear: { counts: { '11': 80, '01': 14, '10': 7, '00': 19 } },
  'unclear, and all rows would tell': { counts: { '11': 80, '01': 14, '10': 7, '00': 19 }, rows: 2000 },
  'unclear, loss still falling': { counts: { '11': 80, '01': 14, '10': 7, '00': 19 }, stillFalling: true },
  equal: { counts: { '11': 80, '01': 10, '10': 10, '00': 20 } },
  'equal on every row': { counts: { '11': 20 } },
  'nothing was trained, and yours wins': { counts: { '11': 40, '01': 40, '00': 40 }, headline: ['untuned', 'yours'] },
  'nothing was trained, and yours loses': { counts: { '11': 40, '10': 40, '00': 40 }, headline: ['untuned', 'yours'] },
  'of two texts the second wins': { counts: { '11': 60, '01': 40, '00': 20 }, headline: ['yours', 'other'] },
  'of two texts the first wins': { counts: { '11': 60, '10': 40, '00': 20 }, headline: ['yours', 'other'] },
  'unclear, and tuned is behind': { counts: { '11': 80, '01': 7, '10': 14, '00': 19 } },
  'production wins': {
    counts: { '111': 60, '011': 30, '001': 24, '010': 2, '000': 4 },
    also: ['run-r1'],
    production: true,
  },
};

function compared(scenario: Scenario) {
  const { counts, headline = ['yours', 'tuned'], also = [], stillFalling, groupsOf, production, rows } = scenario;
  const rights = patterned(counts);
  const gold = alternating(rights[0]?.length ?? 0);
  const arms = [...headline, ...also].map((id, i) =>
    armOf(id, KINDS[id] ?? 'untuned', gold, rights[i] ?? [], 2, { name: id, tokensSentMean: TOKENS[id] ?? null }),
  );
  const ids = arms.map(({ id }) => id);
  const plan = planOf(gold, [...arms, majorityArm(['negative', 'positive'], gold, gold.length)], {
    pairs: [headline, ...PAIRS.slice(1)].filter((pair) => pair.every((id) => ids.includes(id))),
    ...(groupsOf ? { groups: gold.map((_, i) => Math.floor(i / groupsOf)) } : {}),
    ...(rows ? { file: { rows, trials: rows } } : {}),
    ...(production ? { production: { arm: 'run-r1', name: 'tuned 1', addedRows: 0 } } : {}),
  });
  const comparison = compare(plan, { draws: 50 });
  const facts = { stillFalling: stillFalling === true, ...(rows ? { everyRowSeconds: 360 } : {}) };
  const card = present(cardOf({ kind: 'classify', plan, comparison }, facts), 'card');
  const rule = ruleFor({ ...facts, field: present(fieldOf({ kind: 'classify', plan, comparison }), 'field') });
  const report: LabelReport = {
    kind: 'classify',
    title: 't',
    createdAt: '2026-01-02',
    plan,
    comparison,
    card,
    mayKnow: [],
    history: [],
    votes: null,
    rows: [],
    prompts: [],
    account: { read: 900, used: 900, leftOut: {} },
    model: { id: 'm', dtype: 'q4', sha256: 'a' },
    environment: null,
    training: null,
    answerWords: { words: {}, search: null },
    dataset: {
      name: 'd',
      rows: 900,
      train: 100,
      validation: 50,
      test: gold.length,
      fingerprint: 'f',
      splitHash: 's',
    },
  } as LabelReport;
  return { plan, comparison, card, report, rule };
}

const TEXTS = Array.from({ length: 40 }, (_, i) => `order ${i} is late and the lamp broke`);

/** What promises that another prompt is worth it. */
const PROMISES = /pays back|pays from|may never pay|is recommended for its answers/;

describe('what to do, as the card, Decide, the report and the command line say it', () => {
  let dir = '';
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'advice-'));
  });
  afterAll(() => rm(dir, { recursive: true }));
  const seen = { actions: new Set<string>(), rules: new Set<Rule>() };
  const efforts = FIRST_EFFORTS;

  it.each(Object.entries(SCENARIOS))('is the same where %s', async (_, scenario) => {
    const { plan, comparison, card, report, rule } = compared(scenario);
    seen.actions.add(card.action);
    seen.rules.add(rule);
    expect(comparison.verdict.kind).toBe(rule.finding);
    const { costs, costsOfFile, printed } = await decided({ kind: 'classify', plan, comparison }, card, report);
    const { from, to } = card.change;
    expect([costs.change?.from.id, costs.change?.to.id]).toEqual(from === to ? [undefined, undefined] : [from, to]);
    const isAdvised = ['ship', 'count-words'].includes(card.action);
    expect(isAdvised && from === to).toBe(false);
    const { change } = costs;
    const sentence = change ? payBackSentence(change.from.name, change.to.name, change.breakEven) : '';
    expect(PROMISES.test(sentence)).toBe(isAdvised);
    const [low, high] = [change?.breakEven.savingCi95.low ?? 0, change?.breakEven.savingCi95.high ?? 1];
    expect(costsOfFile.change?.breakEven.savingCi95.low ?? 0).toBeCloseTo(low, 3);
    expect(high).toBeGreaterThan(low);
    expect(printed).toContain(sentence);
  });

  /** What page and command line decide on a comparison. */
  async function decided(of: Parameters<typeof fromEvaluation>[0], card: VerdictCard, report: ReportInput) {
    const onPage = fromEvaluation(of, card);
    const results = resultsJson(report);
    const fromFile = fromResults(results);
    const facts = { ...FIRST_ANSWERS, rows: 'some' } as const;
    const strategy = strategyOf(onPage, facts);
    expect(strategy.title).toBe(card.title);
    expect(strategy.reasons[0]).toBe(card.why);
    expect(strategyOf(fromFile, facts)).toEqual(strategy);
    expect(htmlReport(report)).toContain('<p><strong>');
    expect(markdownReport(report)).toContain(`**${card.title}.**`);
    const [shown, read] = [onPage, fromFile].map(({ arms }) => arms.map(({ isCorrect, value }) => [isCorrect, value]));
    expect(read).toEqual(shown?.map(([right, value]) => [right, expect.closeTo(value as number, 9)]));
    const request = { assumptions: FIRST_ASSUMPTIONS, efforts };
    const [costs, costsOfFile] = [onPage, fromFile].map((measured) => costsOf({ ...request, measured })) as [
      Costs,
      Costs,
    ];

    const path = join(dir, 'results.json');
    await writeFile(path, JSON.stringify(results));
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    const code = await runCommand(['decide', path, '--side-by-side']);
    const printed = log.mock.calls.join('\n');
    log.mockRestore();
    expect(code).toBe(0);
    expect(printed.split('\n').slice(0, 2)).toEqual([card.title, card.why]);
    return { onPage, fromFile, costs, costsOfFile, printed };
  }

  const near = (id: string, kind: ArmKind, share: number): GenerateOutcome => ({
    id,
    name: id,
    kind,
    tokensSentMean: 20,
    scores: TEXTS.map(() => ({ logProb: -20, tokens: 10 })),
    written: TEXTS.map((text, i) => (i % 10 < share ? text : 'nothing near')),
  });
  it.each([
    ['tuning pays', 2, 9],
    ['yours is closer', 9, 2],
    ['nothing is clear', 5, 5],
  ])('is the same for generated texts where %s, which have no costs', async (_, yours, tuned) => {
    const arms = [near('yours', 'zero-shot', yours), near('tuned', 'tuned', tuned)];
    const pairs = [['yours', 'tuned']] as const;
    const plan = { rowIds: TEXTS, wanted: TEXTS, arms, pairs, looks: 1, seed: 0 };
    const comparison = compareTexts(plan, { draws: 50 });
    const field = present(fieldOf({ kind: 'generate', plan, comparison }), 'field');
    const rule = ruleFor({ field, stillFalling: false });
    seen.rules.add(rule);
    expect(comparison.verdict.kind).toBe(rule.finding);
    const card = present(cardOf({ kind: 'generate', plan, comparison }, { stillFalling: false }), 'card');
    const { report: labels } = compared({ counts: { '11': 10 } });
    const report: ReportOf<'generate'> = {
      ...labels,
      kind: 'generate',
      plan,
      comparison,
      card,
      votes: null,
      rows: [],
    };
    const { costs, printed } = await decided({ kind: 'generate', plan, comparison }, card, report);
    expect(costs).toEqual({ arms: [], change: null });
    expect(printed).toContain('a generated text is only closer or further');
    expect(printed).toMatch(/ROUGE-L\n {4}Prompt engineering: \d+\.\d% .* 40 test rows/);
  });

  it.each([
    ['tuning pays', 2, 9],
    ['yours is better', 9, 2],
    ['nothing is clear', 5, 5],
  ])('is the same for several labels a row where %s', async (_, yours, tuned) => {
    const gold = TEXTS.map((_text, i) => [i % 2, 2]);
    // odds of the right labels, of 80% of a row's, or of none of them
    const odds = (share: number) =>
      gold.map((tags, i) => [0, 1, 2].map((tag) => (tags.includes(tag) === (i * 7) % 10 < share ? 1 : -1)));
    const arm = (id: string, kind: ArmKind, share: number): TagOutcome => ({
      id,
      name: id,
      kind,
      odds: odds(share),
      cuts: [0, 0, 0],
      tokensSentMean: TOKENS[id] ?? 20,
    });
    const arms = [arm('yours', 'zero-shot', yours), arm('tuned', 'tuned', tuned)];
    const rowIds = TEXTS.map((_text, i) => `${i + 1}`);
    const plan = {
      rowIds,
      gold,
      labels: ['a', 'b', 'c'],
      arms,
      pairs: [['yours', 'tuned']] as const,
      looks: 1,
      seed: 0,
    };
    const comparison = compareTags(plan, { draws: 200 });
    const card = present(cardOf({ kind: 'tag', plan, comparison }, { stillFalling: false }), 'card');
    const { report: labels } = compared({ counts: { '11': 10 } });
    const report: ReportOf<'tag'> = { ...labels, kind: 'tag', plan, comparison, card };
    const { onPage, fromFile, costs, costsOfFile, printed } = await decided(
      { kind: 'tag', plan, comparison },
      card,
      report,
    );
    const right = (id: string) => onPage.arms.find((each) => each.id === id)?.isCorrect.filter(Boolean).length;
    expect([right('yours'), right('tuned')]).toEqual([4 * yours, 4 * tuned]);
    const sure = (of: Measured) => of.arms.map(({ confidences }) => confidences.map((p) => expect.closeTo(p, 9)));
    expect(fromFile.arms.map(({ confidences }) => confidences)).toEqual(sure(onPage));
    const { change } = costs;
    expect(costsOfFile.change?.breakEven.saving).toBeCloseTo(change?.breakEven.saving ?? Number.NaN, 6);
    expect(PROMISES.test(printed)).toBe(card.action === 'ship');
    expect(printed).toContain('A row is right where it gets exactly its labels.');
    expect(printed).toMatch(/Micro-F1\n {4}Prompt engineering: \d+\.\d% .* 40 test rows/);
  });

  it('covers every rule and every action', () => {
    expect(RULES.filter((rule) => !seen.rules.has(rule))).toEqual([]);
    expect([...seen.actions].sort()).toEqual([...ACTIONS].sort());
  });
});
