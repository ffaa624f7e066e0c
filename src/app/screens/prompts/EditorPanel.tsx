import { useMemo } from 'react';
import { generates } from '../../../dataset/task-facts';
import { count } from '../../../lib/format';
import { assist } from '../../../task/assist';
import type { ShotSelection } from '../../../task/types';
import { navigateAfter, smallerPath } from '../../state/location';
import { whyTrainingOff } from '../../state/session-state';
import { useOpen, usePromptSets, useSession } from '../../state/studio';
import { ArmMark, Button, FoundList, format, Panel, Select, Term, TextArea } from '../../ui';
import { templateProblem, useDraft, usePrompts } from './prompts-store';
import { useReading, useSecondsPerToken } from './trying';
import { costWords } from './words';

const NAMED = 6;

export function EditorPanel() {
  const draft = useDraft();
  const { edit } = usePrompts.use();
  const dataset = usePromptSets((s) => s.dataset);
  const { value: reading, status } = useReading();
  const cost = reading?.cost ?? null;
  // until the tokens of this text are counted, those of the text before it are not shown as its own
  const isCounting = status === 'loading';
  const perToken = useSecondsPerToken();
  // generating takes longer than reading these tokens
  const readingTime = reading?.answers ? null : perToken;
  return (
    <Panel
      stack
      span={7}
      title={<ArmMark side="a">Your prompt</ArmMark>}
      aside={
        cost ? (
          <Term means="The model reads tokens, which are words or pieces of words. The more tokens, the longer an answer takes.">
            {isCounting ? 'Counting tokens' : `${format.counted(cost.prompt, 'token')} + the row`}
          </Term>
        ) : null
      }
    >
      <TextArea
        mono
        rows={6}
        label={<span className="visually-hidden">Your prompt</span>}
        value={draft.template}
        onChange={edit}
        error={draft.template === '' ? null : templateProblem(draft, dataset)}
        hint={<TemplateHint />}
      />
      <ExamplesControls />
      {cost ? (
        <p className="dim small" role="status">
          {isCounting ? 'Counting tokens' : costWords(cost, draft.shots > 0 ? (draft.orders ?? 1) : 1, readingTime)}
        </p>
      ) : null}
      {cost && (draft.shots > 0 || cost.prompt >= LONG) ? <SmallerButton /> : null}
      <AssistantNotes />
    </Panel>
  );
}

/** Tokens of a prompt's own text from which on vectors in its place save something. */
const LONG = 40;

/** Leads to Train, which says what a smaller version needs before anything starts. */
function SmallerButton() {
  const set = usePromptSets((s) => s.set);
  const trainingOff = useSession(whyTrainingOff);
  const { versionOfDraft } = usePrompts.use();
  if (!set || generates(set.kind)) return null;
  const open = async () => {
    const version = await versionOfDraft();
    return version && smallerPath(set.id, version.id);
  };
  return (
    <div className="row">
      <Button isDisabled={trainingOff !== null} onPress={() => void navigateAfter(open())}>
        Make this prompt smaller
      </Button>
    </div>
  );
}

function TemplateHint() {
  const { table, mapping } = usePromptSets((s) => s.dataset) ?? {};
  const usable = table?.columns.filter((name) => name !== mapping?.label && name !== mapping?.text) ?? [];
  return (
    <>
      <code>{'{text}'}</code> is replaced by the row’s text
      {usable.length > 0 ? (
        <>
          ; other columns work too:{' '}
          {usable.slice(0, NAMED).map((name) => (
            <code key={name} className="column-name">{`{${name}}`}</code>
          ))}
        </>
      ) : null}
      . The answer starts right after the last character.
    </>
  );
}

function AssistantNotes() {
  const prompt = useDraft();
  const { take } = usePrompts.use();
  const tooLong = useReading().value?.cost?.tooLong.length ?? 0;
  const { set, dataset } = useOpen();
  const words = set?.words;
  const findings = useMemo(() => {
    if (!dataset || !words || prompt.template === '') return [];
    const { table, mapping, labels } = dataset;
    return assist({ prompt, columns: table.columns, mapping, labels, words, tooLong });
  }, [dataset, prompt, words, tooLong]);
  if (findings.length === 0) return null;
  return (
    <section className="stack" aria-label="Hints for your prompt">
      <FoundList
        of={findings.map(({ kind, title, advice, fix }) => ({
          id: kind,
          tone: 'info',
          title: `${title}.`,
          about: title,
          advice,
          actions: fix ? { [fix.label]: () => take(fix.prompt) } : {},
        }))}
      />
    </section>
  );
}

const NUMBERS = [0, 2, 4, 8, 16, 32];
const SELECTIONS: readonly { readonly id: ShotSelection; readonly label: string; readonly means: string }[] = [
  { id: 'balanced', label: 'Balanced by label', means: 'every row gets the same ones, one of each label in turn' },
  { id: 'random', label: 'At random', means: 'every row gets the same ones, drawn at random' },
  {
    id: 'nearest',
    label: 'Nearest to each row',
    means: 'each row gets the training rows that the model finds most similar: every row is read in full, much slower',
  },
];
const ORDERS = [1, 2, 4, 8];
const options = (values: readonly number[], label: (n: number) => string) =>
  values.map((n) => ({ id: String(n), label: label(n) }));

function ExamplesControls() {
  const draft = useDraft();
  const { setHow } = usePrompts.use();
  const isGenerating = usePromptSets((s) => s.set !== null && generates(s.set.kind));
  const labels = usePromptSets((s) => s.dataset?.labels.length ?? 0);
  const hasChat = useSession((s) => s.tokenizer.kind === 'ready' && s.tokenizer.hasChat);
  const { shots, selection: chosen = 'balanced', orders = 1, chat = false } = draft;
  // expected texts have no labels to balance
  const selection = isGenerating && chosen === 'balanced' ? 'random' : chosen;
  const numbers = [...new Set([...NUMBERS, labels, 2 * labels, shots])].filter((n) => n <= 32 || n === shots);
  return (
    <>
      <div className="fields examples-how">
        <Select
          label="Examples in the prompt"
          options={options(
            numbers.sort((a, b) => a - b),
            (n) => (n === 0 ? 'No examples' : `${count(n)} examples`),
          )}
          value={String(shots)}
          onChange={(id) => setHow({ shots: Number(id) })}
        />
        {shots > 0 ? (
          <Select
            label="Which"
            options={isGenerating ? SELECTIONS.filter(({ id }) => id !== 'balanced') : SELECTIONS}
            value={selection}
            onChange={(id) => setHow({ selection: id as ShotSelection })}
          />
        ) : null}
        {shots > 0 && !isGenerating ? (
          <Select
            label="Orders"
            means="The order of the examples influences a small model. With several orders, each row is scored once per order and the scores are averaged."
            options={options(ORDERS, (n) => (n === 1 ? 'One order' : `Mean of ${n} orders`))}
            value={String(orders)}
            onChange={(id) => setHow({ orders: Number(id) })}
          />
        ) : null}
        {hasChat || chat ? (
          <Select
            label="Format"
            means="Models trained to chat expect a certain message format. The whole prompt becomes the user’s message, and the answer starts the model’s reply."
            options={FORMATS}
            value={chat ? 'chat' : 'plain'}
            onChange={(id) => setHow({ chat: id === 'chat' })}
          />
        ) : null}
      </div>
      {shots > 0 ? (
        <p className="dim small">
          {count(shots)} {isGenerating ? 'training rows with their answers' : 'labelled training rows'} precede each
          row: {SELECTIONS.find(({ id }) => id === selection)?.means}. They cost tokens in every answer.
        </p>
      ) : null}
    </>
  );
}

const FORMATS = [
  { id: 'plain', label: 'Plain text' },
  { id: 'chat', label: 'A chat message' },
];
