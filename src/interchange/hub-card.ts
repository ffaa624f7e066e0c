/** The YAML at the top of a README, as the hub reads it: of a model (modelcard.md of github.com/huggingface/hub-docs) and of a Space. */

import { METRICS } from '../metrics/registry';
import { softsOf } from '../prompt/prompt';
import type { Package } from './package';

/** Of a folder on somebody's disk it is the folder's name. */
const hubId = ({ model }: Package): string | undefined =>
  model && /^[\w.-]+\/[\w.-]+$/.test(model.id) ? model.id : undefined;

const nameOf = ({ name, version }: Package): string => `${name}: ${version.name}`;

/** In full, as YAML 1.1 takes `1e-7` for a text. */
const decimal = (value: number): number => Number(value.toFixed(4));

/** The hub's names of ours. */
const METRIC_TYPES: Readonly<Record<string, string>> = {
  macroF1: 'f1',
  microF1: 'f1',
  tokenF1: 'f1',
  subsetAccuracy: 'accuracy',
  rougeL: 'rouge',
  exactMatch: 'exact_match',
};

function modelIndex(of: Package, task: string) {
  const { results, version } = of;
  if (!results) return undefined;
  const known = METRICS[version.prompt.task.kind];
  const metrics = Object.entries(results.metrics).flatMap(
    ([
      id,
      {
        value,
        interval: { low, high },
      },
    ]) => {
      const name = known[id]?.name;
      const args = { interval: [decimal(low), decimal(high)], level: 0.95 };
      return name ? [{ type: METRIC_TYPES[id] ?? id, name, value: decimal(value), args }] : [];
    },
  );
  const dataset = { type: 'custom', name: `${of.name}: ${results.rows} test rows`, split: 'test' };
  return [{ name: nameOf(of), results: [{ task: { type: task }, dataset, metrics }] }];
}

/** Without a licence: that of the prompt is for its maker to choose. */
export function modelCard(of: Package, library: 'softprompt' | 'peft'): Promise<string> {
  const { prompt } = of.version;
  const task = 'labels' in prompt.task ? 'text-classification' : 'text-generation';
  const base = hubId(of);
  return asHead({
    library_name: library,
    base_model: base,
    base_model_relation: base && 'adapter',
    tags: [
      ...(softsOf(prompt).length > 0 ? ['soft-prompt', 'prompt-tuning'] : ['prompt']),
      ...(prompt.task.kind === 'tag' ? ['multi-label-classification'] : []),
    ],
    pipeline_tag: task,
    'model-index': modelIndex(of, task),
  });
}

export function spaceCard(of: Package): Promise<string> {
  const base = hubId(of);
  return asHead({
    title: nameOf(of),
    sdk: 'static',
    app_file: 'index.html',
    models: base && [base],
    tags: ['soft-prompt'],
    custom_headers: {
      // for threads
      'cross-origin-embedder-policy': 'require-corp',
      'cross-origin-opener-policy': 'same-origin',
      // for the hub's own page, which shows the Space in a frame
      'cross-origin-resource-policy': 'cross-origin',
    },
  });
}

async function asHead(card: object): Promise<string> {
  const { stringify } = await import('yaml');
  const text = stringify(card, { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0 });
  // readers of YAML 1.1 refuse these, or break a line there
  const escaped = text.replace(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `---\n${escaped}---\n\n`;
}
