/**
 * A training step by placement, by turns in one run: tokens run, seconds, seconds of the processor (medians).
 *
 *     npx tsx tools/bench/steps.ts [--backend node-wasm] [--rounds 7]
 */
import { createLog, DEFAULT_MODEL, openHost } from '../../src/cli/node-host';
import { uninterrupted } from '../../src/lib/control';
import { createRng } from '../../src/lib/rng';
import { median } from '../../src/metrics/special';
import { stepTokens } from '../../src/training/estimate';
import { STANDARD } from '../../src/training/settings';
import { readOptions } from './read-options.mjs';

const PLACES = ['suffix', 'infix', 'kv'] as const;
/** As SST-2 has them with “Sentiment:” after each. */
const [ROWS, TOKENS, CUE] = [24, 35, 3];

const { values } = readOptions({ backend: 'node-wasm', rounds: 7 });
const backend = values.backend === 'node-native' ? 'node-native' : 'node-wasm';
await using host = await openHost({ model: DEFAULT_MODEL, backend, threads: 2 }, createLog());
const rng = createRng(0);
const train = Array.from({ length: ROWS }, (_, i) => ({
  rowId: String(i),
  ids: Int32Array.from({ length: TOKENS }, () => 300 + rng.int(4000)),
  cue: CUE,
  label: i % 2,
}));
const labels = [11, 12].map((id) => ({ label: String(id), word: String(id), tokenIds: [id] }));
const times = new Map(PLACES.map((place) => [place, { clock: [] as number[], processor: [] as number[] }]));
for (let round = 0; round < values.rounds; round++)
  for (const [placement, { clock, processor }] of times) {
    const settings = { ...STANDARD, placement, steps: 3 };
    const request = { runId: 'bench', train, validation: [], labels, settings, cacheKey: 'rows', resume: null };
    let begin = process.cpuUsage();
    for await (const event of host.engine.train({ ...request, initTokenIds: Int32Array.of(198) }, uninterrupted)) {
      const { user, system } = process.cpuUsage(begin);
      // the first step of a round reads texts or meets cold memory
      if (event.kind === 'step' && event.point.step > 1) {
        clock.push(event.point.ms / 1000);
        processor.push((user + system) / 1e6);
      }
      begin = process.cpuUsage();
    }
  }
const work = { trainRows: ROWS, validationRows: 0, meanTokens: TOKENS, cueTokens: CUE };
for (const [placement, { clock, processor }] of times)
  console.log(
    JSON.stringify({
      placement,
      tokens: stepTokens({ ...STANDARD, placement }, work),
      seconds: Number(median(clock).toFixed(3)),
      processor: Number(median(processor).toFixed(3)),
    }),
  );
process.exit(0); // threads of the runtime would keep it alive
