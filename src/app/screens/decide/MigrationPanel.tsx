import { useEffect } from 'react';
import { useStore } from 'zustand';
import { chosenSoft } from '../../../prompt-set/make-versions';
import type { PromptSet } from '../../../prompt-set/types';
import type { Cell, Section, Table as SheetTable } from '../../../report/types';
import { timeWords } from '../../../training/estimate';
import type { PlannedMove } from '../../../workflow/migration';
import { RunningJob } from '../../shell/Screen';
import { type KnownModel, sourceId } from '../../state/models-store';
import { useResource } from '../../state/resource';
import { weightsOf } from '../../state/session-state';
import { useIsBusy, useOnlyShows, usePicked, usePromptSets, useSession, useStores } from '../../state/studio';
import { Button, Failed, format, Note, Panel, ProgressBar, Select, Table } from '../../ui';
import { saveFile } from '../../ui/download';
import {
  type DoneMigration,
  decideStores,
  type MigrationKey,
  type ModelMove,
  migrations,
  modelName,
} from './decide-store';

/** The model changes: the prompts in use are trained again, old and new are compared, and a sheet says what it cost. */
export function MigrationPanel({ set, move }: { readonly set: PromptSet; readonly move: ModelMove }) {
  const { models } = useStores();
  const known = useStore(models, (s) => s.known);
  const loaded = useSession(weightsOf);
  useEffect(() => void models.getState().refresh(), [models]);
  const { done } = migrations.use();
  const onlyShows = useOnlyShows();
  const { value } = useResource(done, { setId: set.id, all: move.all });
  // the model that the tuned prompt in use belongs to, else the loaded one
  const home = chosenSoft(set)?.model.sha256;
  const isOf = (sha256: string | null | undefined) => known.find(({ info }) => info && info.sha256 === sha256);
  const from = known.find(({ source }) => sourceId(source) === move.from) ?? isOf(home) ?? isOf(loaded);
  const to = known.find((model) => model !== from && sourceId(model.source) === move.to);
  return (
    <>
      <Panel stack span={12} title="When the model changes" aside="what it costs to move there, and what it changes">
        <p>
          The tuned prompts in use are trained again with the new model as they were before, and the old and the new
          model answer the same test rows. Stages and the prompts in use stay as they are.
        </p>
        <Chosen move={move} known={known} from={from} to={to} />
        {from && to && !onlyShows ? (
          <Queue setId={set.id} updatedAt={set.updatedAt} all={move.all} from={from} to={to} />
        ) : null}
      </Panel>
      {value?.map((each) => (
        <SheetPanel key={each.setId} of={each} />
      ))}
    </>
  );
}

interface ChosenProps {
  readonly move: ModelMove;
  readonly known: readonly KnownModel[];
  readonly from: KnownModel | undefined;
  readonly to: KnownModel | undefined;
}

const nameOf = ({ id, info }: KnownModel) => (info ? modelName(info) : id.replace(/^.*\//, ''));

function Chosen({ move, known, from, to }: ChosenProps) {
  const { change } = decideStores.use();
  const running = useStore(migrations.use().migrating, (s) => s.running);
  const sets = usePromptSets((s) => s.sets.length);
  const options = known.map((model) => ({ id: sourceId(model.source), label: nameOf(model) }));
  const fromId = from ? sourceId(from.source) : null;
  return (
    <div className="decide-questions">
      <Select
        label="Old model"
        value={fromId}
        placeholder="Choose"
        isDisabled={running}
        options={options}
        onChange={(id) => change({ move: { ...move, from: id } })}
      />
      <Select
        label="New model"
        hint="Another one: open or fetch it once under Models, at the top."
        value={to ? sourceId(to.source) : null}
        placeholder="Choose"
        isDisabled={running}
        options={options.filter(({ id }) => id !== fromId)}
        onChange={(id) => change({ move: { ...move, from: fromId ?? '', to: id } })}
      />
      {sets > 1 ? (
        <Select
          label="Prompt sets"
          value={move.all ? 'all' : 'one'}
          isDisabled={running}
          options={[
            { id: 'one', label: 'This one' },
            { id: 'all', label: 'All with labels and rows', detail: `of ${sets}` },
          ]}
          onChange={(id) => change({ move: { ...move, all: id === 'all' } })}
        />
      ) : null}
    </div>
  );
}

function Queue(move: Omit<MigrationKey, 'busy'>) {
  const { plan, migrating } = migrations.use();
  const busy = useIsBusy();
  const { value, error } = useResource(plan, { ...move, busy });
  const { running, error: failed } = usePicked(migrating, 'running', 'error');
  if (!value)
    return error ? (
      <Note tone="bad" title="The plan could not be made">
        {error.message}
      </Note>
    ) : (
      <ProgressBar label="Counting" value={null} />
    );
  const rows = value.plans.flatMap(({ handle, moves }) => moves.map((each) => ({ handle, ...each })));
  const pieces = rows.flatMap(piecesOf);
  const left = pieces.filter((isDone) => !isDone).length;
  const start = left === 0 ? 'Compare again' : left < pieces.length ? 'Continue' : 'Move to the new model';
  return (
    <>
      <PlanTable rows={rows} />
      {running ? (
        <RunningJob of={migrating} />
      ) : (
        <div className="row">
          <Button isDisabled={busy || rows.length === 0} onPress={() => void migrating.start(move)}>
            {start}
          </Button>
          <span className="dim small">
            {left === 0 ? 'Everything is done.' : leftWords(value.seconds)} Finished prompts and answers are kept when
            you stop or reload. New answers are one more use of the test rows.
          </span>
        </div>
      )}
      <Failed title="The move stopped" error={failed}>
        Finished prompts and answers are kept: continue once the problem is solved.
      </Failed>
    </>
  );
}

const leftWords = (seconds: number | null) =>
  seconds === null
    ? 'How long it takes is not measured yet.'
    : `What is left takes ${timeWords(seconds)}, computed from the speed of both models.`;

const piecesOf = ({ whyNot, training, answered }: PlannedMove): readonly boolean[] =>
  whyNot === null ? [...(training ? [training.isDone] : []), answered.next, answered.old] : [];

function PlanTable({ rows }: { readonly rows: readonly (PlannedMove & { readonly handle: string })[] }) {
  const answers = ({ whyNot, testRows }: PlannedMove, isDone: boolean) =>
    whyNot === null ? (isDone ? 'done' : format.counted(testRows, 'test row')) : '–';
  const training = ({ whyNot, training: of }: PlannedMove) =>
    whyNot ?? (of ? (of.isDone ? 'done' : `on ${format.counted(of.rows.trainRows, 'row')}`) : 'not needed: a text');
  return (
    <Table
      caption="What will happen"
      rows={rows}
      rowKey={({ handle, name }) => `${handle} ${name}`}
      columns={[
        { name: 'Prompt', primary: true, cell: ({ handle, name }) => `${handle}, ${name}` },
        { name: 'Train again', card: 'Train again', cell: training },
        { name: 'New model answers', card: 'New model answers', cell: (row) => answers(row, row.answered.next) },
        { name: 'Old model answers', card: 'Old model answers', cell: (row) => answers(row, row.answered.old) },
      ]}
    />
  );
}

function SheetPanel({ of: { sheet, page } }: { readonly of: DoneMigration }) {
  return (
    <Panel stack span={12} title={sheet.headline} aside={sheet.title}>
      {sheet.sections.map((section) => (
        <SheetSection key={section.title} of={section} />
      ))}
      <div className="row">
        <Button size="s" onPress={() => saveFile('migration.html', page, 'text/html')}>
          Save as one page
        </Button>
      </div>
    </Panel>
  );
}

const SheetSection = ({ of: { title, sentences = [], table, notes = [] } }: { readonly of: Section }) => (
  <section className="stack">
    <h3>{title}</h3>
    {sentences.map((sentence) => (
      <p key={sentence}>{sentence}</p>
    ))}
    {table ? <TableOf table={table} /> : null}
    {[...(table ? [`${table.caption}.`] : []), ...notes].map((sentence) => (
      <p key={sentence} className="dim small">
        {sentence}
      </p>
    ))}
  </section>
);

const TableOf = ({ table: { caption, columns, rows } }: { readonly table: SheetTable }) => (
  <Table
    caption={caption}
    rows={rows}
    rowKey={([name]) => name}
    columns={columns.map((head, i) => ({
      name: `${i}`,
      head,
      primary: i === 0,
      card: i === 0 ? undefined : head,
      cell: (row: (typeof rows)[number]) => cellWords(row[i] ?? ''),
    }))}
  />
);

const cellWords = (cell: Cell) =>
  typeof cell === 'string' ? (
    cell
  ) : (
    <>
      {cell.value} <span className="dim small">({cell.range})</span>
    </>
  );
