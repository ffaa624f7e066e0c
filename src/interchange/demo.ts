/** `demo.json` in an export for an audience: the texts for the stage. */
import { z } from '../lib/zod';
import { exactJson, readExactJson } from './exact-json';

export const DEMO_FILE = 'demo.json';

const demoSchema = z.object({
  formatVersion: z.literal(1),
  examples: z.array(z.string().min(1).max(20_000)).min(1).max(100),
});

export const writeDemo = (examples: readonly string[]): Uint8Array =>
  new TextEncoder().encode(exactJson({ formatVersion: 1, examples }));

/** The texts, or null where the file is none of ours. */
export function readDemo(bytes: Uint8Array): readonly string[] | null {
  const parsed = demoSchema.safeParse(readExactJson(bytes));
  return parsed.success ? parsed.data.examples : null;
}
