/** One journey of each kind for both hosts: rows, training, comparison, results.json and the engineer's package, with a fixed clock. */
import { rowsById } from '../dataset/labels';
import type { ColumnMapping, Dataset, TaskKind } from '../dataset/types';
import { PROBE } from '../evaluation/classify/made-arms';
import { present } from '../lib/assert';
import { uninterrupted } from '../lib/control';
import { firstText, softOf, softsOf, voicesOf } from '../prompt/prompt';
import { wholePrompt } from '../prompt/whole';
import { keepArm } from '../prompt-set/calibration';
import { addWritten, finishRun, startRun } from '../prompt-set/make-versions';
import { createPromptSet } from '../prompt-set/prompt-set';
import { askedOf, trainedIn, writtenIn } from '../prompt-set/test-support';
import type { Evaluation, PromptSet } from '../prompt-set/types';
import { EMPTY_GRID, type GridCell, gridJson, gridRows } from '../report/grid';
import { reportOf } from '../report/input';
import { resultsJson } from '../report/kinds';
import { propose, TASKS } from '../task/tasks';
import { wordsFor } from '../task/template';
import { STANDARD } from '../training/settings';
import { compare } from './compare';
import { distil } from './distil';
import { type FillEvent, fillGrid } from './grid';
import type { Host, Run } from './host';
import { improve } from './improve';
import { exportPackage } from './index';
import { prepareRows, readTable } from './open-data';
import { type Weighing, weighWords } from './play';
import { takenSettings } from './runs';
import { train } from './train';
import { learnedOn } from './training-rows';

const TONES = ['praise', 'question', 'complaint'] as const;
const TEXTS: Readonly<Record<(typeof TONES)[number], string>> = {
  praise: 'What a lovely chair, thank you for',
  question: 'Do you also sell this lamp in size',
  complaint: 'The letter arrived broken, again, on day',
};

const messageRow = (tone: (typeof TONES)[number], i: number) =>
  `"${TEXTS[tone]} ${i}",${tone},"${tone} about ${i}",${i % 2 ? `${tone}; urgent` : tone}`;

export type StoryOrder = 'mixed' | 'sorted';

/** 60 messages with a tone, a summary and tags, the tones in turn or one after the other. */
const ROWS: Readonly<Record<StoryOrder, readonly string[]>> = {
  mixed: Array.from({ length: 60 }, (_, i) => messageRow(TONES[i % 3] ?? 'praise', i)),
  sorted: TONES.flatMap((tone, t) => Array.from({ length: 20 }, (_, i) => messageRow(tone, 3 * i + t))),
};

const csvIn = (order: StoryOrder) => ['message,tone,summary,tags', ...ROWS[order]].join('\n');

const MAPPING: Readonly<Record<TaskKind, ColumnMapping>> = {
  classify: { text: 'message', label: 'tone', id: null, task: 'classify' },
  tag: { text: 'message', label: 'tags', id: null, task: 'tag' },
  generate: { text: 'message', label: 'summary', id: null, task: 'generate' },
};

/** The host with a fixed clock, ids in order, and nothing that names the machine. */
function fixedHost(host: Host): Host {
  let ids = 0;
  const { info } = host.engine;
  return {
    tokens: host.tokens,
    card: host.card,
    engine: {
      ...host.engine,
      info: { ...info, backend: 'wasm', threads: 1, adapter: null, heapBytes: null, loadSeconds: 0 },
      latency: async () => 1,
    },
    neighbours: host.neighbours,
    asset: host.asset,
    dropIn: host.dropIn,
    now: () => '2026-01-01T00:00:00.000Z',
    newId: () => `id-${++ids}`,
  };
}

const silent = <E>(): Run<E> => ({ control: uninterrupted, emit: () => {} });

/** Opened, trained and compared. */
async function preparedSet(host: Host, kind: TaskKind, order: StoryOrder) {
  const stamp = () => ({ id: host.newId(), now: host.now() });
  const table = await readTable({ fileName: 'messages.csv', bytes: new TextEncoder().encode(csvIn(order)) }, silent());
  const { dataset } = await prepareRows(table, MAPPING[kind], { seed: 3 });
  const { template, words } = propose(dataset, host.tokens.encode);
  const instruction = TASKS[kind].instruction(dataset, words);
  const empty = createPromptSet(stamp(), {
    name: 'messages',
    words,
    baseTemplate: template,
    datasetFingerprint: dataset.fingerprint,
    datasetName: 'messages.csv',
    taken: [],
    kind,
    longest: kind === 'generate' ? 8 : null,
  });
  const prompt = { template: `${instruction}\n\n${template}`, shots: 0, shotSeed: 0 };
  const short = { ...STANDARD, virtualTokens: 4, steps: 12, batchSize: 4, validateEvery: 6, checkpointEvery: 6 };
  const settings = kind === 'tag' ? takenSettings(kind, short) : short;
  const { id, sha256, dtype } = host.engine.info;
  const started = startRun(addWritten(empty, stamp(), { text: prompt }).set, stamp(), {
    settings: { ...settings, initialisation: { kind: 'text', text: instruction } },
    template,
    initText: instruction,
    model: { id, sha256, dtype },
    ...learnedOn(dataset),
  });
  const run = await train(
    host,
    {
      runId: started.run.id,
      dataset,
      template,
      words,
      settings: started.run.settings,
      initText: instruction,
      initFrom: null,
      resume: null,
      baselines: [],
    },
    silent(),
  );
  const set: PromptSet = finishRun(
    started.set,
    started.run.id,
    { status: 'finished', soft: run.soft, bestStep: run.bestStep, validationAccuracy: null, seconds: 0 },
    host.now(),
  );
  const { evaluation: compared } = await compare(host, { set, dataset }, silent());
  const evaluation = { ...compared, id: host.newId(), setId: set.id, createdAt: host.now() } as Evaluation;
  return { set, dataset, run, evaluation };
}

function resultsOf(set: PromptSet, dataset: Dataset, evaluation: Evaluation): unknown {
  const input = reportOf({ set, dataset, evaluation, checkpoint: null });
  return input && resultsJson(input);
}

/** `results.json` with the text of a row for its number, and without the hashes over the numbers. */
function withoutNumbers(results: unknown, { table, mapping }: Dataset): unknown {
  const texts = rowsById(table.rows);
  const named = (key: string, value: unknown) => {
    if (key === 'fingerprint' || key === 'splitHash') return null;
    return (key === 'id' || key === 'rowId') && typeof value === 'string'
      ? (texts.get(value)?.cells[mapping.text] ?? value)
      : value;
  };
  return JSON.parse(JSON.stringify(results, named));
}

const toHex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** The set's versions on its own test rows, as the cells of a grid. */
async function gridStory(host: Host, set: PromptSet, dataset: Dataset): Promise<string> {
  const prompts = gridRows(set, dataset);
  const cells: GridCell[] = [];
  const emit = (event: FillEvent) => event.kind === 'cell' && cells.push(event.cell);
  const data = [{ id: 'own', name: 'messages', dataset }];
  await fillGrid(host, { prompts, data, done: [] }, { control: uninterrupted, emit });
  return gridJson({ ...EMPTY_GRID, cells });
}

/** The vectors of its hand-written prompt with two examples, made smaller. */
async function smallerStory(host: Host, set: PromptSet, dataset: Dataset): Promise<readonly number[]> {
  const [hand] = writtenIn(set);
  const [run] = set.runs;
  if (!hand || !run) return [];
  const { settings, template, initText } = run;
  const { words } = set;
  const request = { runId: 'smaller', dataset, template, words, settings, initText, initFrom: null, resume: null };
  const teacher = { voices: voicesOf({ ...firstText(hand.prompt), shots: 2 }, words), calibration: undefined };
  const { soft } = await distil(host, { ...request, baselines: [], teacher, texts: null }, silent());
  return Array.from(soft.vectors);
}

/** The words of a text, weighed without and with the vectors. */
function weighedStory(host: Host, set: PromptSet): Promise<Weighing> {
  const { baseTemplate, words: plain } = set;
  const words = wordsFor(baseTemplate, plain);
  const softs = trainedIn(set)
    .flatMap(({ prompt }) => softsOf(prompt))
    .slice(0, 1);
  const versions = [[], softs].map((own) => {
    const asked = askedOf({ text: { template: baseTemplate }, words, softs: own });
    return { ...asked, prompt: wholePrompt(asked.prompt, null, 'message') };
  });
  return weighWords(host, { versions, fields: { text: 'The letter arrived broken, again' } }, silent());
}

/** The leaderboard of a search. */
async function searchedStory(host: Host, set: PromptSet, dataset: Dataset) {
  const { baseTemplate: template, words } = set;
  const own = writtenIn(set).map(({ prompt }) => ({ prompt: firstText(prompt), words }));
  const request = { dataset, template, words, own, budget: 40, known: [] };
  const { winner, board, search } = await improve(host, request, silent());
  const found = { winner: { ...winner, tried: null }, board, search };
  // versions of V8 differ in the last bits of exp and log
  const rounded = (_: string, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(9)) : value);
  return JSON.parse(JSON.stringify(found, rounded)) as typeof found;
}

/** The linear probe of a comparison as a version, and the bytes of its package. */
async function probeStory(host: Host, { set, dataset, evaluation }: Awaited<ReturnType<typeof preparedSet>>) {
  const stored = { set, dataset, evaluations: [evaluation], checkpoints: [], measurements: [], examples: [] };
  const version = present(evaluation.versions[PROBE], 'the probe');
  const kept = { ...stored, set: keepArm(set, evaluation, PROBE, { now: host.now() }) };
  const asked = { stored: kept, subject: version.id, withRows: true, recipient: 'engineer' } as const;
  const { name, content } = await exportPackage(host, asked, silent());
  const { prompt } = version;
  const numbers = [...(softOf(prompt)?.answerShift ?? []), ...(prompt.calibration?.meanLogProbs ?? [])];
  return { numbers, zip: { name, bytes: toHex(content) } };
}

/** What must be the same from both hosts: the numbers of the run, results.json, the cells of a grid, and the package's bytes. */
export async function story(of: Host, kind: TaskKind, order: StoryOrder = 'mixed') {
  const host = fixedHost(of);
  const prepared = await preparedSet(host, kind, order);
  const { set, dataset, run, evaluation } = prepared;
  const results = resultsOf(set, dataset, evaluation);
  const smaller = kind === 'classify' ? await smallerStory(host, set, dataset) : [];
  const probe = kind === 'classify' ? await probeStory(host, prepared) : null;
  const matrix = kind === 'classify' ? await gridStory(host, set, dataset) : null;
  const stored = { set, dataset, evaluations: [evaluation], checkpoints: [], measurements: [], examples: [] };
  const weighed = kind === 'classify' ? await weighedStory(host, set) : null;
  const asked = { stored, subject: trainedIn(set)[0]?.id ?? null, withRows: true };
  const zip = await exportPackage(host, { ...asked, recipient: 'engineer' }, silent());
  return {
    losses: run.checkpoint.steps.map(({ loss }) => loss),
    vectors: [...run.soft.vectors, ...smaller, ...(probe?.numbers ?? [])],
    results: JSON.stringify(results),
    matrix,
    weighed,
    searched: kind === 'classify' ? await searchedStory(host, set, dataset) : null,
    /** What a file in another order must give too. */
    ofAnyOrder: withoutNumbers(results, dataset),
    zip: { name: zip.name, bytes: toHex(zip.content) },
    probe: probe?.zip,
  };
}
