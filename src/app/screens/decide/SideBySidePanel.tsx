import { APPROACHES, type Approach, type Fact, type Known, type Row, sideBySide } from '../../../decide/approaches';
import { bestHand, bestLearned, reference } from '../../../decide/measured';
import { chosenHard, chosenSoft } from '../../../prompt-set/prompt-set';
import type { PromptSet } from '../../../prompt-set/types';
import { useSession } from '../../state/studio';
import { Panel, Table, type TableColumn } from '../../ui';
import type { Found } from './decide-store';

interface SideBySideProps {
  readonly set: PromptSet;
  readonly found: Found | null;
  /** Labelled rows of the file. */
  readonly rows: number;
  readonly trainingRows: number;
}

const NAMES: Readonly<Record<Approach, string>> = {
  engineering: 'Prompt engineering',
  tuning: 'Prompt tuning',
  'fine-tuning': 'Fine-tuning',
};

const Cell = ({ fact }: { readonly fact: Fact }) => (
  <span className="decide-fact">
    <span>{fact.text}</span>
    {fact.text === '–' ? null : <small className={`decide-source decide-${fact.source}`}>{fact.source}</small>}
    <small className="dim">{fact.how}</small>
  </span>
);

const COLUMNS: readonly TableColumn<Row>[] = [
  { id: 'question', header: 'Question', primary: true, cell: ({ question }) => <strong>{question}</strong> },
  ...APPROACHES.map((approach) => ({
    id: approach,
    header: NAMES[approach],
    cardLabel: NAMES[approach],
    cell: ({ facts }: Row) => <Cell fact={facts[approach]} />,
  })),
];

/** Engineering, tuning and fine-tuning, each figure with where it comes from. */
export function SideBySidePanel({ set, found, rows, trainingRows }: SideBySideProps) {
  const model = useSession((s) => (s.model.kind === 'ready' ? s.model.info : null));
  const soft = chosenSoft(set);
  const hard = chosenHard(set);
  const hand = found && bestHand(found.measured);
  const learned = found && bestLearned(found.measured);
  const known: Known = {
    model: { parameters: model?.parameters ?? null },
    hiddenSize: soft?.soft?.hidden ?? model?.hidden ?? null,
    virtualTokens: soft?.soft?.virtualTokens ?? soft?.settings.virtualTokens ?? 10,
    promptBytes: hard ? new TextEncoder().encode(hard.prompt.template).length : null,
    training: soft?.seconds ? { seconds: soft.seconds, rows: soft.settings.trainRows ?? trainingRows } : null,
    trySeconds: hard?.tried?.seconds ?? null,
    rows,
    arms: { ...(hand ? { engineering: hand } : {}), ...(learned ? { tuning: learned } : {}) },
    probe: found && reference(found.measured, 'probe'),
  };
  return (
    <Panel
      span={12}
      title="Engineering, tuning and fine-tuning side by side"
      aside="each figure says where it comes from"
    >
      <Table
        caption="Prompt engineering, prompt tuning and fine-tuning compared"
        columns={COLUMNS}
        rows={sideBySide(known)}
        rowKey={({ id }) => id}
      />
    </Panel>
  );
}
