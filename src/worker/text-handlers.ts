/** The part of the data worker that holds the model's tokenizer: prompts are rendered, cut into tokens and measured. */
import { isUsable, textOf } from '../dataset/labels';
import type { Dataset, SplitName } from '../dataset/types';
import { targetOf } from '../dataset/writing';
import { StudioError } from '../lib/errors';
import { unwrap } from '../lib/unwrap';
import { findCollisions } from '../task/collisions';
import { findNeighbours, neighbourPlan } from '../task/neighbours';
import { propose } from '../task/propose';
import { renderRows } from '../task/render';
import type { Example, HardPrompt, LabelWord, Neighbours } from '../task/types';
import { createCoreTokenizer } from '../tokens/core-tokenizer';
import { type OpenTokenizer, openTokenizerOf } from '../tokens/open-tokenizer';
import { targetLengths, textLengths } from '../tokens/text-lengths';
import { createBatchHandlers } from './batch';
import type { DataMethods, ModelFiles } from './protocol';
import type { Handlers } from './serve';

/** Room left for virtual tokens and the answer word when rows are checked against the model's context. */
const RESERVED_TOKENS = 32;
const DEFAULT_CONTEXT = 2048;

function contextLength(files: ModelFiles): number {
  const bytes = files['config.json'];
  if (!bytes) return DEFAULT_CONTEXT;
  const config: unknown = JSON.parse(new TextDecoder().decode(bytes));
  const fields = typeof config === 'object' && config !== null ? new Map(Object.entries(config)) : new Map();
  const length = fields.get('max_position_embeddings') ?? fields.get('n_positions');
  return typeof length === 'number' ? length : DEFAULT_CONTEXT;
}

interface RenderParams {
  readonly dataset: Dataset;
  readonly prompt: HardPrompt;
  readonly words: readonly LabelWord[];
  readonly split: SplitName | readonly string[];
  readonly chat?: boolean;
  readonly room?: number;
}

/** Nearest training rows belong to these rows, split like this, by this model. */
const neighbourKey = ({ fingerprint, splitHash }: Dataset, model: string) => `${fingerprint} ${splitHash} ${model}`;

/** @throws StudioError (the handlers) `bad-input` before `openTokenizer` */
export function createTextHandlers() {
  let open: OpenTokenizer | null = null;
  let nearest: {
    readonly key: string;
    readonly plan: ReturnType<typeof neighbourPlan>;
    readonly of: Neighbours | null;
  } | null = null;

  const opened = (): OpenTokenizer => {
    if (!open) throw new StudioError('bad-input', 'The model’s tokenizer is not here yet: wait for the model.');
    return open;
  };

  function rendered({ dataset, prompt, words, split, chat = prompt.chat ?? false }: RenderParams): readonly Example[] {
    const isNearest = prompt.selection === 'nearest' && prompt.shots > 0;
    if (isNearest && !nearest?.key.startsWith(neighbourKey(dataset, '')))
      throw new StudioError('bad-input', 'The nearest examples need the model: wait until it is loaded.');
    const examples = unwrap(renderRows(dataset, prompt, words, split, isNearest ? (nearest?.of ?? null) : null));
    if (!chat) return examples;
    const { tokenizer } = opened();
    const inChat = (text: string) => tokenizer.chat(text) ?? text;
    return examples.map(({ text, otherOrders, ...example }) => ({
      ...example,
      text: inChat(text),
      ...(otherOrders ? { otherOrders: otherOrders.map(inChat) } : {}),
    }));
  }

  /** An answer with what ends it: a line break, or in a chat the end of the message. */
  function targetIds(target: string, chat: boolean): Int32Array {
    const { encode, tokenizer } = opened();
    const [end] = tokenizer.endTokenIds;
    return chat && end !== undefined ? Int32Array.from([...encode(target.trimStart()), end]) : encode(`${target}\n`);
  }

  return {
    ...createBatchHandlers(() => {
      const { tokenizer, encode, context } = opened();
      const chat = (message: string) => tokenizer.chat(message);
      return { tokenizer: { encode, chat }, targetIds, room: context - RESERVED_TOKENS };
    }),

    openTokenizer: async ({ files }) => {
      const tokenizer = await createCoreTokenizer(files);
      open = openTokenizerOf(tokenizer, contextLength(files));
      const { sha256, vocabularySize, endTokenIds } = tokenizer;
      return { sha256, vocabularySize, endTokenIds, hasChat: tokenizer.chat('') !== null };
    },

    propose: ({ dataset }) => propose(dataset, open?.encode ?? null),

    labelTokens: ({ words }) => {
      const { encode } = opened();
      const labels = words.map((word) => ({ ...word, tokenIds: Array.from(encode(word.word)) }));
      return { labels, collisions: findCollisions(labels, encode) };
    },

    render: (params) => ({ examples: rendered(params) }),

    // Rows that do not fit the context are named in `tooLong` and are not among `rows`.
    tokenRows: (params) => {
      const { encode, context } = opened();
      const all = rendered(params).map(({ rowId, text, label, otherOrders, target }) => ({
        rowId,
        label,
        ids: encode(text),
        ...(otherOrders ? { otherOrders: otherOrders.map(encode) } : {}),
        ...(target === undefined ? {} : { target: targetIds(target, params.chat ?? params.prompt.chat ?? false) }),
      }));
      const fits = (ids: Int32Array, answer: number) => ids.length + answer + RESERVED_TOKENS <= context;
      const rows = all.filter(({ ids, otherOrders = [], target }) =>
        [ids, ...otherOrders].every((each) => fits(each, Math.max(params.room ?? 0, target?.length ?? 0))),
      );
      const kept = new Set(rows.map(({ rowId }) => rowId));
      const lengths = rows.map(({ ids }) => ids.length);
      return {
        rows,
        tooLong: all.filter(({ rowId }) => !kept.has(rowId)).map(({ rowId }) => rowId),
        meanTokens: lengths.length === 0 ? 0 : lengths.reduce((a, b) => a + b, 0) / lengths.length,
        maxTokens: lengths.reduce((a, b) => Math.max(a, b), 0),
      };
    },

    textLengths: ({ dataset }) => {
      const { tokenizer, context } = opened();
      const rows = dataset.table.rows.filter((row) => isUsable(row, dataset.mapping));
      const texts = rows.map((row) => textOf(row, dataset.mapping));
      const found = textLengths(texts, tokenizer.encode, context - RESERVED_TOKENS);
      return { ...found, overRowIds: found.over.flatMap((place) => rows[place]?.id ?? []) };
    },

    neighbourTokens: ({ dataset, model }) => {
      const key = neighbourKey(dataset, model);
      if (nearest?.key === key && nearest.of) return { ids: null };
      const plan = neighbourPlan(dataset, opened().tokenizer.encode);
      nearest = { key, plan, of: null };
      return { ids: plan.tokenIds };
    },

    openNeighbours: ({ dataset, model, vectors, hidden }) => {
      const key = neighbourKey(dataset, model);
      if (nearest?.key !== key)
        throw new StudioError('internal', 'internal: vectors of other rows than were asked for');
      const { plan } = nearest;
      nearest = { key, plan, of: findNeighbours(plan, { ids: plan.tokenIds, vectors, hidden }) };
      return null;
    },

    encode: ({ text, chat = false }) => {
      const { encode, tokenizer } = opened();
      const ids = encode(chat ? (tokenizer.chat(text) ?? text) : text);
      return { ids, pieces: Array.from(ids, (id) => tokenizer.decode([id])) };
    },

    targetLengths: ({ dataset }) => {
      const { context } = opened();
      const rows = dataset.table.rows.filter((row) => isUsable(row, dataset.mapping));
      const texts = rows.map((row) => ` ${targetOf(row, dataset.mapping)}`);
      const found = targetLengths(texts, (text) => targetIds(text, false), Math.floor(context / 2) - RESERVED_TOKENS);
      return { ...found, overRowIds: found.over.flatMap((place) => rows[place]?.id ?? []) };
    },

    decodeAll: ({ rows }) => {
      const { tokenizer } = opened();
      return { texts: rows.map((ids) => tokenizer.decode(ids).trim()) };
    },

    answerEnds: () => {
      const { tokenizer, breaks } = opened();
      return { endTokenIds: tokenizer.endTokenIds, breakTokenIds: breaks() };
    },

    decode: ({ ids }) => ({ text: opened().tokenizer.decode(ids) }),

    chat: ({ message }) => ({ text: opened().tokenizer.chat(message) }),
  } satisfies Partial<Handlers<DataMethods>>;
}
