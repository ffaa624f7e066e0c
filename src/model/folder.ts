import { StudioError } from '../lib/errors';
import { type ModelCard, type ModelFiles, makeCard } from './card';

/** Which of several .onnx files to run: the smallest sufficiently exact one first; all are computed in float32. */
const PREFERENCE = [
  'model_q4.onnx',
  'model.onnx',
  'model_fp16.onnx',
  'model_q4f16.onnx',
  'decoder_model_merged.onnx',
  'model_quantized.onnx',
  'model_int8.onnx',
  'model_uint8.onnx',
  'model_bnb4.onnx',
];
const SETTINGS =
  /^(?:config|generation_config|tokenizer|tokenizer_config|special_tokens_map|genai_config)\.json$|^chat_template\.jinja$/;
/** Files next to a graph that do not belong to it: texts, tokenizers, and the same weights for other programs. */
const OTHERS =
  /\.(?:onnx|json|jsonl|txt|md|jinja|py|ya?ml|model|safetensors|gguf|pth?|h5|msgpack|png|jpg)$|^pytorch_model|^\.|^LICENSE|^NOTICE/;

export interface Choice {
  /** Path of the chosen graph in the hub's layout. */
  readonly onnx: string;
  /** Original path -> path in the hub's layout: graph and weights under `onnx/`, settings beside it. */
  readonly files: ReadonlyMap<string, string>;
}

const split = (path: string) => {
  const at = path.lastIndexOf('/') + 1;
  return { folder: path.slice(0, at), name: path.slice(at) };
};

/** The files of a model in a folder, in hub layout or flat; or the names of what is missing. */
export function chooseFiles(paths: readonly string[]): Choice | { readonly missing: readonly string[] } {
  // Of files with the same name, the one nearer to the top counts.
  const sorted = [...paths].sort((a, b) => a.split('/').length - b.split('/').length);
  const named = (name: string) => sorted.find((path) => split(path).name === name);
  const onnx =
    PREFERENCE.map(named).find((path) => path !== undefined) ?? sorted.find((path) => path.endsWith('.onnx'));
  const missing = [...(onnx ? [] : ['an .onnx file']), ...(named('tokenizer.json') ? [] : ['tokenizer.json'])];
  if (!onnx || missing.length > 0) return { missing };

  const { folder, name: graph } = split(onnx);
  const beside = sorted.filter((path) => split(path).folder === folder);
  const isAlone = beside.filter((path) => path.endsWith('.onnx')).length === 1;
  const files = new Map<string, string>();
  for (const path of sorted) {
    const { folder: where, name } = split(path);
    // Exporters name weight files after the graph; next to the only graph, any name will do.
    const isWeights = path !== onnx && where === folder && !OTHERS.test(name) && (isAlone || name.startsWith(graph));
    if (path === onnx || isWeights) files.set(path, `onnx/${name}`);
    else if (SETTINGS.test(name) && named(name) === path) files.set(path, name);
  }
  return { onnx: `onnx/${graph}`, files };
}

export interface NamedFile {
  /** As dropped or chosen; may start with the folder's name. */
  readonly path: string;
  readonly bytes: () => Promise<Uint8Array<ArrayBuffer>>;
  /** In bytes, if known before reading. */
  readonly size?: number;
}

/** Reads a model folder in hub layout (or flat) from disk. @throws StudioError `model-missing-file` naming what is missing */
export async function readFolder(
  files: readonly NamedFile[],
  name: string,
): Promise<{ card: ModelCard; files: ModelFiles }> {
  const choice = chooseFiles(files.map(({ path }) => path));
  if ('missing' in choice)
    throw new StudioError(
      'model-missing-file',
      `The folder “${name}” lacks ${choice.missing.join(' and ')}. Choose the folder that holds config.json, tokenizer.json and onnx/, as on the hub.`,
      { data: { missing: choice.missing } },
    );
  const out: Record<string, Uint8Array<ArrayBuffer>> = {};
  for (const file of files) {
    const path = choice.files.get(file.path);
    if (path === undefined) continue;
    try {
      out[path] = await file.bytes();
    } catch (cause) {
      throw new StudioError(
        'model-missing-file',
        `${file.path} could not be read from disk: it was moved, changed or is too large. Open the folder again.`,
        { data: { file: file.path }, cause },
      );
    }
  }
  return { card: await makeCard(name, choice.onnx, out), files: out };
}
