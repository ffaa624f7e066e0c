/** Its own tokenizer, and the engine worker over a channel of its own. */

import type { EngineMethods } from '../api/engine-methods';
import { engineOver } from '../api/remote-engine';
import { badInput } from '../lib/errors';
import { configOf } from '../model/card';
import { type PageEnd, RpcClient } from '../rpc/client';
import { openAnswers } from '../store/answers';
import type { OpenTokenizer } from '../tokens/tokenizer';
import type { Host, HostEngine } from '../workflow/host';
import { withKnownAnswers } from '../workflow/known-answers';
import { rememberedNeighbours } from '../workflow/token-rows';
import type { EngineLink, ModelFiles } from './protocol';

const callingEnd = (port: MessagePort): PageEnd => {
  port.start();
  return {
    postMessage: (message, transfer) => port.postMessage(message, transfer),
    addEventListener: (type, listener) => port.addEventListener(type, listener),
    terminate: () => port.close(),
  };
};

export interface PageHost extends Host {
  readonly hasTokens: boolean;
  open(tokens: OpenTokenizer, files: ModelFiles): void;
  /** Requests to the previous engine worker are cancelled. */
  connect(link: EngineLink | null): void;
}

/** Programs that travel with a prompt: files of the site, fetched when a package needs them. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'predict.py': new URL('../../tools/export/predict.py', import.meta.url).href,
  'rows_file.py': new URL('../../tools/export/rows_file.py', import.meta.url).href,
  'train_peft.py': new URL('../../tools/export/train_peft.py', import.meta.url).href,
  'serve_vllm.py': new URL('../../tools/export/serve_vllm.py', import.meta.url).href,
  'serve_vllm.md': new URL('../../tools/export/serve_vllm.md', import.meta.url).href,
};

/** @throws StudioError `bad-input` where the site does not have the file */
async function readAsset(name: string, base: string | undefined): Promise<string> {
  // as a file it would be served as a module, which a development server changes
  if (name === 'predict.mjs') return (await import('../../tools/export/predict.mjs?raw')).default;
  return (await fetched(name, PROGRAMS[name] ?? new URL(`sample/${name}`, base))).text();
}

async function fetched(name: string, address: string | URL): Promise<Response> {
  const response = await fetch(address).catch((cause: unknown) => {
    throw badInput(`${name} could not be fetched: the connection failed. Try again.`, { cause });
  });
  // a static host may answer with its start page instead of "not found"
  const isPage = response.headers.get('content-type')?.startsWith('text/html') && !name.endsWith('.html');
  if (!response.ok || isPage) throw badInput(`${name} is not on this site. Was the whole build copied?`);
  return response;
}

/** ONNX Runtime's own files are where the page has them. */
async function readDropIn(name: string, base: string | undefined): Promise<Uint8Array> {
  const { RUNTIME_FILES } = await import('../runtime/ort-web');
  const address = RUNTIME_FILES.get(name) ?? new URL(`drop-in/${name}`, base);
  return new Uint8Array(await (await fetched(name, address)).arrayBuffer());
}

export function createPageHost(): PageHost {
  let opened:
    | (Pick<Host['card'], 'attentionHeads' | 'embeddingMultiplier'> & { readonly tokens: OpenTokenizer })
    | null = null;
  let linked: {
    readonly client: RpcClient<EngineMethods>;
    readonly engine: HostEngine;
    readonly link: EngineLink;
  } | null = null;
  const answers = openAnswers();
  const host: PageHost = {
    get hasTokens() {
      return opened !== null;
    },
    get tokens() {
      if (!opened) throw badInput('The model’s tokenizer is still loading. Wait for the model.');
      return opened.tokens;
    },
    get engine() {
      if (!linked) throw badInput('No model is loaded yet.');
      return linked.engine;
    },
    get card() {
      const { attentionHeads = null, embeddingMultiplier = 1 } = opened ?? {};
      return { weights: linked?.link.weights ?? null, attentionHeads, embeddingMultiplier };
    },
    neighbours: rememberedNeighbours(() => host),
    asset: (name) => readAsset(name, linked?.link.base),
    dropIn: (name) => readDropIn(name, linked?.link.base),
    now: () => new Date().toISOString(),
    newId: () => crypto.randomUUID(),
    open: (tokens, files) => {
      const { attentionHeads, embeddingMultiplier } = configOf(files);
      opened = { tokens, attentionHeads, embeddingMultiplier };
    },
    connect: (link) => {
      linked?.client.dispose();
      linked = null;
      if (!link) return;
      const client: RpcClient<EngineMethods> = new RpcClient('engine', () => callingEnd(link.port));
      const engine = engineOver(client, link.info);
      linked = { client, link, engine: answers ? withKnownAnswers(engine, answers) : engine };
    },
  };
  return host;
}
