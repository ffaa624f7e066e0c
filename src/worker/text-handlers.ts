/** The part of the workflow worker that works with the model's tokenizer: prompts are rendered, tokenised and measured. */
import { isUsable, textOf } from '../dataset/labels';
import { targetOf } from '../dataset/writing';
import type { Control } from '../lib/control';
import { configOf } from '../model/card';
import { propose } from '../task/tasks';
import { createCoreTokenizer } from '../tokens/core-tokenizer';
import { openTokenizerOf } from '../tokens/open-tokenizer';
import { targetLengths, textLengths } from '../tokens/text-lengths';
import {
  decoded,
  labelCollisions,
  labelTokens,
  neighboursFor,
  RESERVED_TOKENS,
  type RowsRequest,
  renderExamples,
  targetIds,
  tokenise,
} from '../workflow/token-rows';
import type { PageHost } from './page-host';
import type { ProgressEvent, WorkflowMethods } from './protocol';
import type { Handlers } from './serve';

/** @throws StudioError (the handlers) `bad-input` before `openTokenizer` */
export function createTextHandlers(host: PageHost) {
  /** The nearest examples need the model's token vectors, which are read first. */
  const neighbours = (request: RowsRequest, emit: (event: ProgressEvent) => void, control: Control) => {
    const begin = performance.now();
    return neighboursFor(host, request, control, (done, total) => {
      const secondsLeft = done > 0 ? (((performance.now() - begin) / 1000) * (total - done)) / done : null;
      emit({ kind: 'progress', done, total, unit: 'tokens', secondsLeft });
    });
  };

  return {
    openTokenizer: async ({ files }) => {
      const tokenizer = await createCoreTokenizer(files);
      host.open(openTokenizerOf(tokenizer, configOf(files).contextLength), files);
      const { sha256, vocabularySize, endTokenIds } = tokenizer;
      return { sha256, vocabularySize, endTokenIds, hasChat: tokenizer.chat('') !== null };
    },

    connectEngine: (link) => {
      host.connect(link);
      return null;
    },

    propose: ({ dataset }) => propose(dataset, host.hasTokens ? host.tokens.encode : null),

    labelTokens: ({ words }) => ({
      labels: labelTokens(host.tokens, words),
      collisions: labelCollisions(host.tokens, words),
    }),

    render: async (params, emit, control) => ({
      examples: renderExamples(host.tokens, params, await neighbours(params, emit, control)),
    }),

    tokenRows: async (params, emit, control) => tokenise(host.tokens, params, await neighbours(params, emit, control)),

    textLengths: ({ dataset }) => {
      const { tokenizer, context } = host.tokens;
      const rows = dataset.table.rows.filter((row) => isUsable(row, dataset.mapping));
      const texts = rows.map((row) => textOf(row, dataset.mapping));
      const found = textLengths(texts, tokenizer.encode, context - RESERVED_TOKENS);
      return { ...found, overRowIds: found.over.flatMap((place) => rows[place]?.id ?? []) };
    },

    encode: ({ text, chat = false }) => {
      const { encode, tokenizer } = host.tokens;
      const ids = encode(chat ? (tokenizer.chat(text) ?? text) : text);
      return { ids, pieces: Array.from(ids, (id) => tokenizer.decode([id])) };
    },

    targetLengths: ({ dataset }) => {
      const { context } = host.tokens;
      const rows = dataset.table.rows.filter((row) => isUsable(row, dataset.mapping));
      const texts = rows.map((row) => ` ${targetOf(row, dataset.mapping)}`);
      const found = targetLengths(
        texts,
        (text) => targetIds(host.tokens, text, false),
        Math.floor(context / 2) - RESERVED_TOKENS,
      );
      return { ...found, overRowIds: found.over.flatMap((place) => rows[place]?.id ?? []) };
    },

    decodeAll: ({ rows }) => ({ texts: rows.map((ids) => decoded(host.tokens, ids)) }),

    answerEnds: () => {
      const { tokenizer, breaks } = host.tokens;
      return { endTokenIds: tokenizer.endTokenIds, breakTokenIds: breaks() };
    },

    decode: ({ ids }) => ({ text: host.tokens.tokenizer.decode(ids) }),

    chat: ({ message }) => ({ text: host.tokens.tokenizer.chat(message) }),
  } satisfies Partial<Handlers<WorkflowMethods>>;
}
