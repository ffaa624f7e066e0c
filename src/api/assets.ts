/** Programs that travel with a prompt, and the sentences that it answers as a check, as parts of the code that are loaded late. */
import { badInput } from '../lib/errors';

const TEXTS = import.meta.glob<string>(
  ['../../tools/export/{predict,rows_file,train_peft,serve_vllm}.{py,mjs,md}', '../../public/sample/sample.json'],
  { query: '?raw', import: 'default' },
);

/** @throws StudioError `bad-input` */
export async function asset(name: string): Promise<string> {
  const load = Object.entries(TEXTS).find(([path]) => path.endsWith(`/${name}`))?.[1];
  if (!load) throw badInput(`There is no file ${name}.`);
  return load();
}
