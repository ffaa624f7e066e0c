import { readNumber } from '../../../training/fields';
import { useProject, useSession } from '../../state/studio';
import { format, NumberField, Panel, ProgressBar, Term } from '../../ui';
import { usePrompts } from './prompts-store';
import { useReading } from './trying';

const LONGEST = {
  label: 'Longest answer, in tokens',
  hint: 'Empty: 99 of 100 of your texts fit, with some room to spare. Longer answers are cut off.',
  min: 1,
  max: 1024,
  whole: true,
};

/** Where texts are generated: how long an answer may be, and what ends it. */
export function AnswersPanel() {
  const longest = useProject((s) => s.set?.writing?.longest ?? null);
  const setLongest = usePrompts((s) => s.setLongest);
  const answers = useReading().value?.answers ?? null;
  const waiting = useSession((s) => s.tokenizer.kind === 'waiting');
  const field = { ...LONGEST, empty: answers ? String(answers.longest) : 'from your texts' };
  return (
    <Panel
      span={5}
      title={answers ? `Half of your texts have ${format.counted(answers.medianTokens, 'token')} or fewer` : 'Answers'}
    >
      <div className="stack">
        <NumberField {...field} value={longest} read={(text) => readNumber(field, text)} onChange={setLongest} />
        {answers ? (
          <p className="dim small">
            The longest has {format.count(answers.longestTokens)}. An answer is generated{' '}
            <Term means="Each time, the most likely next token of the whole vocabulary is taken, so the same prompt always gives the same answer.">
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
