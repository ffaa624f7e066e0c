// Trains a prompt on the rows of a CSV file, compares it on rows that training never saw, saves it and loads it again.
// npm install softprompt; node node.mjs support.csv [id on the hub or folder of a model] [steps] [folder of the prompt]
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { compare, loadPrompt, openModel, train } from 'softprompt';

const [path = 'support.csv', source = 'HuggingFaceTB/SmolLM2-135M-Instruct', steps = '60', folder = 'prompt'] =
  process.argv.slice(2);
const rows = new File([await readFile(path)], basename(path));
const model = await openModel(source, {
  onProgress: ({ received, total }) => process.stderr.write(`\r${((100 * received) / total).toFixed(0)}% of the model`),
});
console.log(`${model.id}, ${model.dtype}, threads: ${model.threads}`);

// `share`: 35% of the rows are held out, in prompt.heldOut
const training = train(model, rows, { preset: 'quick', steps: Number(steps), heldOut: 'share' });
for await (const event of training) {
  if (event.kind === 'note') console.log(event.text);
  if (event.kind === 'validation') console.log(`step ${event.step}: loss ${event.loss.toFixed(3)} on validation rows`);
}
const prompt = await training.prompt;

const report = await compare(model, prompt.heldOut, [prompt, { template: 'Message: {text}\nSentiment:' }]);
console.log(`${report.headline} (${report.rows} test rows)`);
for (const { name, metrics } of report.prompts)
  if (metrics.accuracy) console.log(`${(100 * metrics.accuracy.value).toFixed(0).padStart(4)}%  ${name}`);

// With its results; `page` makes a web page of it, `peft` an adapter where the vectors are before the text.
const files = await (report.tuned ?? prompt).toFiles('package');
for (const [name, bytes] of Object.entries(files)) {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), bytes);
}

const same = await loadPrompt(model, new Blob([await readFile(join(folder, 'prompt.json'))]));
const [answer] = await same.classify(['I had to call support three times, but they finally helped.']);
console.log(`${answer.label} (${(100 * answer.probability).toFixed(0)}%), by ${join(folder, 'prompt.json')}`);
await model.dispose();
