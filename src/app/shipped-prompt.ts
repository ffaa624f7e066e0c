/** The prompt trained in advance that the start screen shows: the folder that an export makes, unzipped. */

import { sidecarSchema } from '../interchange/sidecar';
import { softPromptOf } from '../interchange/sidecar-build';
import { StudioError } from '../lib/errors';
import { z } from '../lib/zod';
import { readNpy } from '../prompt/npy';
import { siteFile } from './sample';
import type { ShippedPrompt } from './services';

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
    soft: softPromptOf(sidecar.data, table.value.vectors),
    bytes: table.value.vectors.byteLength,
    calibration: calibration?.meanLogProbs ?? null,
    modelId: model.id,
    modelSha256: model.sha256,
  };
}
