import { badInput } from '../lib/errors';
import { z } from '../lib/zod';
import type { Host } from './host';

export type { RowsDone } from '../route/check-rows';

const sampleSchema = z.object({ parityTexts: z.array(z.string()).min(10) });

/** Sentences for check rows, which ship with the product. @throws StudioError `bad-input` where the site lacks them */
export async function shippedSentences(host: Pick<Host, 'asset'>): Promise<readonly string[]> {
  const parsed = sampleSchema.safeParse(JSON.parse(await host.asset('sample.json')));
  if (!parsed.success)
    throw badInput('The sentences for the check rows are not on this site. Was the whole build copied?');
  return parsed.data.parityTexts;
}
