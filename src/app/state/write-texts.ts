/** Rows of a data set, answered by a prompt: rendered and tokenised in one worker, written in the other. */
import type { Dataset } from '../../dataset/types';
import type { PromptSet } from '../../project/types';
import type { SoftPrompt } from '../../prompt/types';
import type { HardPrompt } from '../../task/types';
import type { TokenRow } from '../../tokens/types';
import type { WrittenRow } from '../../worker/protocol';
import type { Services } from './services';

/** Of a set without rows that does not say. */
const FALLBACK_TOKENS = 64;

type Workers = Pick<Services, 'engine' | 'data'>;

/** How many tokens an answer may have: as it was set, else as the texts of the data say. */
export async function longestAnswer(
  { data }: Pick<Services, 'data'>,
  set: PromptSet,
  dataset: Dataset | null,
): Promise<number> {
  if (set.writing?.longest != null) return set.writing.longest;
  return dataset ? (await data.call('targetLengths', { dataset })).longest : FALLBACK_TOKENS;
}

interface Asked {
  readonly rows: readonly TokenRow[];
  readonly soft: SoftPrompt | null;
  /** As in ScoreRequest. */
  readonly cacheKey: string | null;
  readonly longest: number;
}

interface Telling {
  readonly signal: AbortSignal;
  readonly onShare: (share: number, secondsLeft: number | null) => void;
}

export interface WrittenText {
  readonly rowId: string;
  readonly text: string;
  readonly target: WrittenRow['target'];
}

/** What the likeliest answer to each row is, and how well its wanted one was foreseen. @throws StudioError as the engine's write */
export async function writeTexts(
  { engine, data }: Workers,
  { rows, soft, cacheKey, longest }: Asked,
  { signal, onShare }: Telling,
): Promise<readonly WrittenText[]> {
  const ends = await data.call('answerEnds', {});
  const written = await engine.call(
    'write',
    { rows, soft, cacheKey, maxNewTokens: longest, ...ends },
    { signal, onEvent: ({ done, total, secondsLeft }) => onShare(total > 0 ? done / total : 1, secondsLeft) },
  );
  const { texts } = await data.call('decodeAll', { rows: written.rows.map(({ ids }) => ids) });
  return written.rows.map(({ rowId, target }, i) => ({ rowId, target, text: texts[i] ?? '' }));
}

/** Rows of a prompt, with room for the longest answer; ids of those that do not fit. */
export async function rowsToWrite(
  { data }: Pick<Services, 'data'>,
  dataset: Dataset,
  prompt: HardPrompt,
  split: readonly string[],
  longest: number,
) {
  return data.call('tokenRows', { dataset, prompt, words: [], split, room: longest });
}
