import { type ComponentProps, type ReactNode, useMemo, useState } from 'react';
import { toCsv } from '../../../dataset/csv-out';
import { judgeOf } from '../../../decide/kinds';
import { type ArmAnswers, handOf, learnedOf, type RollOutRows, reference, shareOf } from '../../../decide/measured';
import {
  DECISIONS,
  type Decision,
  GATE_NAMES,
  gateWords,
  type Look,
  nextShare,
  productionAfter,
  type RollOut,
  rollOutTable,
  SHARES,
} from '../../../decide/roll-out';
import { isLearned } from '../../../evaluation/types';
import { asStudioError } from '../../../lib/errors';
import { capitalised, counted, percentWhole, points } from '../../../lib/format';
import { productionOf } from '../../../prompt-set/stages';
import type { PromptSet } from '../../../prompt-set/types';
import { versionById, versionWords } from '../../../prompt-set/versions';
import { ChartPanel, drawRollOut } from '../../charts';
import { FileButton, FROM_ELSEWHERE, ToComparison, ViewingOnly } from '../../shell/Screen';
import { useResource } from '../../state/resource';
import { useCannotAsk, useIsBusy, useOnlyShows, useSession, useStores } from '../../state/studio';
import {
  Button,
  EmptyState,
  Failed,
  Fields,
  Note,
  Panel,
  ProgressBar,
  Select,
  Table,
  type TableColumn,
} from '../../ui';
import { saveFile } from '../../ui/download';
import { askable, type Choices, checksFor, decideStores, gatesFor, type Plan } from './decide-store';

interface StageProps {
  readonly title: string;
  readonly lead: string;
  readonly actions: ReactNode;
  readonly children: ReactNode;
}

const Stage = ({ title, lead, actions, children }: StageProps) => (
  <div>
    <div className="screen-head">
      <div className="screen-words">
        <h2 aria-live="polite">{title}</h2>
        <p className="dim">{lead}</p>
      </div>
      <div className="screen-actions">{actions}</div>
    </div>
    {children}
  </div>
);

export function RehearsalTab({ set, choices }: { readonly set: PromptSet; readonly choices: Choices }) {
  const store = decideStores.use();
  const busy = useIsBusy();
  const { value: all } = useResource(store.rows, { setId: set.id, updatedAt: set.updatedAt, busy });
  const { refused } = judgeOf(set.kind);
  if (refused !== null) return <EmptyState title="No rehearsal for this task">{refused}</EmptyState>;
  if (!all) return <ProgressBar label="Reading the newest results" />;
  const { started, plan } = choices;
  const running = started && all.find(({ id, refused }) => id === started.plan.rows && refused === null);
  if (running) return <Started set={set} rows={running} plan={started.plan} started={JSON.stringify(started)} />;
  const rows = all.find(({ id }) => id === plan.rows) ?? all[0];
  const [present, next] = rows ? chosenPrompts(set, rows, plan) : [];
  if (!rows || !present || !next) return <NothingMeasured set={set} />;
  return <Before set={set} all={all} rows={rows} present={present} next={next} plan={plan} />;
}

/** As chosen, else from the hand-written prompt in production, or yours, to the tuned one; versions first. */
function chosenPrompts(set: PromptSet, { measured, versions }: RollOutRows, { from, to }: Plan) {
  const own = { ...measured, arms: measured.arms.filter(({ id }) => versions[id] !== undefined) };
  const inUse = productionOf(set)?.id;
  const production = own.arms.find(({ id, kind }) => versions[id] === inUse && !isLearned(kind));
  const present = reference(measured, from) ?? production ?? handOf(own) ?? handOf(measured);
  const others = measured.arms.filter(
    ({ id, kind }) => id !== present?.id && kind !== 'reference' && kind !== 'untuned',
  );
  return [present, reference(measured, to) ?? learnedOf(own) ?? learnedOf(measured) ?? others.at(-1)] as const;
}

function NothingMeasured({ set }: { readonly set: PromptSet }) {
  const onlyShows = useOnlyShows();
  return (
    <EmptyState title="No two prompts have answered the same rows" action={<ToComparison setId={set.id} />}>
      {`A roll-out goes from one to the other in steps. Rows with labels say whether the next one may follow. ${onlyShows ? FROM_ELSEWHERE : 'Compare both first, then rehearse the steps here.'}`}
    </EmptyState>
  );
}

interface BeforeProps {
  readonly set: PromptSet;
  readonly all: readonly RollOutRows[];
  readonly rows: RollOutRows;
  readonly present: ArmAnswers;
  readonly next: ArmAnswers;
  readonly plan: Plan;
}

function Before({ set, all, rows, present, next, plan }: BeforeProps) {
  const { start } = decideStores.use();
  const ids = { rows: rows.id, from: present.id, to: next.id };
  return (
    <Stage
      title={`Rehearse the switch from ${present.name} to ${next.name}`}
      lead={`${SHARES.map(percentWhole).join(', ')} of the texts get the new prompt’s answer, step by step. Write the gates first: once the rehearsal has started, they stay as they are.`}
      actions={
        <Button
          variant="primary"
          isDisabled={rows.refused !== null}
          onPress={() => void start(set, rows, { ...askable(plan, next), ...ids })}
        >
          Start the rehearsal
        </Button>
      }
    >
      <div className="grid uneven">
        <RowsPanel set={set} all={all} rows={rows} present={present} next={next} />
        <GatesPanel plan={plan} next={next} />
      </div>
    </Stage>
  );
}

function RowsPanel({ set, all, rows, present, next }: Omit<BeforeProps, 'plan'>) {
  const { changePlan: plan, asVersions } = decideStores.use();
  const { intents } = useStores();
  const job = useSession((s) => s.job);
  const cannot = useCannotAsk();
  const [refused, setRefused] = useState<ComponentProps<typeof Failed> | null>(null);
  const options = rows.measured.arms.map(({ id, name }) => ({ id, label: name }));
  const versions = [
    versionById(set, rows.versions[present.id] ?? set.chosenWritten ?? ''),
    versionById(set, rows.versions[next.id] ?? set.chosenTrained ?? ''),
  ].filter((version) => version !== null);
  const names = [present, next].flatMap(({ id, name }, i) => {
    // a prompt of a comparison may be no version yet
    const version = rows.versions[id] || id === 'yours' || id === 'tuned' ? versions[i] : null;
    return version === null ? name : version ? versionWords(version) : [];
  });
  const measure = async (file: File) => {
    setRefused(null);
    try {
      const kept = await asVersions(set, rows, [present.id, next.id]);
      const ids = kept.map((id, i) => id ?? versions[i]?.id ?? '');
      const measured = await intents.carriers.measureFile(set.id, ids, file);
      if (measured !== null) plan({ rows: measured, from: '', to: '' });
    } catch (cause) {
      setRefused({ title: `${file.name} was not measured`, error: asStudioError(cause) });
    }
  };
  return (
    <Panel stack span={5} title="Which prompts, on which rows">
      <Select label="Current prompt" value={present.id} options={options} onChange={(from) => plan({ from })} />
      <Select label="New prompt" value={next.id} options={options} onChange={(to) => plan({ to })} />
      <Select
        label="Rows, in the order of arrival"
        value={rows.id}
        options={all.map(({ id, name }) => ({ id, label: name }))}
        onChange={(id) => plan({ rows: id, from: '', to: '' })}
      />
      <div className="row">
        <FileButton isDisabled={cannot || versions.length < 2} onFile={(file) => void measure(file)}>
          Use a CSV with labels
        </FileButton>
      </div>
      {refused ? <Failed {...refused} /> : null}
      {rows.refused === null ? null : <Note title="Not on these rows">{rows.refused}</Note>}
      <ViewingOnly />
      {job ? <ProgressBar label={job.title} value={job.fraction} /> : null}
      <p className="dim small">
        On these rows {next.name} is right on {percentWhole(shareOf(next.isCorrect).value)}, {present.name} on{' '}
        {percentWhole(shareOf(present.isCorrect).value)}. {capitalised(names.join(' and '))} answer the file; its labels
        count only when they arrive. The results are kept in the Library. {judgeOf(rows.measured.kind).right}
      </p>
    </Panel>
  );
}

function GatesPanel({ plan, next }: Pick<BeforeProps, 'plan' | 'next'>) {
  const { changePlan: change } = decideStores.use();
  return (
    <Panel span={7} title="Gates" aside="written before the start">
      <div className="amounts">
        <Fields
          of={gatesFor(next)}
          values={plan.gates}
          onChange={(to) => change({ gates: { ...plan.gates, ...to } })}
        />
        <Fields of={checksFor(next)} values={plan} onChange={change} />
      </div>
      <p className="dim small">
        Both prompts answer every row. A hash of the text, or of the row’s number, says whose answer counts. A row keeps
        its side, and a larger share contains the smaller one. All checks together advance a prompt that is not good
        enough in at most 5% of roll-outs. Rows with the same text, or almost the same, count as one.
      </p>
    </Panel>
  );
}

interface StartedProps {
  readonly set: PromptSet;
  readonly rows: RollOutRows;
  readonly plan: Plan;
  readonly started: string;
}

function Started({ set, rows, plan, started }: StartedProps) {
  const { value: run } = useResource(decideStores.use().run, { setId: set.id, started });
  if (!run) return <ProgressBar label="Rehearsing" />;
  const [from, to] = [plan.from, plan.to].map((id) => reference(rows.measured, id)?.name);
  const next = rows.versions[plan.to];
  const unnamed =
    next === undefined ? ` ${to} is not saved as a version, so no stage can point to it: export it from Compare.` : '';
  return (
    <Stage
      title={run.sentence}
      lead={`Rehearsed on ${rows.name}: from ${from} to ${to}.${unnamed}`}
      actions={<Actions set={set} run={run} present={rows.versions[plan.from]} next={next} />}
    >
      <div className="grid uneven">
        <Rehearsed run={run} largestLoss={plan.gates.largestLoss} />
        <Panel span={4} title="Gates" aside="written before the start">
          <ul>
            {gateWords(plan.gates).map((words) => (
              <li key={words}>{words}</li>
            ))}
          </ul>
        </Panel>
      </div>
    </Stage>
  );
}

interface ActionsProps {
  readonly set: PromptSet;
  readonly run: RollOut;
  /** Ids of versions; left out: the prompt is no version of its own. */
  readonly present: string | undefined;
  readonly next: string | undefined;
}

/** The decision at this check, the advised one last; at the end, the stage. */
function Actions({ set, run, present, next }: ActionsProps) {
  const { decide, startAgain, pointProduction } = decideStores.use();
  const last = run.looks.at(-1);
  if (run.outcome === 'waiting' && last)
    return (
      <>
        <Button onPress={() => decide('advance', true)}>Leave the rest to the gates</Button>
        {DECISIONS.toSorted((a, b) => Number(a === last.advice) - Number(b === last.advice)).map((decision) => (
          <Button
            key={decision}
            variant={decision === last.advice ? 'primary' : 'plain'}
            isDisabled={DECISIONS.indexOf(decision) < DECISIONS.indexOf(last.advice)}
            onPress={() => decide(decision)}
          >
            {ASKED[decision](last.share)}
          </Button>
        ))}
      </>
    );
  const inUse = productionOf(set)?.id;
  const wanted = productionAfter(run, { inUse, present, next });
  const version = versionById(set, wanted ?? '');
  const canPoint = version !== null && version.id !== inUse;
  return (
    <>
      <Button variant={canPoint ? 'plain' : 'primary'} onPress={startAgain}>
        Write other gates
      </Button>
      {canPoint ? (
        <Button variant="primary" onPress={() => void pointProduction(set, version.id, run.sentence)}>
          Point production to {versionWords(version)}
        </Button>
      ) : null}
    </>
  );
}

const ASKED: Readonly<Record<Decision, (share: number) => string>> = {
  advance: (share) => {
    const next = nextShare(share);
    return next === null ? 'Advance: the new prompt answers everything' : `Advance to ${percentWhole(next)}`;
  },
  hold: (share) => `Hold at ${percentWhole(share)}`,
  'roll-back': () => 'Roll back',
};

const SAID: Readonly<Record<Decision, string>> = { advance: 'Advance', hold: 'Hold', 'roll-back': 'Roll back' };

const lookColumns = (open: Look | null): readonly TableColumn<Look>[] => [
  { name: 'Labels', primary: true, cell: ({ labelled }) => counted(labelled, 'label') },
  {
    name: 'Share',
    card: true,
    cell: ({ share, inShare, labelled }) => `${percentWhole(share)}: ${inShare} of ${labelled} rows`,
  },
  {
    name: 'New − current',
    numeric: true,
    cell: ({ difference, interval }) => `${points(difference)} (${points(interval.low)} to ${points(interval.high)})`,
  },
  {
    name: 'Gates',
    cell: ({ gates }) => (
      <ul>
        {gates.map(({ id, state, evidence }) => (
          <li key={id}>
            <strong>{state}</strong>: {GATE_NAMES[id].toLowerCase()}, {evidence}
          </li>
        ))}
      </ul>
    ),
  },
  {
    name: 'Decision',
    cell: (look) =>
      look === open ? `Your decision; the gates say ${SAID[look.advice].toLowerCase()}` : SAID[look.decision],
  },
];

function Rehearsed({ run, largestLoss }: { readonly run: RollOut; readonly largestLoss: number }) {
  const draw = useMemo(() => drawRollOut(run, largestLoss), [run, largestLoss]);
  const { header, rows } = useMemo(() => rollOutTable(run), [run]);
  return (
    <ChartPanel
      span={8}
      title="Accuracy of the new prompt against the current one"
      unit="points, at each check; the share on top"
      draw={draw}
      twin={{ columns: header, rows }}
    >
      <Table
        caption="Checks of the roll-out"
        columns={lookColumns(run.outcome === 'waiting' ? (run.looks.at(-1) ?? null) : null)}
        rows={run.looks}
        rowKey={({ labelled }) => String(labelled)}
      />
      <Button
        size="s"
        onPress={() => saveFile('roll-out.csv', toCsv(header, rows, { bom: true, neutralise: true }), 'text/csv')}
      >
        Save the log
      </Button>
    </ChartPanel>
  );
}
