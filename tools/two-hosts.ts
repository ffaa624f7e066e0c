/** The journey of the two-host test on the Node host, printed as JSON: `tsx tools/two-hosts.ts classify|tag|generate`. */
import { join } from 'node:path';
import { createLog, openHost } from '../src/cli/node-host';
import type { TaskKind } from '../src/dataset/types';
import { story } from '../src/workflow/two-hosts.test-support';

const [, , kind] = process.argv;
const model = join(import.meta.dirname, '../public/models/softprompt-studio/tiny-support');
await using host = await openHost({ model, backend: 'node-wasm', threads: 1 }, createLog());
process.stdout.write(JSON.stringify(await story(host, kind as TaskKind)));
