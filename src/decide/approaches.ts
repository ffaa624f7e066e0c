/** Three ways to a better answer side by side; each figure says whether it was measured, computed or assumed. */
import type { TaskKind } from '../dataset/types';
import type { FineTuningReport } from '../evaluation/classify/checks';
import { bytes, count, counted, duration } from '../lib/format';
import type { Interval } from '../metrics/intervals';
import { headlineMetric } from '../metrics/registry';

/** `measured` in this prompt set; `computed` by the formula that `how` gives; `assumed` by us, for you to judge. */
type Source = 'measured' | 'computed' | 'assumed';

export interface Fact {
  readonly text: string;
  readonly source: Source;
  readonly how: string;
}

export const APPROACHES = ['engineering', 'tuning', 'fine-tuning'] as const;
export type Approach = (typeof APPROACHES)[number];
export const APPROACH_NAMES: Readonly<Record<Approach, string>> = {
  engineering: 'Prompt engineering',
  tuning: 'Prompt tuning',
  'fine-tuning': 'Fine-tuning',
};

export interface Row {
  readonly id: string;
  readonly question: string;
  readonly facts: Readonly<Record<Approach, Fact>>;
}

export interface Known {
  readonly kind: TaskKind;
  readonly model: { readonly parameters: number | null };
  readonly hiddenSize: number | null;
  readonly virtualTokens: number;
  readonly promptBytes: number | null;
  /** The tuned prompt's run. `steps`: where all were made; `heapBytes`: of WebAssembly at its end. */
  readonly training: {
    readonly seconds: number;
    readonly rows: number;
    readonly steps: number | null;
    readonly heapBytes: number | null;
  } | null;
  readonly trySeconds: number | null;
  readonly rows: number;
  /** What more rows would bring, by the learning curve of the tuned prompt. */
  readonly moreRows: string | null;
  readonly arms: Readonly<Partial<Record<'engineering' | 'tuning', MeasuredArm>>>;
  /** The linear probe of the comparison: the smallest fine-tuning, one row of weights a label on the last hidden state. */
  readonly probe: Reached | null;
  readonly fineTuning: FineTuningReport | null;
}

interface Reached {
  /** By the metric that decides, on `rows` test rows. */
  readonly value: number;
  readonly ci95: Interval;
  readonly rows: number;
}

export interface MeasuredArm extends Reached {
  readonly name: string;
  readonly meanTokens: number | null;
  readonly tokensComputed: number | null;
  readonly latencyMs: number | null;
}

/** Bytes a parameter while training with Adam in float32: weight, gradient and two moments, 4 bytes each. */
const ADAM_BYTES = 16;
const FLOAT_BYTES = 4;
const TASKS = 10;

/** Trained numbers of a soft prompt: `tokens` vectors of `size` numbers. */
export const numbersTrained = (tokens: number, size: number): number => tokens * size;

/** A share in per cent with two significant digits: 5760 of 134515008 is "0.0043%". */
export function smallShare(part: number, whole: number): string {
  const percent = (part / whole) * 100;
  const decimals = Math.min(20, Math.max(0, 1 - Math.floor(Math.log10(percent))));
  return `${percent.toFixed(decimals)}%`;
}

const assumed = (text: string, how: string): Fact => ({ text, source: 'assumed', how });
const computed = (text: string, how: string): Fact => ({ text, source: 'computed', how });
const measured = (text: string, how: string): Fact => ({ text, source: 'measured', how });
const unknown = (how: string): Fact => ({ text: '–', source: 'measured', how });

const unmeasured = ({ engineering, tuning }: Known['arms']): Fact =>
  unknown(engineering || tuning ? 'Not measured by this comparison' : 'Compare your prompts to measure it');

const row = (id: string, question: string, facts: Row['facts']): Row => ({ id, question, facts });

/** Fine-tuning is computed for all weights of the same model. */
export function sideBySide(known: Known): readonly Row[] {
  return [
    whatChanges,
    reached,
    trained,
    stored,
    storedForMany,
    memory,
    compute,
    rowsNeeded,
    firstResult,
    tokens,
    tokensComputed,
    latency,
  ]
    .map((make) => make(known))
    .concat(WHO, MODEL_CHANGES);
}

const whatChanges = (known: Known): Row =>
  row('changes', 'What changes', {
    engineering: computed('The text of the prompt', 'By definition'),
    tuning: computed(`${counted(known.virtualTokens, 'vector')} beside the text; no weight`, 'By definition'),
    'fine-tuning': computed(
      'Every weight of the model',
      'By definition. Adapters change fewer: “How sure is that?” on Compare measures them',
    ),
  });

function reached({ kind, arms, probe, fineTuning }: Known): Row {
  const { name, format } = headlineMetric(kind);
  const fact = (found: Reached | null | undefined, who: string): Fact =>
    found
      ? measured(
          `${format.value(found.value)} (${format.value(found.ci95.low)} to ${format.value(found.ci95.high)})`,
          `${who} on ${counted(found.rows, 'test row')}, 95% interval`,
        )
      : unmeasured(arms);
  return row('reached', name, {
    engineering: fact(arms.engineering, arms.engineering?.name ?? ''),
    tuning: fact(arms.tuning, arms.tuning?.name ?? ''),
    'fine-tuning': fineTuning
      ? fact(
          { ...fineTuning, value: fineTuning.accuracy },
          `Low-rank adapters of the last layer${probe ? `; a linear probe ${format.value(probe.value)};` : ''}`,
        )
      : fact(probe, 'A linear probe on the last hidden state, the smallest fine-tuning,'),
  });
}

function trained({ model: { parameters }, hiddenSize, virtualTokens, fineTuning }: Known): Row {
  const numbers = hiddenSize === null ? null : numbersTrained(virtualTokens, hiddenSize);
  const withShare = (n: number) => `${count(n)}${parameters === null ? '' : ` (${smallShare(n, parameters)})`}`;
  return row('trained', 'Numbers trained', {
    engineering: computed('0', 'No number is trained'),
    tuning:
      numbers === null
        ? unknown('Load the model to see how many numbers a vector has')
        : computed(withShare(numbers), `${virtualTokens} vectors × ${hiddenSize} numbers`),
    'fine-tuning': fineTuning
      ? measured(
          `${withShare(fineTuning.numbers)} of adapters`,
          `Measured here; ${parameters === null ? 'every weight' : `all ${count(parameters)} weights`} otherwise`,
        )
      : ofModel(parameters, (n) => computed(`${count(n)} (100%)`, 'All parameters of the model')),
  });
}

const ofModel = (parameters: number | null, fact: (parameters: number) => Fact): Fact =>
  parameters === null ? unknown('The model does not say how many parameters it has') : fact(parameters);

function storage(tasks: number): (known: Known) => Row {
  const times = tasks === 1 ? '' : ` × ${tasks} tasks`;
  return ({ model: { parameters }, hiddenSize, virtualTokens, promptBytes, fineTuning }) =>
    row(`bytes-${tasks}`, tasks === 1 ? 'Stored for one task' : `Stored for ${tasks} tasks`, {
      engineering:
        promptBytes === null
          ? unknown('No hand-written prompt is known')
          : computed(bytes(promptBytes * tasks), `UTF-8 bytes of your prompt${times}`),
      tuning:
        hiddenSize === null
          ? unknown('Load the model to see how many numbers a vector has')
          : computed(
              bytes(numbersTrained(virtualTokens, hiddenSize) * FLOAT_BYTES * tasks),
              `${virtualTokens} × ${hiddenSize} numbers × ${FLOAT_BYTES} bytes${times}; one copy of the model serves all`,
            ),
      'fine-tuning': ofModel(parameters, (n) => {
        const whole = bytes(n * FLOAT_BYTES * tasks);
        return fineTuning
          ? computed(
              `${bytes(fineTuning.numbers * FLOAT_BYTES * tasks)} of adapters`,
              `Their numbers × ${FLOAT_BYTES} bytes${times}; all weights ${whole}`,
            )
          : computed(whole, `Parameters × ${FLOAT_BYTES} bytes${times}: a copy of the model for each`);
      }),
    });
}

const stored = storage(1);
const storedForMany = storage(TASKS);

function memory({ model: { parameters }, hiddenSize, virtualTokens, training }: Known): Row {
  const vectors = hiddenSize === null ? 0 : numbersTrained(virtualTokens, hiddenSize) * ADAM_BYTES;
  const heap = training?.heapBytes ?? null;
  return row('memory', 'Memory for training', {
    engineering: computed('None', 'Nothing is trained'),
    tuning:
      heap === null
        ? ofModel(parameters, (n) =>
            computed(
              bytes(n * FLOAT_BYTES + vectors),
              'Frozen float32 weights, and 16 bytes per trained number; without activations',
            ),
          )
        : measured(
            bytes(heap),
            'WebAssembly at the end of the run on this machine: model and activations. Texts that are kept come on top',
          ),
    'fine-tuning': ofModel(parameters, (n) =>
      computed(
        bytes(n * ADAM_BYTES),
        'Adam in float32: weight, gradient and two moments, 16 bytes per parameter; without activations',
      ),
    ),
  });
}

/** Floating-point operations of training, a parameter and token. Source: Kaplan et al. 2020; without weight gradients 4. */
const FLOPS = { 'fine-tuning': 6, tuning: 4 } as const;

function compute({ model: { parameters }, training, fineTuning }: Known): Row {
  const operations = (of: keyof typeof FLOPS) =>
    ofModel(parameters, (n) => computed(`${count((FLOPS[of] * n) / 1e6)} million operations a token`, FORMULAS[of]));
  const took = (seconds: number, what: string, of: keyof typeof FLOPS) =>
    measured(`${duration(seconds)} ${what}`, `Steps and validations, on this machine. ${sentence(operations(of))}`);
  return row('compute', 'Compute for training', {
    engineering: computed('None', 'Nothing is trained'),
    tuning: training
      ? took(training.seconds, training.steps ? `for ${counted(training.steps, 'step')}` : 'for the run', 'tuning')
      : operations('tuning'),
    'fine-tuning': fineTuning ? took(fineTuning.seconds, 'for adapters', 'fine-tuning') : operations('fine-tuning'),
  });
}

const FORMULAS: Readonly<Record<keyof typeof FLOPS, string>> = {
  tuning: '4 × parameters: no weight gets a gradient. At most: cached text is read once',
  'fine-tuning': '6 × parameters (Kaplan et al. 2020), for all weights',
};

/** A computed figure where a measured one is the answer. */
const sentence = ({ text, how }: Fact): string => (text === '–' ? how : `Computed: ${text}, ${how}`);

const rowsNeeded = ({ training, rows, moreRows, fineTuning }: Known): Row =>
  row('rows', 'Labelled rows', {
    engineering: assumed('None to start, about 50 to check', 'Fewer than 50 test rows show only large differences'),
    tuning: training
      ? measured(
          `${count(training.rows)} used here`,
          moreRows ??
            `Training rows of the run, of ${count(rows)} in the file; a learning curve says what more would bring`,
        )
      : assumed('A few hundred', 'From the benchmarks of this product: 200 to 256 rows'),
    'fine-tuning': fineTuning
      ? measured(`${count(fineTuning.trainingRows)} used here`, 'By adapters; all weights need thousands')
      : assumed('Thousands', 'Every weight can change, so a few rows would be memorised'),
  });

function firstResult({ training, trySeconds, fineTuning }: Known): Row {
  const scale = FLOPS['fine-tuning'] / FLOPS.tuning;
  return row('time', 'Time to a first result', {
    engineering:
      trySeconds === null
        ? unknown('Try your prompt to measure it')
        : measured(duration(trySeconds), 'Seconds of the last try'),
    tuning: training
      ? measured(duration(training.seconds), 'Seconds of the run, on this machine')
      : unknown('Train to measure it'),
    'fine-tuning': fineTuning
      ? measured(duration(fineTuning.seconds), 'Seconds of the adapters’ run, on this machine')
      : training
        ? computed(
            `${duration(training.seconds * scale)} or more`,
            'The run’s seconds × 6/4: the same steps with weight gradients',
          )
        : unknown('Train a prompt: the estimate starts from its time'),
  });
}

function perRow(
  id: string,
  question: string,
  of: (arm: MeasuredArm) => number | null,
  unit: string,
  how: string,
  ofVectors = (_: Known) => 0,
): (known: Known) => Row {
  return (known) => {
    const { arms } = known;
    const fact = (arm: MeasuredArm | undefined): Fact => {
      const value = arm ? of(arm) : null;
      return value === null ? unmeasured(arms) : measured(`${count(value)} ${unit}`, how);
    };
    const bare = arms.tuning && of(arms.tuning);
    return row(id, question, {
      engineering: fact(arms.engineering),
      tuning: fact(arms.tuning),
      'fine-tuning':
        typeof bare === 'number'
          ? assumed(`about ${count(bare - ofVectors(known))} ${unit}`, 'As tuned: the same text without the vectors')
          : unmeasured(arms),
    });
  };
}

const tokens = perRow(
  'tokens',
  'Tokens sent per row',
  ({ meanTokens }) => meanTokens,
  'tokens',
  'Mean of the compared test rows',
  ({ virtualTokens }) => virtualTokens,
);
const tokensComputed = perRow(
  'tokens-computed',
  'Tokens computed per row',
  (arm) => arm.tokensComputed,
  'tokens',
  'Mean of the compared test rows, without the start that all rows share',
  ({ virtualTokens }) => virtualTokens,
);
const latency = perRow(
  'latency',
  'Answer time per row',
  ({ latencyMs }) => latencyMs,
  'ms',
  'Median of single rows with a warm model, on this machine',
);

const WHO: Row = row('who', 'Who can do it', {
  engineering: assumed('Anyone who knows the task', 'It is written in plain language'),
  tuning: assumed('Anyone with labelled rows', 'One button here; your team’s Python where it is exported'),
  'fine-tuning': assumed(
    'Machine learning engineers with a GPU',
    'They maintain training code, checkpoints and serving',
  ),
});

const MODEL_CHANGES: Row = row('model-change', 'When the model changes', {
  engineering: assumed('Try it again; reword it if it got worse', 'A text works with any model, but not equally well'),
  tuning: assumed('Train again: vectors fit one model’s weights only', 'They are bound to the checksum of the weights'),
  'fine-tuning': assumed('Train again, and store another copy', 'The trained weights are the model'),
});
