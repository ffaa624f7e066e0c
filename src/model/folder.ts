import { StudioError } from '../lib/errors';
import { type ModelCard, type ModelFiles, makeCard } from './card';

/** Which .onnx of several is run: the smallest exact-enough first; all are computed in float32. */
const PREFERENCE = ['model_q4.onnx', 'model.onnx', 'model_fp16.onnx', 'model_q4f16.onnx'];

export interface NamedFile {
  /** As dropped or chosen: may have the folder's own name in front. */
  readonly path: string;
  readonly bytes: () => Promise<Uint8Array<ArrayBuffer>>;
}

/** Reads a model folder in hub layout (or flat) from disk. @throws StudioError `model-missing-file` naming what is not there */
export async function readFolder(
  files: readonly NamedFile[],
  name: string,
): Promise<{ card: ModelCard; files: ModelFiles }> {
  const find = (end: string) => files.find(({ path }) => path === end || path.endsWith(`/${end}`));
  const onnx =
    PREFERENCE.map(find).find((file) => file !== undefined) ?? files.find(({ path }) => path.endsWith('.onnx'));
  const tokenizer = find('tokenizer.json');
  const missing = [!onnx && 'an .onnx file', !tokenizer && 'tokenizer.json'].filter(Boolean);
  if (!onnx || !tokenizer)
    throw new StudioError(
      'model-missing-file',
      `The folder “${name}” lacks ${missing.join(' and ')}. Choose the folder that holds config.json, tokenizer.json and onnx/, as on the hub.`,
      { data: { missing } },
    );
  const base = onnx.path.split('/').pop() ?? onnx.path;
  const wanted = files.filter(({ path }) => {
    const file = path.split('/').pop() ?? path;
    return (
      file === base ||
      file.startsWith(`${base}_data`) ||
      /^(?:config|generation_config|tokenizer|tokenizer_config|special_tokens_map|genai_config)\.json$/.test(file) ||
      file === 'chat_template.jinja'
    );
  });
  const out: Record<string, Uint8Array<ArrayBuffer>> = {};
  for (const file of wanted) {
    const short = file.path.split('/').pop() ?? file.path;
    out[short.includes('.onnx') ? `onnx/${short}` : short] = await file.bytes();
  }
  return { card: await makeCard(name, `onnx/${base}`, out), files: out };
}
