import type { ReactNode } from 'react';
import { bytes, count, counted } from '../../lib/format';
import type { Placement } from '../../prompt/soft-prompt';
import type { Speed } from '../../training/estimate';
import type { ModelInfo } from '../../worker/protocol';
import { CHECKING, verdictWords } from '../state/self-check';
import { useSession, useStores } from '../state/studio';
import { Button } from '../ui/Button';
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
      ['One step', stepWords(speed)],
      ['Self-check', check, SELF_CHECK],
      ['Checksum', <code key="checksum">{info.sha256.slice(0, 12)}</code>],
    ]}
  />
);

const WEIGHTS =
  "The model's file stores its matrices with 4, 8 or 16 bits. They are held as float32 where the device has the memory. Otherwise 8 or 16 bits hold the same values to rounding; a step takes about a quarter longer.";
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
  kv: 'keys and values before its cue',
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
