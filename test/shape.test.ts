import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { functionsOf } from './parse.ts';
import { product, ROOT, roomOf } from './sources.ts';

/** The size of things: how long a function and a room may be, and which lints are switched off. */

const LONGEST = 60;

/** Functions that read better whole, `file name` with the reason. At most ten. */
const LONG_FUNCTIONS: Readonly<Record<string, string>> = {};

/** Lints that may be switched off, as `file rule`, with the reason. */
const SCROLLS = 'a region that scrolls must be reachable by keyboard';
const PLACES = 'pieces repeat, and their place tells them apart';
const SUPPRESSED: Readonly<Record<string, string>> = {
  'serve.ts lint/suspicious/noExplicitAny': 'the bound of a generic, never a value',
  'Table.tsx lint/a11y': 'the roles are redundant only while the elements keep their display',
  'RowsGrid.tsx lint/a11y': 'most rows are not in the page, so this cannot be a <table>',
  'VotePanel.tsx lint/a11y/noStaticElementInteractions': 'keys are a second way; every choice is a button too',
  'Presentation.tsx lint/a11y/noStaticElementInteractions': 'the whole view listens to the presenter’s keys',
  'Presentation.tsx lint/a11y/noNoninteractiveTabindex': 'it must hold the focus to hear them',
  'Panel.tsx lint/a11y/noNoninteractiveTabindex': SCROLLS,
  'grid.ts lint/correctness/useExhaustiveDependencies': 'the places that are kept rest on the height of a row',
  'Answers.tsx lint/suspicious/noArrayIndexKey': PLACES,
  'ReadingPanel.tsx lint/suspicious/noArrayIndexKey': PLACES,
};

interface Long {
  readonly path: string;
  readonly name: string;
  readonly line: number;
  readonly lines: number;
}

/** Functions over the limit; one inside another counts with the outer one. */
const long: readonly Long[] = product.flatMap(({ path, text }) => {
  let covered = 0;
  return functionsOf(path, text)
    .filter((f) => f.lines > LONGEST)
    .filter((f) => {
      if (f.line <= covered) return false;
      covered = f.line + f.lines - 1;
      return true;
    })
    .map((f) => ({ path, ...f }));
});
const show = ({ path, name, line, lines }: Long) => `src/${path}:${line} ${name}: ${lines} lines`;

describe(`functions of at most ${LONGEST} lines`, () => {
  it('are the rule in src, apart from the ones named with a reason', () => {
    expect(long.filter(({ path, name }) => !(`${basename(path)} ${name}` in LONG_FUNCTIONS)).map(show)).toEqual([]);
    console.warn(`${long.length} functions of src are longer than ${LONGEST} lines`);
  });

  it('have at most ten exceptions, all of which exist', () => {
    expect(Object.keys(LONG_FUNCTIONS).length).toBeLessThanOrEqual(10);
    const present = new Set(long.map(({ path, name }) => `${basename(path)} ${name}`));
    expect(Object.keys(LONG_FUNCTIONS).filter((key) => !present.has(key))).toEqual([]);
  });

  it('are measured in every form that a function can be written in', () => {
    const body = '{\n  f();\n}';
    const text = [
      `function declared() ${body}`,
      `const arrow = () => ${body};`,
      `const object = { method() ${body}, property: function () ${body} };`,
      `class K { method() ${body} }`,
      `hook(() => ${body});`,
    ].join('\n');
    expect(functionsOf('x.ts', text).map(({ name, lines }) => [name, lines])).toEqual([
      ['declared', 3],
      ['arrow', 3],
      ['method', 3],
      ['property', 3],
      ['method', 3],
      ['hook', 3],
    ]);
  });
});

/** Most lines of a room, in fifties. A change that needs more raises its room's line, and says why in the commit. */
const BUDGET: Readonly<Record<string, number>> = {
  api: 2250,
  app: 550,
  'app/charts': 1700,
  'app/screens/compare': 2950,
  'app/screens/data': 1700,
  'app/screens/decide': 1050,
  'app/screens/library': 5000,
  'app/screens/playground': 1400,
  'app/screens/prompts': 1750,
  'app/screens/start': 550,
  'app/screens/train': 3000,
  'app/shell': 1900,
  'app/state': 3700,
  'app/ui': 1150,
  autodiff: 1250,
  cli: 3250,
  dataset: 5650,
  decide: 1600,
  engine: 1900,
  evaluation: 4150,
  graph: 5050,
  inference: 2260,
  interchange: 2500,
  lib: 800,
  metrics: 2500,
  model: 1000,
  offline: 250,
  prompt: 600,
  'prompt-set': 3200,
  report: 2950,
  route: 1300,
  rpc: 350,
  runtime: 2150,
  store: 1100,
  task: 1950,
  tokens: 450,
  training: 1800,
  worker: 400,
  workflow: 7950,
};

/** A room with fewer than this share of its budget lowers it, so that what was removed stays removed. */
const FEWEST = 0.9;

describe('the lines of a room', () => {
  const lines = new Map<string, number>();
  for (const { path, text } of product.filter((source) => !source.path.startsWith('app/gallery/')))
    lines.set(roomOf(path), (lines.get(roomOf(path)) ?? 0) + text.split('\n').length - 1);

  it('have a budget in every room', () => {
    expect(Object.keys(BUDGET).toSorted()).toEqual([...lines.keys()].toSorted());
  });

  it.each(Object.entries(BUDGET))('of %s are at most %d, and not far fewer', (room, most) => {
    const present = lines.get(room) ?? 0;
    expect(present).toBeLessThanOrEqual(most);
    expect(present).toBeGreaterThanOrEqual(FEWEST * (most - 50));
  });
});

describe('lints that are switched off', () => {
  const found = product.flatMap(({ path, text }) =>
    [...text.matchAll(/biome-ignore(?:-start)?\s+(?<rule>[\w/]+)/g)].map((match) => ({
      path,
      rule: match.groups?.rule ?? '',
      key: `${basename(path)} ${match.groups?.rule}`,
    })),
  );

  it('are only the ones named with a reason', () => {
    expect(found.filter(({ key }) => !(key in SUPPRESSED)).map(({ path, rule }) => `src/${path}: ${rule}`)).toEqual([]);
  });

  it('are all still needed', () => {
    const present = new Set(found.map(({ key }) => key));
    expect(Object.keys(SUPPRESSED).filter((key) => !present.has(key))).toEqual([]);
  });
});

/** Components that read all of a store, with the reason. */
const WHOLE_STORES: Readonly<Record<string, string>> = {
  'app/state/resource.ts': 'hands on the whole state of a resource',
  'app/screens/library/BatchTab.tsx': 'the store is one value, and all of it is shown',
};

it('reads a store by a selector or by the names of its fields, so that nothing else makes a component render', () => {
  const whole = product
    .filter(({ path, text }) => path.startsWith('app/') && /\buseStore\((?:[^(),]|\(\))*\)/.test(text))
    .map(({ path }) => path);
  expect(whole.toSorted()).toEqual(Object.keys(WHOLE_STORES).toSorted());
});

it('styles each class of a screen in one screen, as the rules of screens that were seen stay', () => {
  const folder = join(ROOT, 'src/app/screens');
  const screens = new Map<string, Set<string>>();
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((p) => p.endsWith('.css')))
    for (const [, name = ''] of readFileSync(join(folder, path), 'utf8').matchAll(/^ {2}\.([\w-]+)(?=,| \{)/gm))
      screens.set(name, (screens.get(name) ?? new Set()).add(dirname(path)));
  expect([...screens].filter(([, those]) => those.size > 1)).toEqual([]);
});
