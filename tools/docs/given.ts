/** What a block of the documents may use without making it. */
import { openModel, train } from './softprompt.ts';

const TOPICS = [
  ['late', 'The order came days late', 'Where is my order', 'Still waiting for the courier'],
  ['broken', 'The lamp was broken', 'A screw is missing', 'It stopped after a day'],
] as const;

export const allRows = Array.from({ length: 90 }, (_, i) => {
  const [label, ...texts] = TOPICS[i % 2] ?? TOPICS[0];
  return { text: `${texts[i % 3]}, number ${i}`, label };
});
export const rows = allRows.slice(0, 60);
export const pairs = rows.map(({ text, label }) => ({ text, target: `It is ${label}.` }));
export const testRows = allRows.slice(60);

export const model = await openModel('tiny');
export const prompt = await train(model, rows).prompt;
/** As they were written to a disk. */
export const files = await prompt.toFiles('package');
