import type { ReactNode } from 'react';
import type { Speed } from '../../training/estimate';
import type { ModelInfo } from '../../worker/protocol';
import { bytes, count, counted } from '../ui/format';
import { Term } from '../ui/Term';
import { stepWords, whereWords } from './model-words';
import { TextMemory } from './TextMemory';

interface ModelFactsProps {
  readonly info: ModelInfo;
  readonly speed: Speed | null;
  /** The result of the gradient check, with its actions. */
  readonly check: ReactNode;
}

/** Facts about a model that was loaded here. */
export const ModelFacts = ({ info, speed, check }: ModelFactsProps) => (
  <dl className="facts">
    <dt>Family</dt>
    <dd>{info.family ?? 'unknown'}</dd>
    <dt>Parameters</dt>
    <dd>
      {count(info.parameters)}, frozen, stored as {info.dtype}
    </dd>
    <dt>Vocabulary</dt>
    <dd>{counted(info.vocabulary, 'token')}</dd>
    <dt>Context</dt>
    <dd>{info.contextLength === null ? 'not limited' : counted(info.contextLength, 'token')}</dd>
    <dt>Layers, width</dt>
    <dd>
      {info.layers}, {info.hidden}
    </dd>
    <dt>Runs on</dt>
    <dd>{whereWords(info)}</dd>
    <dt>Memory needed</dt>
    <dd>{info.heapBytes === null ? 'not measured' : bytes(info.heapBytes)}</dd>
    <dt>
      <Term means="Keys and values of texts the model has read, so that the next run need not read them again. Texts that do not fit are read each time; 16-bit numbers take half the memory and round slightly.">
        Texts kept
      </Term>
    </dt>
    <dd>
      <TextMemory />
    </dd>
    <dt>One step</dt>
    <dd>{stepWords(speed)}</dd>
    <dt>
      <Term means="Before the first training, the page compares its gradients with finite differences along random directions. Wrong gradients would train useless prompts.">
        Self-check
      </Term>
    </dt>
    <dd>{check}</dd>
    <dt>Checksum</dt>
    <dd className="mono">{info.sha256.slice(0, 12)}</dd>
  </dl>
);
