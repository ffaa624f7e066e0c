import { readNumber } from '../../../training/fields';
import { useProject, useSession } from '../../state/studio';
import { format, NumberField, Panel, ProgressBar, Term } from '../../ui';
import { usePrompts } from './prompts-store';
import { useReading } from './trying';

const LONGEST = {
  label: 'Longest answer, in tokens',
  hint: 'If empty, 99% of your expected texts fit with room to spare. Longer answers are cut off.',
  min: 1,
  max: 1024,
  whole: true,
};

/** Where texts are generated: how long an answer may be, and what ends it. */
export function AnswersPanel() {
  const longest = useProject((s) => s.set?.writing?.longest ?? null);
  const { setLongest } = usePrompts.use();
  const answers = useReading().value?.answers ?? null;
  const waiting = useSession((s) => s.tokenizer.kind === 'waiting');
  const field = { ...LONGEST, empty: answers ? String(answers.longest) : 'set from your texts' };
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
            <Term means="The model always takes the most likely next token, so the same prompt always gives the same answer.">
              token by token
            </Term>{' '}
            and ends with its line.
          </p>
        ) : waiting ? (
          <ProgressBar label="Loading the model’s vocabulary" value={null} />
        ) : null}
      </div>
    </Panel>
  );
}
