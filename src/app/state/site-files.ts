/** The files that ship with the page: the sample and the prompt that was trained on it in advance. */

import { sidecarSchema } from '../../interchange/sidecar';
import { softPromptOf } from '../../interchange/sidecar-build';
import { StudioError } from '../../lib/errors';
import { z } from '../../lib/zod';
import { readNpy } from '../../prompt/codecs';
import type { SampleSet, ShippedPrompt } from './services';

const schema = z.object({
  name: z.string(),
  textColumn: z.string(),
  labelColumn: z.string(),
  seed: z.int(),
  template: z.string(),
  answerWords: z.record(z.string(), z.string()),
  prompts: z.array(z.object({ name: z.string(), template: z.string() })).min(1),
  example: z.string(),
  examples: z.array(z.object({ text: z.string(), label: z.string() })).default([]),
  split: z.object({
    train: z.array(z.string()),
    validation: z.array(z.string()),
    test: z.array(z.string()),
  }),
});

const FILE = 'support-messages.csv';

/** A file of this site. @throws StudioError bad-input when it is not there */
async function siteFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(new URL(path, document.baseURI)).catch((cause: unknown) => {
    throw new StudioError('bad-input', `${path} could not be fetched: the connection failed. Try again.`, { cause });
  });
  // a static host may answer with its start page instead of "not found"
  if (!response.ok || response.headers.get('content-type')?.startsWith('text/html'))
    throw new StudioError('bad-input', `${path} is not on this site. Was the whole build copied?`, { data: { path } });
  return new Uint8Array(await response.arrayBuffer());
}

export async function loadSample(): Promise<SampleSet> {
  const [json, csv] = await Promise.all([siteFile('sample/sample.json'), siteFile(`sample/${FILE}`)]);
  const parsed = schema.safeParse(JSON.parse(new TextDecoder().decode(json)));
  if (!parsed.success) throw new StudioError('bad-input', `The sample is damaged: ${z.prettifyError(parsed.error)}`);
  const { answerWords, examples, ...sample } = parsed.data;
  return {
    ...sample,
    idColumn: 'id',
    examples: examples.map(({ text }) => text),
    words: Object.entries(answerWords).map(([label, word]) => ({ label, word })),
    csv: { fileName: FILE, bytes: csv },
  };
}

const FOLDER = 'sample/support-tone.prompt';

/** @throws StudioError bad-input: not there, or not what it should be */
export async function loadShippedPrompt(): Promise<ShippedPrompt> {
  const [json, npy] = await Promise.all([
    siteFile(`${FOLDER}/softprompt.json`),
    siteFile(`${FOLDER}/prompt_embeddings.npy`),
  ]);
  const sidecar = sidecarSchema.safeParse(JSON.parse(new TextDecoder().decode(json)));
  if (!sidecar.success)
    throw new StudioError('bad-input', `The shipped prompt is damaged: ${z.prettifyError(sidecar.error)}`);
  const table = readNpy(npy);
  if (!table.ok) throw new StudioError('bad-input', table.error.message);
  const { template, labels, model, calibration } = sidecar.data;
  return {
    template,
    words: labels.map(({ label, word }) => ({ label, word })),
    soft: softPromptOf(sidecar.data, table.value),
    bytes: table.value.vectors.byteLength,
    calibration: calibration?.meanLogProbs ?? null,
    modelId: model.id,
    modelSha256: model.sha256,
  };
}
