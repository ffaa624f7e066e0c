/** A prompt writes on after the text, token by token, as text for the screen. */
import { StudioError } from '../../../lib/errors';
import type { SoftPrompt } from '../../../prompt/types';
import type { Services } from '../../state/services';
import { writeTexts } from '../../state/write-texts';
import type { Answer, Player } from './cast';

export interface Writing {
  /** 0 = always the most probable token. */
  readonly temperature: number;
  readonly topP: number;
  readonly maxTokens: number;
  readonly seed: number;
  /** Ends where this text comes, which is left out; empty = nowhere. `\n` stands for a line break. */
  readonly stopAt: string;
}

export const DEFAULT_WRITING: Writing = { temperature: 0.7, topP: 0.9, maxTokens: 48, seed: 0, stopAt: '' };

interface WriteRequest {
  readonly ids: Int32Array;
  readonly soft: SoftPrompt | null;
  readonly endTokenIds: readonly number[];
  readonly writing: Writing;
}

/** The text up to the stop string, and whether it came. */
export function upTo(text: string, stopAt: string): { readonly text: string; readonly stopped: boolean } {
  const at = stopAt === '' ? -1 : text.indexOf(stopAt.replaceAll('\\n', '\n'));
  return at < 0 ? { text, stopped: false } : { text: text.slice(0, at), stopped: true };
}

/** @throws StudioError `cancelled`, and as the engine's generate */
export async function write(
  services: Pick<Services, 'engine' | 'data'>,
  { ids, soft, endTokenIds, writing }: WriteRequest,
  signal: AbortSignal,
  onText: (text: string) => void,
): Promise<void> {
  const { maxTokens: maxNewTokens, stopAt, ...sampling } = writing;
  const stop = new AbortController();
  const written: number[] = [];
  let shown = Promise.resolve();
  const show = async (all: Int32Array) => {
    if (stop.signal.aborted || signal.aborted) return;
    const decoded = await services.data.call('decode', { ids: all });
    const { text, stopped } = upTo(decoded.text, stopAt);
    if (!signal.aborted) onText(text);
    if (stopped) stop.abort();
  };
  try {
    await services.engine.call(
      'generate',
      { ids, soft, maxNewTokens, endTokenIds, ...sampling },
      {
        signal: AbortSignal.any([signal, stop.signal]),
        onEvent: ({ id }) => {
          written.push(id);
          const all = Int32Array.from(written);
          shown = shown.then(() => show(all));
        },
      },
    );
  } catch (cause) {
    if (!(stop.signal.aborted && cause instanceof StudioError && cause.code === 'cancelled')) throw cause;
  }
  await shown;
}

/** One prompt's likeliest answer to a text: what Compare would hold against the wanted one. @throws StudioError as the engine's write */
export async function writeAnswer(
  services: Pick<Services, 'engine' | 'data'>,
  { soft }: Pick<Player, 'soft'>,
  ids: Int32Array,
  longest: number,
  signal: AbortSignal,
): Promise<Answer> {
  const begin = performance.now();
  const row = { rowId: 'typed', ids, label: null };
  const asked = { rows: [row], soft, cacheKey: null, longest };
  const [written] = await writeTexts(services, asked, { signal, onShare: () => {} });
  return {
    probabilities: [],
    text: written?.text ?? '',
    tokens: ids.length + (soft?.virtualTokens ?? 0),
    ms: performance.now() - begin,
  };
}
