/** The runtime and a graph of some thousand nodes, measured. */
const RUNTIME_BYTES = 30e6;

/** The heap grows by a fifth of its size, but at most 96 MB, so on average half of that is free. */
export const heapOf = (weights: number) => RUNTIME_BYTES + weights + Math.min(weights / 10, 48e6);

/** What WebAssembly can address. */
const HEAP_BYTES = 2 ** 32;
/** A weight of 4 bits, with its share of a float32 scale for 32 of them. */
const STORED_BYTES = 0.5 + 4 / 32;
/** Held small: an integer, with its share of scale and offset. */
const SMALL_BYTES = 1.25;

/** To three digits: of `model_q4.onnx`, which is downloaded, and of `model.onnx`. */
interface Listed {
  readonly id: string;
  readonly downloadBytes: number;
  readonly float32Bytes: number;
  readonly languages: string;
  readonly licence: string;
}

/** float32 takes 4 bytes a weight, and the two files differ only in the packed ones. */
const model = (listed: Listed) => {
  const packed = (listed.float32Bytes - listed.downloadBytes) / (4 - STORED_BYTES);
  const fastBytes = heapOf(listed.float32Bytes);
  const smallBytes = heapOf(listed.float32Bytes - (4 - SMALL_BYTES) * packed);
  return { ...listed, parameters: listed.float32Bytes / 4, fastBytes, smallBytes, fitsFast: fastBytes < HEAP_BYTES };
};

export type HubModel = ReturnType<typeof model>;

/** Exporters' layouts are in the fixtures; files, languages and licences as the hub states. Smallest first. */
export const HUB_MODELS: readonly HubModel[] = [
  model({
    id: 'HuggingFaceTB/SmolLM2-360M-Instruct',
    downloadBytes: 417e6,
    float32Bytes: 1.64e9,
    languages: 'English',
    licence: 'Apache 2.0',
  }),
  model({
    id: 'onnx-community/Qwen2.5-0.5B-Instruct',
    downloadBytes: 786e6,
    float32Bytes: 1.99e9,
    languages:
      'over 29: Chinese, English, French, Spanish, Portuguese, German, Italian, Russian, Japanese, Korean, Vietnamese, Thai, Arabic and others',
    licence: 'Apache 2.0',
  }),
  model({
    id: 'onnx-community/Llama-3.2-1B-Instruct',
    downloadBytes: 1.66e9,
    float32Bytes: 4.94e9,
    languages: 'English, German, French, Italian, Portuguese, Hindi, Spanish, Thai',
    licence: 'Llama 3.2 Community License',
  }),
];
