/** The nearest training rows of a data set, found once and remembered for the data set asked for last. */
import { findNeighbours, neighbourPlan } from '../task/neighbours';
import type { Neighbours } from '../task/types';
import type { Host } from './host';

/** @param of the host's tokenizer and engine, read when they are needed: another model may be loaded meanwhile */
export function rememberedNeighbours(of: () => Pick<Host, 'tokens' | 'engine'>): Host['neighbours'] {
  let last: { readonly key: string; readonly found: Promise<Neighbours> } | null = null;
  return (dataset, control, onProgress) => {
    const { tokens, engine } = of();
    const key = `${dataset.fingerprint} ${dataset.splitHash} ${engine.info.sha256}`;
    if (last?.key === key) return last.found;
    const plan = neighbourPlan(dataset, tokens.tokenizer.encode);
    const { tokenIds } = plan;
    const reading = engine
      .tokenVectors(tokenIds, control, (done) => onProgress?.(done, tokenIds.length))
      .then((vectors) => findNeighbours(plan, { ids: tokenIds, vectors, hidden: engine.info.hidden }));
    const mine = { key, found: reading };
    last = mine;
    reading.catch(() => {
      if (last === mine) last = null;
    });
    return reading;
  };
}
