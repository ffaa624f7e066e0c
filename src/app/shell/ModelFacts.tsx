import { type ReactNode, useEffect } from 'react';
import { bytes, count, counted } from '../../lib/format';
import type { Placement } from '../../prompt/soft-prompt';
import type { Speed } from '../../training/estimate';
import type { ModelInfo } from '../../worker/protocol';
import type { TextMemoryOptions } from '../state/models-store';
import { CHECKING, verdictWords } from '../state/self-check';
import { useIsBusy, usePicked, useSession, useStores } from '../state/studio';
import { Button } from '../ui/Button';
import { Select } from '../ui/Choices';
import { ProgressBar } from '../ui/Panel';
import { Facts } from '../ui/Table';

interface ModelFactsProps {
  readonly info: ModelInfo;
  readonly speed: Speed | null;
  readonly check: ReactNode;
}

export const ModelFacts = ({ info, speed, check }: ModelFactsProps) => (
  <Facts
    of={[
      ['Family', info.family ?? 'unknown'],
      ['Parameters', `${count(info.parameters)}, frozen, stored as ${info.dtype}`],
      ['Vocabulary', counted(info.vocabulary, 'token')],
      ['Context', info.contextLength === null ? 'not limited' : counted(info.contextLength, 'token')],
      ['Layers, width', `${info.layers}, ${info.hidden}`],
      ['Runs on', whereWords(info)],
      ['Memory needed', info.heapBytes === null ? 'not measured' : bytes(info.heapBytes)],
      info.weights ? ['Weights', weightsWords(info.weights), WEIGHTS] : null,
      ['Texts kept', <TextMemory key="texts" />, TEXTS_KEPT],
      ['One step', stepWords(speed)],
      ['Self-check', check, SELF_CHECK],
      [
        'Checksum',
        <span key="checksum" className="mono">
          {info.sha256.slice(0, 12)}
        </span>,
      ],
    ]}
  />
);

const WEIGHTS =
  "The model's file stores its matrices with 4, 8 or 16 bits. Where the device has the memory, they are held as float32; otherwise with 8 or 16 bits, the same values to rounding, which makes a training step about a quarter longer.";
const TEXTS_KEPT =
  'Keys and values of texts the model has read, so that the next run need not read them again. Texts that do not fit are read each time; 16-bit numbers take half the memory and round slightly.';
const SELF_CHECK =
  'Before the first training, the page compares its gradients with finite differences along random directions. Wrong gradients would train useless prompts.';

export function SelfCheck() {
  const check = useSession((s) => s.check);
  const job = useSession((s) => s.job);
  const { session } = useStores();
  if (check.kind === 'running')
    return (
      <div className="stack">
        <ProgressBar label={CHECKING} value={check.fraction} />
        {job?.stop ? (
          <Button variant="link" onPress={job.stop}>
            Stop the check
          </Button>
        ) : null}
      </div>
    );
  const known = check.kind === 'known' ? check.verdict : null;
  return (
    <>
      <span className={known && !known.ok ? 'check-bad' : undefined}>
        {known ? `${verdictWords(known)}. ` : 'Runs once, before the first training. '}
      </span>
      <Button variant="link" isDisabled={job !== null} onPress={() => void session.getState().checkAgain()}>
        {known ? 'Check again' : 'Check now'}
      </Button>
    </>
  );
}

const SIZES = [128e6, 256e6, 384e6, 768e6];
const STORAGE = [
  { id: 'auto', label: 'Automatic' },
  { id: 'float16', label: '16-bit floats' },
  { id: 'float32', label: '32-bit floats' },
] as const satisfies readonly { readonly id: TextMemoryOptions['storage']; readonly label: string }[];

const REFRESH_MS = 2000;

function TextMemory() {
  const { textMemory } = useStores();
  const { held, refresh, choose } = usePicked(textMemory, 'held', 'refresh', 'choose');
  const busy = useIsBusy();
  useEffect(() => {
    void refresh();
    const timer = setInterval(() => void refresh(), REFRESH_MS);
    return () => clearInterval(timer);
  }, [refresh]);
  if (!held) return 'nothing yet';
  const { budgetBytes, storage } = held;
  const change = (options: Partial<TextMemoryOptions>) => void choose({ budgetBytes, storage, ...options });
  return (
    <div className="stack">
      <span>
        {bytes(held.bytes)} of at most {bytes(budgetBytes)}
      </span>
      <div className="text-memory">
        <Select
          label="At most"
          options={SIZES.map((size) => ({ id: String(size), label: bytes(size) }))}
          value={String(budgetBytes)}
          isDisabled={busy}
          onChange={(size) => change({ budgetBytes: Number(size) })}
        />
        <Select
          label="Stored as"
          options={STORAGE}
          value={storage}
          isDisabled={busy}
          onChange={(id) => change({ storage: STORAGE.find((one) => one.id === id)?.id ?? 'auto' })}
        />
      </div>
    </div>
  );
}

/** "WebAssembly, 2 threads: no graphics device". */
const whereWords = ({ backend, threads, adapter, fallback }: ModelInfo): string => {
  const where =
    backend === 'webgpu'
      ? `WebGPU${adapter ? ` (${adapter.name}${adapter.software ? ', a software device' : ''})` : ''}`
      : `WebAssembly, ${counted(threads, 'thread')}`;
  return fallback ? `${where}: ${fallback}` : where;
};

/** "as float32, about 618 MB of memory; small, about 213 MB". */
const weightsWords = ({ held, fastBytes, smallBytes }: NonNullable<ModelInfo['weights']>): string =>
  held === 'fast'
    ? `as float32, about ${bytes(fastBytes)} of memory; small, about ${bytes(smallBytes)}`
    : `small, about ${bytes(smallBytes)} of memory; as float32, about ${bytes(fastBytes)}`;

const PLACES: Readonly<Record<Placement, string>> = {
  suffix: 'after the text',
  infix: 'before its cue',
  prefix: 'before the text',
};

/** Of a training step, as it was measured in this browser: "0.42 s after the text, 1.9 s before the text". */
export function stepWords(speed: Speed | null): string {
  const measured = Object.entries(PLACES).flatMap(([placement, words]) => {
    const step = speed?.step[placement as Placement];
    return step ? `${(step.ms / 1000).toPrecision(2)} s ${words}` : [];
  });
  return measured.length === 0 ? 'not measured yet' : measured.join(', ');
}
