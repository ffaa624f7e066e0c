/** Answers of one cast, each computed once: an example shown twice costs nothing. */

import { labelProbabilities } from '../../../evaluation/classify/outcome';
import { StudioError } from '../../../lib/errors';
import { fillTemplate } from '../../../task/template';
import { wordsFor } from '../../../task/words-for';
import type { Services } from '../../state/services';
import type { Answer, Cast, Player } from './cast';
import { writeAnswer } from './write';

const REMEMBERED = 200;

export interface Answerer {
  /** @throws StudioError `cancelled`, or whatever the engine throws */
  readonly answer: (player: Player, text: string, signal: AbortSignal) => Promise<Answer>;
  /** What was answered before; null = not yet, or so long ago that it is forgotten. */
  readonly known: (player: Player, text: string) => Answer | null;
  /** Tokens of the text as the player's prompt has it. */
  readonly encode: (player: Player, text: string) => Promise<{ readonly ids: Int32Array }>;
}

export function createAnswerer({ data, engine }: Pick<Services, 'data' | 'engine'>, cast: Cast): Answerer {
  const answered = new Map<string, Answer>();
  const keyOf = ({ id }: Player, text: string) => `${id} ${text}`;

  const encode = ({ template, chat }: Player, text: string) =>
    data.call('encode', { text: fillTemplate(template, text, cast.textColumn), chat });

  async function choose(player: Player, text: string, signal: AbortSignal): Promise<Answer> {
    const words = player.words ?? wordsFor(player, cast.words);
    const [{ ids }, { labels }] = await Promise.all([encode(player, text), data.call('labelTokens', { words })]);
    const request = { rows: [{ rowId: 'typed', ids, label: null }], labels, soft: player.soft, cacheKey: null };
    const scored = await engine.call('score', request, { signal });
    const [row] = scored.rows;
    if (!row) throw new StudioError('internal', 'internal: one row in, none out');
    return {
      probabilities: labelProbabilities(row.logProbs, player.calibration),
      tokens: row.tokensSent,
      ms: scored.rowsRun > 0 ? scored.seconds * 1000 : null,
    };
  }

  return {
    encode,
    known: (player, text) => answered.get(keyOf(player, text)) ?? null,
    answer: async (player, text, signal) => {
      const key = keyOf(player, text);
      const before = answered.get(key);
      if (before) return before;
      const answer =
        cast.longest === null
          ? await choose(player, text, signal)
          : await writeAnswer({ data, engine }, player, (await encode(player, text)).ids, cast.longest, signal);
      answered.set(key, answer);
      const oldest = answered.keys().next();
      if (answered.size > REMEMBERED && !oldest.done) answered.delete(oldest.value);
      return answer;
    },
  };
}
