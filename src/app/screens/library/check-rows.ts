/** Check rows: sentences shipped with the product, in the user's template, and what the model says of them. */

import type { Sidecar } from '../../../interchange/sidecar';
import { MIN_CHECK_ROWS } from '../../../interchange/sidecar';
import { type CheckRow, checkTarget } from '../../../interchange/sidecar-build';
import { StudioError } from '../../../lib/errors';
import { z } from '../../../lib/zod';
import { argmax } from '../../../metrics/classification';
import type { SoftVersion } from '../../../project/types';
import type { SoftPrompt } from '../../../prompt/types';
import { fillTemplate } from '../../../task/template';
import type { LabelTokens, TokenRow } from '../../../tokens/types';
import type { WrittenRow } from '../../../worker/protocol';
import { scoringTargets } from '../../../workflow/generated-texts';
import type { Services } from '../../state/services';
import { siteFile } from '../../state/site-files';

const schema = z.object({ parityTexts: z.array(z.string()).min(MIN_CHECK_ROWS) });

export async function shippedSentences(): Promise<readonly string[]> {
  const parsed = schema.safeParse(JSON.parse(new TextDecoder().decode(await siteFile('sample/sample.json'))));
  if (!parsed.success)
    throw new StudioError(
      'bad-input',
      'The sentences for the check rows are not on this site. Was the build copied whole?',
    );
  return parsed.data.parityTexts;
}

export interface Watch {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}

const options = ({ signal, onProgress }: Watch) => ({
  ...(signal ? { signal } : {}),
  onEvent: ({ done, total }: { readonly done: number; readonly total: number }) => onProgress?.({ done, total }),
});

/** Scores the shipped sentences with a tuned prompt. */
export async function makeCheckRows(
  services: Services,
  run: SoftVersion,
  labels: readonly LabelTokens[],
  textColumn: string | null,
  watch: Watch = {},
): Promise<readonly CheckRow[]> {
  const texts = (await shippedSentences()).map((sentence) => fillTemplate(run.template, sentence, textColumn));
  const encoded = await Promise.all(texts.map((text) => services.data.call('encode', { text })));
  const rows = encoded.map(({ ids }, i) => ({ rowId: String(i), ids, label: null }));
  if (run.writes) return withTargets(services, run, texts, rows, watch);
  const scored = await services.engine.call('score', { rows, labels, soft: run.soft, cacheKey: null }, options(watch));
  const byId = new Map(scored.rows.map((row) => [row.rowId, row.logProbs]));
  return texts.map((text, i) => ({ text, ids: encoded[i]?.ids ?? [], logProbs: byId.get(String(i)) ?? [] }));
}

async function withTargets(
  services: Services,
  run: SoftVersion,
  texts: readonly string[],
  rows: readonly Omit<TokenRow, 'target'>[],
  watch: Watch,
): Promise<readonly CheckRow[]> {
  const text = checkTarget(run.template);
  const { ids: target } = await services.data.call('encode', { text });
  const asked = rows.map((row) => ({ ...row, target }));
  const { rows: found } = await services.engine.call('write', scoringTargets(asked, null, run.soft), options(watch));
  return texts.map((each, i) => ({
    text: each,
    ids: rows[i]?.ids ?? [],
    logProbs: [],
    target: { text, ids: target, logProb: found[i]?.target?.logProb ?? Number.NaN },
  }));
}

/** How far this machine and model are off what the file says. */
export interface Replay {
  readonly rows: number;
  /** Rows whose likeliest label is another one here. */
  readonly changed: number;
  readonly largestDifference: number;
}

export async function replay(
  services: Services,
  sidecar: Pick<Sidecar, 'labels' | 'parityRows' | 'writing'>,
  soft: SoftPrompt,
  watch: Watch = {},
): Promise<Replay> {
  const rows = sidecar.parityRows.map((row, i) => ({
    rowId: String(i),
    ids: Int32Array.from(row.inputIds),
    label: null,
    ...(row.target && { target: Int32Array.from(row.target.ids) }),
  }));
  if (sidecar.writing) {
    const { rows: found } = await services.engine.call('write', scoringTargets(rows, null, soft), options(watch));
    return compareTargets(sidecar, found);
  }
  const scored = await services.engine.call(
    'score',
    { rows, labels: sidecar.labels, soft, cacheKey: null },
    options(watch),
  );
  return compareReplay(sidecar, new Map(scored.rows.map((row) => [Number(row.rowId), row.logProbs])));
}

/** Log-probabilities a token, as those of long texts add up what is off. */
export function compareTargets({ parityRows }: Pick<Sidecar, 'parityRows'>, found: readonly WrittenRow[]): Replay {
  const off = parityRows.map(({ target }, i) => {
    const here = found[i]?.target;
    return target && here ? Math.abs(target.logProb - here.logProb) / here.tokens : Number.NaN;
  });
  return { rows: parityRows.length, changed: 0, largestDifference: Math.max(0, ...off) };
}

export function compareReplay(
  sidecar: Pick<Sidecar, 'labels' | 'parityRows'>,
  found: ReadonlyMap<number, readonly number[]>,
): Replay {
  let changed = 0;
  let largestDifference = 0;
  for (const [i, row] of sidecar.parityRows.entries()) {
    const expected = sidecar.labels.map(({ label }) => row.logProbs[label] ?? Number.NaN);
    const got = found.get(i) ?? [];
    if (argmax(expected) !== argmax(got)) changed++;
    for (const [c, value] of expected.entries())
      largestDifference = Math.max(largestDifference, Math.abs(value - (got[c] ?? Number.NaN)));
  }
  return { rows: sidecar.parityRows.length, changed, largestDifference };
}

/** "All 12 check rows agree, to within 0.0003". */
export function replayWords({ rows, changed, largestDifference }: Replay): string {
  const off = largestDifference < 0.0001 ? '0.0001' : largestDifference.toPrecision(2);
  if (changed > 0)
    return `${changed} of ${rows} check rows come out differently here (log-probabilities are off by up to ${off})`;
  if (!(largestDifference <= 0.05))
    return `All ${rows} check rows get the same answer, but log-probabilities are off by up to ${off}`;
  return `All ${rows} check rows agree, to within ${off}`;
}
