// The engine in a worker of its own, in a Vite project: npm install, npm run build, npx vite preview.
import { openModel, train } from 'softprompt/worker';

const asked = new URLSearchParams(location.search);
const show = (id, text) => Object.assign(document.getElementById(id), { textContent: text });
const started = performance.now();
setInterval(() => show('clock', ((performance.now() - started) / 1000).toFixed(1)), 50);

const rows = [
  ['The order never came', 'late'],
  ['Still waiting for my order', 'late'],
  ['Where is the courier?', 'late'],
  ['It should have been here on Monday', 'late'],
  ['A week, and no sign of it', 'late'],
  ['The tracking has not moved for days', 'late'],
  ['The lamp arrived in pieces', 'broken'],
  ['One of the screws is missing', 'broken'],
  ['It stopped after a day', 'broken'],
  ['The screen has a crack', 'broken'],
  ['The battery does not charge', 'broken'],
  ['The handle came off in my hand', 'broken'],
].map(([text, label]) => ({ text, label }));

const model = await openModel(asked.get('model') ?? 'HuggingFaceTB/SmolLM2-135M-Instruct');
const training = train(model, rows, { preset: 'quick', steps: Number(asked.get('steps') ?? 40) });
Object.assign(document.getElementById('stop'), { hidden: false, onclick: () => training.stop() });
for await (const event of training)
  if (event.kind === 'step') show('status', `Step ${event.step} of ${event.steps}, loss ${event.loss.toFixed(2)}`);

const prompt = await training.prompt;
const [{ label, probability }] = await prompt.classify(['Still no delivery']);
show('answer', `“Still no delivery”: ${label} (${(100 * probability).toFixed(0)}%), threads: ${model.threads}`);
show('status', 'Done.');
await model.dispose(); // ends the worker
