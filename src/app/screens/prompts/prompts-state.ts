import type { StudioError } from '../../../lib/errors';
import type { HardPrompt } from '../../../task/types';
import type { TargetLengths } from '../../../tokens/text-lengths';
import type { LabelTokens } from '../../../tokens/types';
import type { DataMethods } from '../../../worker/protocol';
import type { Cost, Reading } from './measure-prompt';

type Collision = ReturnType<DataMethods['labelTokens']>['collisions'][number];

interface RowPlace {
  readonly rowId: string;
  /** 0-based place among the validation rows. */
  readonly index: number;
}

export interface PromptsState {
  readonly draft: HardPrompt;
  /** A sentence when the template cannot be used as it stands. */
  readonly templateError: string | null;
  readonly labels: readonly LabelTokens[] | null;
  readonly collisions: readonly Collision[];
  readonly cost: Cost | null;
  readonly reading: (Reading & RowPlace) | null;
  /** How long the texts to be written are. */
  readonly answers: (TargetLengths & { readonly fingerprint: string }) | null;
  readonly trying: { readonly done: number; readonly total: number } | null;
  readonly tryError: StudioError | null;
  /** Measured on this machine; null before anything was scored. */
  readonly secondsPerToken: number | null;
  readonly edit: (template: string) => void;
  /** Changes what is not text: examples and how they are chosen, the chat template. */
  readonly setHow: (change: Partial<Omit<HardPrompt, 'template'>>) => void;
  /** Takes a whole prompt, such as a repaired one. */
  readonly take: (prompt: HardPrompt) => void;
  readonly setWord: (label: string, word: string) => void;
  readonly resolve: (collision: Collision) => void;
  /** Tokens that an answer may have; null = as the texts of the data say. */
  readonly setLongest: (longest: number | null) => void;
  readonly readRow: (index: number) => void;
  /** Scores a few validation rows, so that the button can say how long a try takes. */
  readonly measure: () => Promise<void>;
  readonly tryNow: () => Promise<void>;
  /** Puts an earlier version into the editor. */
  readonly openVersion: (id: string) => void;
  /** Makes a version "Yours". */
  readonly choose: (id: string) => void;
  /** Saves the draft as a version when it is new and usable; for leaving the screen. */
  readonly keepDraft: () => Promise<void>;
}
