import { isWriting } from '../../../project/prompt-set';
import { useProject, useSession, useStores } from '../../state/studio';
import { count, counted } from '../../ui/format';
import { Panel } from '../../ui/Panel';
import { ProgressBar } from '../../ui/ProgressBar';
import { Term } from '../../ui/Term';
import { NumberField } from '../train/NumberField';
import { usePrompts } from './use-prompts';

const LONGEST = {
  label: 'Longest answer, in tokens',
  hint: 'Empty: 99 of 100 of your texts fit, with a little room. Longer answers are cut off there.',
  min: 1,
  max: 1024,
  whole: true,
};

/** Where texts are written: how long an answer may be, and what ends it. */
export function AnswersPanel() {
  const { prompts } = useStores();
  const set = useProject((s) => s.set);
  const answers = usePrompts((s) => s.answers);
  const waiting = useSession((s) => s.tokenizer.kind === 'waiting');
  if (!set || !isWriting(set)) return null;
  return (
    <Panel
      span={5}
      title={answers ? `Half of your texts have ${counted(answers.medianTokens, 'token')} or fewer` : 'Answers'}
    >
      <div className="stack">
        <NumberField
          setting={{ ...LONGEST, empty: answers ? String(answers.longest) : 'from your texts' }}
          value={set.writing?.longest ?? null}
          onChange={(longest) => prompts.getState().setLongest(longest)}
        />
        {answers ? (
          <p className="dim small">
            The longest has {count(answers.longestTokens)}. An answer is written{' '}
            <Term means="At each place the likeliest token of the whole vocabulary is taken, so the same prompt always writes the same answer.">
              token by token
            </Term>{' '}
            and ends with its line.
          </p>
        ) : waiting ? (
          <ProgressBar label="The model’s vocabulary is loading" value={null} />
        ) : null}
      </div>
    </Panel>
  );
}
