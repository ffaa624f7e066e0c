/** What there is to beat where texts are written: how well the untuned text and the hand-written prompt foresee them. */
import { chosenHard } from '../../../project/prompt-set';
import type { PromptSet } from '../../../project/types';
import type { HardPrompt } from '../../../task/types';
import { cacheKeyOf, validationIds } from '../../../workflow/training-rows';
import type { ReferenceLine } from '../../charts/finding';
import type { Services } from '../../state/services';
import type { Baselines, Subject } from './baselines';
import { foreseeing, foreseen } from './foresee';

interface Known {
  readonly loss: number;
  readonly share: number;
}

/** Ends in the set's id, so that the text of its prompt goes when it goes. */
const keyOf = ({ open, dataset, info }: Subject, prompt: HardPrompt) =>
  `foreseen:${info.sha256}:${dataset.fingerprint}:${dataset.splitHash}:${JSON.stringify(prompt)}:${open.id}`;
const bareOf = ({ template }: Pick<Subject, 'template'>): HardPrompt => ({ template, shots: 0, shotSeed: 0 });
const yoursOf = (open: PromptSet) => chosenHard(open)?.prompt ?? null;
const lineOf = (id: ReferenceLine['id'], name: string, { loss, share }: Known): ReferenceLine => ({
  kind: 'generate',
  id,
  name,
  tokenShare: share,
  loss,
});

export function createWritingBaselines({ engine, data, store: disk }: Services): Pick<Baselines, 'known' | 'score'> {
  const kept = (of: Subject, prompt: HardPrompt) => disk.settings.get<Known>(keyOf(of, prompt));

  const known: Baselines['known'] = async ({ info, ...of }) => {
    if (!info) return [];
    const subject = { ...of, info };
    const yours = yoursOf(of.open);
    const [untuned, own] = [await kept(subject, bareOf(of)), yours && (await kept(subject, yours))];
    return [
      ...(untuned ? [lineOf('untuned', 'untuned', untuned)] : []),
      ...(own ? [lineOf('yours', 'your prompt', own)] : []),
    ];
  };

  return {
    known,
    score: async (of, inputs, { signal, onNote, onLines }) => {
      const measure = async (
        prompt: HardPrompt,
        note: string,
        rows: typeof inputs.validation,
        cacheKey: string | null,
      ) => {
        if (await kept(of, prompt)) return;
        onNote(note);
        const written = await engine.call('write', foreseeing(rows, cacheKey), { signal });
        await disk.settings.set(keyOf(of, prompt), foreseen(written.rows));
        onLines(await known(of));
      };
      const yours = yoursOf(of.open);
      if (yours && !(await kept(of, yours))) {
        const asked = { dataset: of.dataset, prompt: yours, words: [], split: validationIds(of.dataset) };
        const { rows } = await data.call('tokenRows', asked);
        await measure(yours, 'Your prompt, on the validation rows', rows, null);
      }
      // The run itself has read these texts by now.
      const cacheKey = cacheKeyOf(of.dataset.fingerprint, of.template);
      await measure(bareOf(of), 'Untuned, on the validation rows', inputs.validation, cacheKey);
    },
  };
}
