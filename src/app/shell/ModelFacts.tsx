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
  /** What the check of its gradients found, and what can be done about it. */
  readonly check: ReactNode;
}

/** What there is to know about a model that was loaded here. */
export const ModelFacts = ({ info, speed, check }: ModelFactsProps) => (
  <dl className="facts">
    <dt>Family</dt>
    <dd>{info.family ?? 'not named'}</dd>
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
      <Term means="Keys and values of the texts that were read: the model need not read them again for the next run. Texts that find no room are read each time; 16 bits a number take half the room and change answers by a rounding.">
        Texts kept
      </Term>
    </dt>
    <dd>
      <TextMemory />
    </dd>
    <dt>One step</dt>
    <dd>{stepWords(speed)}</dd>
    <dt>
      <Term means="Before the first training the page compares the gradients that it computes with finite differences, along random directions. Wrong gradients would train prompts that are worth nothing.">
        Self-check
      </Term>
    </dt>
    <dd>{check}</dd>
    <dt>Checksum</dt>
    <dd className="mono">{info.sha256.slice(0, 12)}</dd>
  </dl>
);
