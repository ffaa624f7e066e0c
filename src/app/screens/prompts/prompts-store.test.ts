import { beforeEach, describe, expect, it, vi } from 'vitest';
import { StudioError } from '../../../lib/errors';
import { firstText } from '../../../prompt/prompt';
import { chosenWritten } from '../../../prompt-set/make-versions';
import { writtenIn } from '../../../prompt-set/test-support';
import type { ScoreRequest, WriteRequest, WrittenRow } from '../../../worker/protocol';
import type { ImproveRequest } from '../../../workflow/improve';
import { DataStore } from '../../state/data/data-store';
import { speedKey } from '../../state/models-store';
import { createPromptSetsStore } from '../../state/prompt-sets-store';
import { createProposer } from '../../state/proposer';
import { createSessionStore } from '../../state/session-store';
import type { Studio } from '../../state/studio';
import { CAPABILITIES, csvFile, fakeLocation, testServices, writingFile } from '../../state/test-support';
import { draftOf, templateProblem, usePrompts } from './prompts-store';
import { useSearch, useTrying } from './trying';

/** Always answers the first label. */
const score = ({ rows, labels }: ScoreRequest) => ({
  seconds: 1,
  rowsRun: rows.length,
  rows: rows.map(({ rowId }) => ({
    rowId,
    logProbs: labels.map((_, i) => (i === 0 ? -0.1 : -3)),
    tokensSent: 1,
    tokensComputed: 1,
  })),
});

/** Writes each row's own target, except for every third row. */
const write = ({ rows }: WriteRequest): WrittenRow[] =>
  rows.map(({ rowId, target }, i) => ({
    rowId,
    ids: i % 3 === 0 ? new Int32Array(0) : (target ?? new Int32Array(0)),
    target: target ? { rowId, logProb: -3, tokens: target.length, correct: 1 } : null,
  }));

function page(services = testServices({ score, write })) {
  const session = createSessionStore(services, CAPABILITIES);
  const promptSets = createPromptSetsStore(services);
  const proposer = createProposer(services, promptSets, session);
  const studio = { services, stores: { session, promptSets, proposer } } as unknown as Studio;
  const prompts = usePrompts.of(studio);
  const draft = () => draftOf(promptSets.getState().set, prompts.getState().prompt, proposer.getState().proposal);
  return {
    services,
    session,
    promptSets,
    prompts,
    draft,
    trying: useTrying.of(studio),
    search: useSearch.of(studio),
  };
}

const opened = async (file = csvFile(200)) => {
  const made = page();
  new DataStore(made.services, made.promptSets).openFile(file);
  await vi.waitFor(() => expect(made.promptSets.getState().set).not.toBeNull());
  return made;
};

const loaded = async (file?: File) => {
  const made = await opened(file);
  await made.session.getState().loadModel();
  await vi.waitFor(() => expect(writtenIn(made.promptSets.getState().set)).toHaveLength(1));
  return made;
};

/** The page as a reload makes it, with the same set open. */
const reloaded = async ({ services, promptSets }: Awaited<ReturnType<typeof opened>>) => {
  const id = promptSets.getState().set?.id ?? '';
  const made = page({ ...testServices({ score, write }), store: services.store });
  await made.promptSets.getState().open(id);
  return made;
};

beforeEach(() => {
  fakeLocation();
  const kept = new Map<string, string>();
  const storage = { getItem: (key: string) => kept.get(key) ?? null, setItem: kept.set.bind(kept) };
  vi.stubGlobal('sessionStorage', storage);
});

describe('the hand-written prompt', () => {
  it('is proposed at once, and saved with its answer words once the tokenizer is ready', async () => {
    const { session, promptSets, draft } = await opened();
    await vi.waitFor(() => expect(draft().template).toContain('Message: {text}\nTone:'));
    expect(promptSets.getState().set?.words).toEqual([]);
    await session.getState().loadModel();
    await vi.waitFor(() => expect(writtenIn(promptSets.getState().set)).toHaveLength(1));
    expect(promptSets.getState().set).toMatchObject({
      baseTemplate: 'Message: {text}\nTone:',
      words: [
        { label: 'bad', word: ' bad' },
        { label: 'good', word: ' good' },
      ],
    });
  });

  it('keeps every try as a version, with its mistakes', async () => {
    const { session, promptSets, prompts, trying } = await loaded();
    await trying.start();
    prompts.edit('Be strict.\nMessage: {text}\nTone:');
    await trying.start();
    const set = promptSets.getState().set;
    expect(writtenIn(set).map(({ number, name }) => `${number} ${name}`)).toEqual(['1 Proposed', '2 “Be strict.”']);
    expect(writtenIn(set)[1]?.tried).toMatchObject({ rows: 30, accuracy: 0.5, wrongRowIds: { length: 15 } });
    expect(set && chosenWritten(set)?.number).toBe(1); // equally good: the earlier one stays
    expect(session.getState().job).toBeNull();
  });

  it('is tried in its own prompt set, though another one is opened while the model loads', async () => {
    const { session, promptSets, prompts, trying } = await opened();
    prompts.edit('Be strict.\nMessage: {text}\nTone:');
    const asked = promptSets.getState().set?.id ?? '';
    const loading = session.getState().loadModel();
    const tried = trying.start();
    const other = await promptSets.getState().create({ name: 'Other', dataset: null, datasetName: null });
    await Promise.all([loading, tried]);
    expect(promptSets.getState().set).toMatchObject({ id: other.id, versions: [] });
    await promptSets.getState().open(asked);
    expect(writtenIn(promptSets.getState().set).map(({ prompt }) => firstText(prompt).template)).toContain(
      'Be strict.\nMessage: {text}\nTone:',
    );
  });

  it('is not tried with a template that has no place for the text', async () => {
    const { promptSets, prompts, draft, trying } = await opened();
    prompts.edit('No place for it');
    expect(templateProblem(draft(), promptSets.getState().dataset)).toContain('{text}');
    await trying.start();
    expect(writtenIn(promptSets.getState().set)).toEqual([]);
  });

  it('takes the words that are suggested when two start with the same token', async () => {
    const { promptSets, prompts } = await loaded();
    prompts.resolve({
      labels: ['bad', 'good'],
      suggestion: [{ label: 'bad', word: ' poor' }],
    } as unknown as Parameters<typeof prompts.resolve>[0]);
    await vi.waitFor(() => expect(promptSets.getState().set?.words[0]).toEqual({ label: 'bad', word: ' poor' }));
  });

  it('is tried by generating texts for a few rows where the answers are texts', async () => {
    const { services, session, promptSets, prompts, draft, trying } = await loaded(writingFile(60));
    const set = promptSets.getState().set;
    expect(set).toMatchObject({
      words: [],
      kind: 'generate',
      longest: null,
      baseTemplate: 'Message: {text}\nSummary:',
    });
    expect(draft().template).toMatch(/^Read the message and write the summary in one line\./);
    await trying.start();
    const tried = writtenIn(promptSets.getState().set)[0];
    expect(tried?.tried).toMatchObject({ rows: 9, loss: expect.any(Number), written: { length: 9 } });
    const { model } = session.getState();
    const speed = await services.store.settings.get(model.kind === 'ready' ? speedKey(model.info) : '');
    expect(speed).toMatchObject({ writtenTokenMs: expect.any(Number) });
    prompts.setLongest(5);
    await vi.waitFor(() => expect(promptSets.getState().set?.longest).toBe(5));
  });
});

describe('after a reload', () => {
  it('shows a prompt that was typed and not tried', async () => {
    const before = await loaded();
    before.prompts.edit('Half a pro');
    before.prompts.setHow({ shots: 4 });
    const after = await reloaded(before);
    await vi.waitFor(() => expect(after.draft()).toMatchObject({ template: 'Half a pro', shots: 4 }));
  });

  it('shows an answer word that was typed and not committed', async () => {
    const before = await loaded();
    before.prompts.typeWord('bad', 'terri');
    const after = await reloaded(before);
    expect(after.prompts.getState().words).toEqual({ bad: 'terri' }); // at once, not when the disk has answered
    after.prompts.typeWord('bad', 'terrible');
    after.prompts.commitWord('bad');
    await vi.waitFor(() => expect(after.promptSets.getState().set?.words[0]?.word).toBe(' terrible'));
    await vi.waitFor(() => expect(after.prompts.getState().words).toEqual({}));
  });

  it('shows an answer word whose set was still being saved when it was committed', async () => {
    const before = await loaded();
    const saving = vi.spyOn(before.services.store.sets, 'update').mockImplementation(() => new Promise(() => {}));
    before.prompts.typeWord('bad', 'terrible');
    before.prompts.commitWord('bad');
    before.prompts.commitWord('bad'); // Enter, and then the field is left
    await vi.waitFor(() => expect(saving).toHaveBeenCalled());
    saving.mockRestore();
    const after = await reloaded(before);
    await vi.waitFor(() => expect(after.prompts.getState().words).toEqual({ bad: 'terrible' }));
  });
});

describe('the search for the best prompt', () => {
  const line = (key: string, rows: number, loss: number) => ({
    key,
    name: key,
    origin: 'made',
    lists: 8,
    rows,
    loss,
    accuracy: 0.5,
    tokens: 20,
    on: 'training',
  });
  const search = { candidates: 3, trainingRows: 64, validationRows: 40, loss: 0.4, bareLoss: 0.6 };

  /** A page whose workflow worker answers searches as it is asked to. */
  const searching = async (
    answer: (params: ImproveRequest, onEvent: (event: unknown) => void) => Promise<unknown>,
    before: Awaited<ReturnType<typeof opened>> | null = null,
  ) => {
    const services = { ...testServices({ score, write }), ...(before && { store: before.services.store }) };
    const asked: ImproveRequest[] = [];
    const controls: string[] = [];
    const workflow = {
      ...services.workflow,
      call: (method: string, params: never, options: Parameters<typeof services.workflow.call>[2]) => {
        if (method !== 'improve') return services.workflow.call(method as 'propose', params, options as never);
        asked.push(params);
        options?.onStart?.(7);
        return answer(params, options?.onEvent as never);
      },
      control: (id: number, what: string) => controls.push(`${what} ${id}`),
    };
    const made = page({ ...services, workflow } as unknown as typeof services);
    if (before) await made.promptSets.getState().open(before.promptSets.getState().set?.id ?? '');
    else new DataStore(made.services, made.promptSets).openFile(csvFile(200));
    await vi.waitFor(() => expect(made.promptSets.getState().set).not.toBeNull());
    await made.session.getState().loadModel();
    await vi.waitFor(() => expect(writtenIn(made.promptSets.getState().set).length).toBeGreaterThan(0));
    return { ...made, job: made.search, asked, controls, set: () => made.promptSets.getState().set };
  };

  const winner = (words: readonly { label: string; word: string }[]) => ({
    prompt: { template: 'Found: {text}', shots: 0, shotSeed: 0 },
    words,
    key: 'b',
    name: '“Found”',
    calibration: null,
    tried: null,
  });

  it('shows the best first, makes the winner Yours, and leaves the user’s prompts as they are', async () => {
    const { job, set, asked, draft } = await searching(async ({ words }, onEvent) => {
      for (const standing of [line('a', 16, 0.5), line('b', 16, 0.3), line('a', 32, 0.6)])
        onEvent({ kind: 'standing', standing });
      return { winner: winner(words), search, board: [line('b', 40, 0.4)], tokens: { read: 1, asked: 2 } };
    });
    const boards: string[][] = [];
    job.subscribe(({ board }) => boards.push(board.map(({ key }) => key)));
    const before = writtenIn(set());
    await job.start();
    expect(boards).toContainEqual(['b', 'a']);
    expect(boards).toContainEqual(['a', 'b']);
    expect(job.getState()).toMatchObject({ running: false, error: null, found: { key: 'b', search } });
    expect(writtenIn(set()).slice(0, 1)).toEqual(before);
    expect(set() && chosenWritten(set() as never)).toMatchObject({
      name: 'Found: “Found”',
      origin: { kind: 'found', search },
    });
    expect(draft().template).toBe('Found: {text}');
    expect(asked[0]).toMatchObject({ own: [{ prompt: before[0]?.prompt.voices[0] }] });
  });

  it('asks the worker to stop, which keeps the best', async () => {
    const waiting: (() => void)[] = [];
    const { job, controls, set } = await searching(async ({ words }, onEvent) => {
      onEvent({ kind: 'standing', standing: line('a', 16, 0.5) });
      await new Promise<void>((resolve) => waiting.push(resolve));
      return { winner: winner(words), search, board: [], tokens: { read: 1, asked: 2 } };
    });
    const first = job.start();
    await vi.waitFor(() => expect(waiting).toHaveLength(1));
    job.stop();
    expect(controls).toEqual(['stop 7']);
    waiting[0]?.();
    await first;
    expect(set() && chosenWritten(set() as never)).toMatchObject({ name: 'Found: “Found”' });
  });

  it('remembers until it ends that a reload would cut it off', async () => {
    let cutOff = true;
    const found = { search, board: [], tokens: { read: 1, asked: 2 } };
    const answer = async ({ words }: ImproveRequest, onEvent: (event: unknown) => void) => {
      onEvent({ kind: 'progress', fraction: 0.5, note: '', tokensPerSecond: 9, secondsLeft: 9, answered: 3 });
      if (cutOff) await new Promise(() => {});
      return { winner: winner(words), ...found };
    };
    const before = await searching(answer);
    void before.job.start();
    const kept = () => before.services.store.settings.get(`search:${before.set()?.id}`);
    await vi.waitFor(async () => expect(await kept()).toMatchObject({ answered: 3 }));
    cutOff = false;
    const after = await searching(answer, before);
    await after.job.start();
    expect(await kept()).toBeNull();
  });

  it('keeps text that is in no version in the editor, and lets it compete', async () => {
    const { job, prompts, draft, asked } = await searching(async ({ words }) => {
      return { winner: winner(words), search, board: [], tokens: { read: 1, asked: 2 } };
    });
    prompts.edit('Mine: {text}');
    await job.start();
    expect(asked[0]?.own[0]?.prompt.template).toBe('Mine: {text}');
    expect(draft().template).toBe('Mine: {text}');
  });

  it('changes nothing when it fails, and says why', async () => {
    const { job, set } = await searching(() => Promise.reject(new StudioError('bad-input', 'Too few rows.')));
    const before = set();
    await job.start();
    expect(set()).toBe(before);
    expect(job.getState()).toMatchObject({ running: false, error: { message: 'Too few rows.' } });
  });
});
