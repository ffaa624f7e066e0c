/** The declarations of `softprompt`: src/api/types.ts, with the types of its functions as functions, so that an editor shows what each does. */
import { readFileSync } from 'node:fs';
import { API_TYPES } from './drop-in.ts';

const FUNCTIONS = { OpenModel: 'openModel', Train: 'train', Compare: 'compare', LoadPrompt: 'loadPrompt' } as const;

export function surface(): string {
  let types = readFileSync(API_TYPES, 'utf8');
  for (const [type, name] of Object.entries(FUNCTIONS)) {
    const found = new RegExp(`export type ${type} = \\(([^=]*)\\) => ([\\w<>]+);`);
    if (!found.test(types)) throw new Error(`src/api/types.ts has no type ${type} of a function.`);
    types = types.replace(found, `export declare function ${name}($1): $2;`);
  }
  return types;
}
