/** The page's two workers without the page around them, for `../page-engine.ts`. */

import { linkedWorkers } from '../../../src/app/create-services';
import type { TrainRequest } from '../../../src/engine/types';
import type { ModelCard } from '../../../src/model/card';
import type { PromptSearch } from '../../../src/prompt-set/types';
import { accuracyOf } from '../../../src/training/checkpoint';
import { createEngineClient, createWorkflowClient } from '../../../src/worker/clients';

const { engine, workflow, connectEngine } = linkedWorkers(createEngineClient(), createWorkflowClient());

export interface PlainRow {
  readonly rowId: string;
  readonly ids: readonly number[];
  readonly label: number | null;
}

/** A request with arrays of numbers in place of typed arrays, as it comes from outside the page. */
export interface PlainRequest extends Pick<TrainRequest, 'runId' | 'labels' | 'settings' | 'cacheKey'> {
  readonly rows: readonly PlainRow[];
  readonly validation: readonly PlainRow[];
  readonly initIds: readonly number[];
}

export interface TimedRun {
  /** The pass over the texts included. */
  readonly seconds: number;
  readonly cacheSeconds: number;
  readonly losses: readonly number[];
  /** Since the beginning, when each step was done. */
  readonly stepAt: readonly number[];
  /** Of the validation rows, with the step after which it was measured. */
  readonly accuracies: readonly { readonly step: number; readonly accuracy: number }[];
}

export interface EngineBench {
  /** Loads the model at this address on WASM; resolves to the number of threads. */
  load(base: string, threads: number): Promise<number>;
  train(request: PlainRequest): Promise<TimedRun>;
  /** Searches for the best prompt for a file with the columns text and label, as it is proposed for it. */
  search(csv: string, budget: number): Promise<TimedSearch>;
}

export interface TimedSearch {
  readonly seconds: number;
  readonly winner: string;
  readonly search: PromptSearch;
  readonly tokens: { readonly read: number; readonly asked: number };
  /** When each part of the search began, in seconds. */
  readonly parts: readonly { readonly note: string; readonly at: number }[];
}

const typed = (rows: readonly PlainRow[]) => rows.map((row) => ({ ...row, ids: Int32Array.from(row.ids) }));

const bench: EngineBench = {
  load: async (base, threads) => {
    const card: ModelCard = await (await fetch(`${base}/studio.json`)).json();
    const read = async (path: string) =>
      [path, new Uint8Array(await (await fetch(`${base}/${path}`)).arrayBuffer())] as const;
    const files = Object.fromEntries(await Promise.all(card.files.map(({ path }) => read(path))));
    const small = Object.entries(files).filter(([path]) => path.endsWith('.json'));
    await workflow.call('openTokenizer', { files: Object.fromEntries(small) });
    const info = await engine.call('load', { id: card.id, files, backend: 'wasm', threads, sha256: card.sha256 });
    await connectEngine(info, card.weights);
    return info.threads;
  },
  search: async (csv, budget) => {
    const bytes = new TextEncoder().encode(csv);
    const table = await workflow.call('parse', { fileName: 'rows.csv', bytes });
    const mapping = { text: 'text', label: 'label', id: null, task: 'classify' } as const;
    const { dataset } = await workflow.call('prepare', { table, mapping, seed: 0 });
    const { template, words } = await workflow.call('propose', { dataset });
    const begin = performance.now();
    const seconds = () => (performance.now() - begin) / 1000;
    const parts: { note: string; at: number }[] = [];
    const found = await workflow.call(
      'improve',
      { dataset, template, words, own: [], budget },
      {
        onEvent: (event) => {
          if (event.kind === 'progress' && event.note !== parts.at(-1)?.note)
            parts.push({ note: event.note, at: seconds() });
        },
      },
    );
    const { winner, search, tokens } = found;
    return { seconds: seconds(), winner: winner.name, search, tokens, parts };
  },
  train: async ({ rows, validation, initIds, ...rest }) => {
    const request: TrainRequest = {
      ...rest,
      train: typed(rows),
      validation: typed(validation),
      initTokenIds: Int32Array.from(initIds),
      resume: null,
    };
    const begin = performance.now();
    const seconds = () => (performance.now() - begin) / 1000;
    let cacheSeconds = 0;
    const losses: number[] = [];
    const stepAt: number[] = [];
    const accuracies: { step: number; accuracy: number }[] = [];
    await engine.call('train', request, {
      onEvent: (event) => {
        if (event.kind === 'step') {
          losses.push(event.point.loss);
          stepAt.push(seconds());
        }
        if (event.kind === 'validation')
          accuracies.push({ step: event.point.step, accuracy: accuracyOf(event.point) ?? 0 });
        if (event.kind === 'done') cacheSeconds = event.cacheSeconds;
      },
    });
    return { seconds: seconds(), cacheSeconds, losses, stepAt, accuracies };
  },
};
Object.assign(globalThis, { bench });
