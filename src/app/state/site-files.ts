/** The files that ship with the page, fetched when they are first needed. */
import { PROMPT_FILE, readPackage, unpacked } from '../../interchange/package';
import { badInput } from '../../lib/errors';
import { z } from '../../lib/zod';
import type { Version } from '../../prompt-set/types';
import type { AnswerWord } from '../../task/types';

const ids = z.array(z.string());

/** sample.json, or starter.json of a starter. */
const schema = z.object({
  name: z.string(),
  textColumn: z.string(),
  labelColumn: z.string(),
  seed: z.int(),
  template: z.string(),
  answerWords: z.record(z.string(), z.string()),
  prompts: z.array(z.object({ name: z.string(), template: z.string() })).min(1),
  example: z.string(),
  /** For presenting: new texts, in none of the splits. */
  examples: z.array(z.object({ text: z.string(), label: z.string() })).default([]),
  /** Left out: as the seed splits the rows of any file. */
  split: z.object({ train: ids, validation: ids, test: ids }).optional(),
});

export interface SampleSet extends Omit<z.infer<typeof schema>, 'answerWords' | 'examples'> {
  readonly idColumn: string;
  readonly words: readonly AnswerWord[];
  readonly examples: readonly { readonly fields: { readonly text: string }; readonly right: string }[];
  readonly csv: { readonly fileName: string; readonly bytes: Uint8Array };
}

const texts = z.array(z.string()).min(1);
const listSchema = z.object({
  /** With rows; `id` names the folder. */
  starters: z.array(
    z.object({ id: z.string(), name: z.string(), about: z.string(), labels: texts, rows: z.int().positive() }),
  ),
  cards: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      about: z.string(),
      columns: z.object({ text: texts, label: texts }),
      labels: z.array(z.object({ label: z.string(), word: z.string(), means: z.string() })).min(2),
      limits: z.string(),
      template: z.string(),
      prompt: z.string(),
    }),
  ),
});

export type StarterList = z.infer<typeof listSchema>;

async function siteFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(new URL(path, document.baseURI)).catch((cause: unknown) => {
    throw badInput(`${path} could not be fetched: the connection failed. Try again.`, { cause });
  });
  // a static host may answer with its start page instead of "not found"
  if (!response.ok || response.headers.get('content-type')?.startsWith('text/html'))
    throw badInput(`${path} is not on this site. Was the whole build copied?`, { data: { path } });
  return new Uint8Array(await response.arrayBuffer());
}

/** A JSON file of this site. @throws StudioError bad-input when it is not there, or not what it should be */
async function siteJson<T>(path: string, shape: z.ZodType<T>): Promise<T> {
  const parsed = shape.safeParse(JSON.parse(new TextDecoder().decode(await siteFile(path))));
  if (!parsed.success) throw badInput(`${path} is damaged: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

export const loadStarters = (): Promise<StarterList> => siteJson('starters/index.json', listSchema);

export async function loadSample(starter: string | null = null): Promise<SampleSet> {
  const [folder, name] = starter === null ? ['sample', 'sample'] : [`starters/${starter}`, 'starter'];
  const fileName = `${starter ?? 'support-messages'}.csv`;
  const [of, csv] = await Promise.all([siteJson(`${folder}/${name}.json`, schema), siteFile(`${folder}/${fileName}`)]);
  const { answerWords, examples, ...sample } = of;
  return {
    ...sample,
    idColumn: 'id',
    examples: examples.map(({ text, label }) => ({ fields: { text }, right: label })),
    words: Object.entries(answerWords).map(([label, word]) => ({ label, word })),
    csv: { fileName, bytes: csv },
  };
}

const FOLDER = 'sample/support-tone.prompt';

/** The prompt trained in advance that the start screen shows. @throws StudioError bad-input: not there, or not what it should be */
export async function loadShippedPrompt(): Promise<Version> {
  const read = readPackage(await siteFile(`${FOLDER}/${PROMPT_FILE}`));
  if (!read.ok) throw badInput(read.error.message);
  return { ...unpacked(read.value, read.value.version), name: 'Tuned on support tickets' };
}
