import { useMemo, useState } from 'react';
import { useStore } from 'zustand';
import type { PromptSet } from '../../../prompt-set/types';
import { runOf, versionById, versionWords } from '../../../prompt-set/versions';
import type { AudienceChoice } from '../../../report/audience';
import type { Order } from '../../../workflow/export-subjects';
import {
  audienceProposal,
  audienceRows,
  canHaveTwin,
  EXPORTS,
  RECIPIENTS,
  type Subject,
  subjectOf,
  subjectsOf,
} from '../../../workflow/exports';
import { twinWords } from '../../../workflow/words';
import { whyTrainingOff } from '../../state/session-state';
import { usePicked, useSession } from '../../state/studio';
import { reached } from '../../state/version-words';
import {
  Button,
  Choices,
  Dialog,
  Failed,
  type FieldOf,
  Fields,
  format,
  Note,
  Select,
  Table,
  TextField,
} from '../../ui';
import { type ExportChoice, useExport } from './export-store';
import { CheckedRows } from './parts';
import { TwinOffer } from './TwinOffer';

interface ChoiceProps {
  readonly choice: ExportChoice;
  readonly stored: Order['stored'];
}

/** For whom, what is in it, how large it is, and how many of the user's rows it has: none unless they agree here. */
export default function ExportDialog() {
  const { stored, close } = useExport.use();
  const choice = useExport((s) => s.choice);
  const value = useStore(stored, (s) => s.value);
  if (!choice || !value) return null;
  const chosen = { choice, stored: value };
  return (
    <Dialog wide title={`Export “${value.set.name}”`} isOpen onClose={close} actions={<Actions />}>
      <Prompts {...chosen} />
      <Recipients {...chosen} />
      <Questions {...chosen} />
      {choice.recipient === 'audience' ? <AudienceFields key={choice.subject} {...chosen} /> : null}
      <RowsCount {...chosen} />
      <Contents />
    </Dialog>
  );
}

function Actions() {
  const { made, save, close } = useExport.use();
  const { value, error } = usePicked(made, 'value', 'error');
  const asks = useExport((s) => s.asks);
  return (
    <>
      <Button onPress={close}>Cancel</Button>
      <Button variant="primary" isDisabled={!value} onPress={() => value && save(value)}>
        {value
          ? `Export ${value.name} (${format.bytes(value.content.length)})`
          : asks
            ? 'Not without them'
            : error
              ? 'Export'
              : 'Preparing…'}
      </Button>
    </>
  );
}

/** "62.4% on validation rows", "of the latest comparison". */
const detailOf = (set: ChoiceProps['stored']['set'], { version }: Subject): string =>
  version.number > 0
    ? reached(set, version) === null
      ? ''
      : `${reached(set, version)} on validation rows`
    : 'as it was compared last';

/** Which prompt: every version, and what else the latest comparison had. */
function Prompts({ choice: { subject }, stored }: ChoiceProps) {
  const { change } = useExport.use();
  const all = subjectsOf(stored);
  const chosen = subject === null ? null : subjectOf(stored, subject);
  // of an earlier comparison
  const other = chosen && !all.some(({ version }) => version.id === chosen.version.id) ? [chosen] : [];
  const options = [...other, ...all].map((each) => ({
    id: each.version.id,
    label: each.name,
    detail: detailOf(stored.set, each),
  }));
  if (options.length === 0) return null;
  return (
    <>
      <Select label="Prompt" options={options} value={subject} onChange={(id) => change({ subject: id })} />
      {chosen ? <TwinFigure of={chosen} set={stored.set} /> : null}
    </>
  );
}

/** How far a version is from the one whose answers it learned. */
function TwinFigure({ of: { version }, set }: { readonly of: Subject; readonly set: PromptSet }) {
  const { from = null, reached: found } = runOf(set, version)?.distilled ?? {};
  const teacher = versionById(set, from);
  if (!found || !teacher) return null;
  return <p className="small" role="status">{`${twinWords(found, versionWords(teacher))}.`}</p>;
}

function Recipients({ choice: { recipient, subject: id }, stored }: ChoiceProps) {
  const { change } = useExport.use();
  const subject = id === null ? null : subjectOf(stored, id);
  const options = RECIPIENTS.map((each) => ({
    id: each,
    label: EXPORTS[each].recipient,
    whyNot: EXPORTS[each].whyNot(subject, stored),
  }));
  const trainingOff = useSession(whyTrainingOff);
  const forTwin =
    trainingOff === null && subject && EXPORTS.peft.whyNot(subject, stored) && canHaveTwin(subject, stored);
  const others = options.flatMap(({ id: of, label, whyNot }) =>
    whyNot === null || (forTwin && of === 'peft') ? [] : [{ label, whyNot }],
  );
  const reasons = [...new Set(others.map(({ whyNot }) => whyNot))];
  return (
    <>
      <Choices
        label="For whom"
        value={recipient}
        onChange={(next) => change({ recipient: next })}
        options={options.map(({ whyNot, ...option }) => ({ ...option, isDisabled: whyNot !== null }))}
      />
      <p>{EXPORTS[recipient].words.gets}</p>
      {reasons.map((reason) => (
        <p key={reason} className="dim small">
          {`Not for ${others.flatMap(({ label, whyNot }) => (whyNot === reason ? [format.midSentence(label)] : [])).join(', ')}: ${format.midSentence(reason)}`}
        </p>
      ))}
      {forTwin ? <TwinOffer subject={subject} stored={stored} /> : null}
    </>
  );
}

const rowsOf = ({ choice, stored }: ChoiceProps): number => EXPORTS[choice.recipient].rows({ ...choice, stored });

/** Its format, and whether rows go along: none unless the user agrees. */
function Questions(chosen: ChoiceProps) {
  const { change } = useExport.use();
  const { choice } = chosen;
  const asked = EXPORTS[choice.recipient];
  const { label, without: no, with: yes } = asked.words.rows;
  const count = rowsOf(chosen);
  const fields: readonly FieldOf<ExportChoice>[] = [
    ...('formats' in asked ? [{ key: 'format', label: 'Format', options: asked.formats } as const] : []),
    ...(count > 0 ? [{ key: 'withRows', label, no, yes: yes(format.count(count)) } as const] : []),
  ];
  return <Fields of={fields} values={{ format: 'html', ...choice }} onChange={(next) => change(next)} />;
}

const AUDIENCE: readonly FieldOf<Pick<AudienceChoice, 'title' | 'sentence'>>[] = [
  { key: 'title', rows: 1, label: 'Title', maxLength: 200 },
  { key: 'sentence', rows: 1, label: 'The presenter’s sentence', maxLength: 200 },
];

/** What the audience reads, and which texts it sees. The page is made again when a field is left. */
function AudienceFields({ choice, stored }: ChoiceProps) {
  const { change } = useExport.use();
  const [audience, setAudience] = useState(choice.audience ?? audienceProposal({ ...choice, stored }));
  return (
    <>
      <Fields
        of={AUDIENCE}
        values={audience}
        onChange={(next) => setAudience({ ...audience, ...next })}
        onBlur={() => change({ audience })}
      />
      {choice.withRows ? (
        <AudienceTexts
          order={{ ...choice, stored }}
          rows={audience.rows}
          onChange={(rows) => {
            setAudience({ ...audience, rows });
            change({ audience: { ...audience, rows } });
          }}
        />
      ) : null}
    </>
  );
}

interface TextsProps {
  readonly order: Order;
  /** Null = those that are drawn. */
  readonly rows: AudienceChoice['rows'];
  readonly onChange: (rows: AudienceChoice['rows']) => void;
}

const MOST_LISTED = 20;

/** Rows are drawn at random unless somebody chooses; then the page says so. */
function AudienceTexts({ order, rows, onChange }: TextsProps) {
  const [wanted, setWanted] = useState('');
  const { stored, subject } = order;
  const all = useMemo(() => audienceRows({ stored, subject, withRows: true }), [stored, subject]);
  const drawn = all.flatMap(({ id, isDrawn }) => (isDrawn ? [id] : []));
  const shown = rows ?? drawn;
  const isAsked = wanted.trim() !== '';
  const listed = all.filter(({ id, text, isDrawn }) =>
    isAsked ? text.toLowerCase().includes(wanted.trim().toLowerCase()) : isDrawn || shown.includes(id),
  );
  const toggle = (id: string) => {
    const next = shown.includes(id) ? shown.filter((other) => other !== id) : [...shown, id];
    onChange(next.length === drawn.length && drawn.every((other) => next.includes(other)) ? null : next);
  };
  return (
    <>
      <TextField
        label="Choose the texts"
        hint={`${format.count(shown.length)} of ${format.counted(all.length, 'compared test row')}, ${rows ? 'chosen by you, as the page will say' : 'drawn at random'}. Type to find others.`}
        value={wanted}
        onChange={setWanted}
      />
      <ul className="audience-texts">
        {listed.slice(0, MOST_LISTED).map(({ id, text }) => (
          <li key={id}>
            <label>
              <input type="checkbox" checked={shown.includes(id)} onChange={() => toggle(id)} />
              <span>{text}</span>
            </label>
          </li>
        ))}
      </ul>
      {listed.length > MOST_LISTED ? (
        <p className="dim small">
          The first {MOST_LISTED} of {format.count(listed.length)}.
        </p>
      ) : null}
    </>
  );
}

function RowsCount(chosen: ChoiceProps) {
  const packed = useStore(useExport.use().made, (s) => s.value?.rows);
  const rows = packed ?? (chosen.choice.withRows ? rowsOf(chosen) : 0);
  return (
    <p>
      <strong>{`This file will contain ${rows === 0 ? 'none' : format.count(rows)} of your rows.`}</strong>
    </p>
  );
}

function Contents() {
  const { made } = useExport.use();
  const { value, error } = usePicked(made, 'value', 'error');
  const asks = useExport((s) => s.asks);
  if (asks)
    return (
      <Note tone="info" title="It is made of your rows">
        {asks}
      </Note>
    );
  if (value)
    return (
      <Table
        caption="What is in it"
        rows={value.files}
        rowKey={(file) => file.path}
        columns={[
          { name: 'File', primary: true, cell: (file) => <code>{file.path}</code> },
          { name: 'What it is', cell: (file) => file.what },
          { name: 'Size', numeric: true, cell: (file) => format.bytes(file.bytes) },
        ]}
      />
    );
  if (!error) return <Progress />;
  return <Failed title="The package could not be made" error={error} onRetry={() => void made.reload()} />;
}

function Progress() {
  const { progress, choice } = usePicked(useExport.use(), 'progress', 'choice');
  const needsModel = choice !== null && EXPORTS[choice.recipient].needsModel;
  const label = needsModel ? 'Scoring check rows' : 'Preparing the package';
  return <CheckedRows label={label} rows={progress} needsModel={needsModel} />;
}
