import { useState } from 'react';
import { percentWhole } from '../../../lib/format';
import { countsOf, softsOf, textWeight } from '../../../prompt/prompt';
import { PLACEMENT_WORDS } from '../../../prompt/soft-prompt';
import { chosenHard, chosenSoft, isRun } from '../../../prompt-set/make-versions';
import { stagesAt } from '../../../prompt-set/stages';
import type { PromptSet, SoftVersion } from '../../../prompt-set/types';
import { type Version, versionsOf, versionWords } from '../../../prompt-set/versions';
import { howWords, startWords } from '../../../workflow/words';
import { usePromptSets, useStores } from '../../state/studio';
import { reached } from '../../state/version-words';
import { ArmMark, Button, format, Note, Panel, Table } from '../../ui';
import { batch } from './batch-store';
import { exporting } from './export-store';
import { detailActions } from './library-store';
import { madeWords, TextForm } from './parts';

const SHOWN = 40;

interface VersionProps {
  readonly set: PromptSet;
  readonly of: Version;
}

/** Every version, hand-written and tuned, newest first. A version never changes; its note may. */
export function VersionsPanel({ set }: { readonly set: PromptSet }) {
  const [all, setAll] = useState(false);
  const versions = versionsOf(set).toReversed();
  const shown = all ? versions : versions.slice(0, SHOWN);
  return (
    <Panel
      span={12}
      title="Versions"
      means="A prompt as it was saved or trained, with a number. It never changes: an edit makes the next version."
      aside={`${set.hard.length} hand-written, ${versions.length - set.hard.length} tuned`}
    >
      {versions.length === 0 ? (
        <p className="dim">
          No version yet. Every prompt that you try on the Prompts screen or train on the Train screen is saved here.
        </p>
      ) : (
        <>
          <Versions set={set} versions={shown} />
          <Author />
        </>
      )}
      {versions.length > shown.length ? (
        <p>
          <Button variant="link" onPress={() => setAll(true)}>
            Show all {versions.length}
          </Button>
        </p>
      ) : null}
    </Panel>
  );
}

function Versions({ set, versions }: { readonly set: PromptSet; readonly versions: readonly Version[] }) {
  return (
    <Table<Version>
      caption="Versions"
      rows={versions}
      rowKey={({ version }) => version.id}
      columns={[
        {
          name: 'Version',
          primary: true,
          cell: (each) => (
            <>
              <What set={set} of={each} />
              <VersionNote set={set} of={each} />
            </>
          ),
        },
        { name: 'Made', cell: ({ version }) => <span className="made">{madeWords(version)}</span> },
        { name: 'On validation rows', card: 'validation', numeric: true, cell: (each) => reached(each) ?? 'not tried' },
        { name: 'Used as', cell: (each) => <UsedAs set={set} of={each} /> },
        { name: 'Actions', isNameHidden: true, cell: (each) => <Actions set={set} of={each} /> },
      ]}
    />
  );
}

function UsedAs({ set, of: { version } }: VersionProps) {
  const uses = [
    ...stagesAt(set, version.id),
    ...(version.id === chosenHard(set)?.id ? ['Yours'] : []),
    ...(version.id === chosenSoft(set)?.id ? ['Tuned'] : []),
  ];
  return uses.length > 0 ? uses.join(', ') : <span className="dim">–</span>;
}

function What({ set, of }: VersionProps) {
  const { kind, version } = of;
  return (
    <>
      <ArmMark side={kind === 'hard' ? 'a' : 'b'}>
        <strong>{versionWords(of)}</strong> <span className="dim">{version.name}</span>
      </ArmMark>
      {kind === 'hard' ? (
        <>
          <pre className="version-text">{version.prompt.template}</pre>
          <div className="dim small">{howWords(version.prompt)}</div>
        </>
      ) : (
        <div className="dim small">{trainedWords(set, version)}</div>
      )}
    </>
  );
}

function voicesWords(mixed: NonNullable<SoftVersion['mixed']>): readonly string[] {
  const [runs, counts] = [softsOf(mixed).length, countsOf(mixed)];
  return [
    ...(runs > 1 ? [`mean of ${runs} runs`] : []),
    ...(counts
      ? [
          `${format.count(counts.vocabulary.length)} counted words, ${percentWhole(1 - textWeight(mixed))} of the weight`,
        ]
      : []),
  ];
}

function trainedWords(set: PromptSet, { settings, bestStep, model, mixed, probe }: SoftVersion): string {
  const { placement, virtualTokens, initialisation, steps, answerVectors } = settings;
  return [
    PLACEMENT_WORDS[placement],
    format.counted(virtualTokens, 'vector'),
    ...(answerVectors === 'trained' && !probe ? ['answer words trained too'] : []),
    ...(probe
      ? [`logistic regression on the model’s hidden states, ${format.counted(probe.rows, 'training row')}`]
      : mixed
        ? voicesWords(mixed)
        : [`started from ${startWords(initialisation, set)}`, `step ${bestStep ?? '–'} of ${steps}`]),
    model.id,
  ].join(' · ');
}

function VersionNote({ set, of }: VersionProps) {
  const { note } = detailActions.use();
  const [isEditing, setEditing] = useState(false);
  const { version } = of;
  const words = versionWords(of);
  if (!isEditing)
    return (
      <div className="row">
        {version.note ? <span className="version-note">{version.note}</span> : null}
        <Button
          size="s"
          variant="link"
          aria-label={version.note ? `Edit the note for ${words}` : `Note for ${words}`}
          onPress={() => setEditing(true)}
        >
          {version.note ? 'Edit the note' : 'Write a note'}
        </Button>
      </div>
    );
  return (
    <TextForm
      label={`Note for ${words}`}
      value={version.note ?? ''}
      maxLength={2000}
      mayBeEmpty
      submit="Save"
      onSubmit={(text) => {
        if (text !== (version.note ?? '')) void note(set.id, version.id, text);
        setEditing(false);
      }}
      onCancel={() => setEditing(false)}
    />
  );
}

function Actions({ set, of }: VersionProps) {
  const { chooseYours, chooseTuned } = detailActions.use();
  const { open: openExport } = exporting.use();
  const { show: showBatch } = batch.use();
  const { kind, version } = of;
  const words = versionWords(of);
  const isNever = kind === 'soft' && (version.handVersion !== undefined || !isRun(version));
  const { chosen, name, choose } = {
    hard: { chosen: chosenHard(set), name: 'Yours', choose: chooseYours },
    soft: { chosen: chosenSoft(set), name: 'Tuned', choose: chooseTuned },
  }[kind];
  return (
    <span className="row">
      {version.id === chosen?.id || isNever ? null : (
        <Button size="s" aria-label={`Use ${words} as ${name}`} onPress={() => void choose(set.id, version.id)}>
          Use as {name}
        </Button>
      )}
      <Button
        size="s"
        variant="quiet"
        aria-label={`Run ${words} on a file`}
        onPress={() => showBatch(set.id, version.id)}
      >
        Run on a file
      </Button>
      <Button
        size="s"
        variant="quiet"
        aria-label={`Export ${words}`}
        onPress={() => void openExport(set.id, version.id)}
      >
        Export
      </Button>
    </span>
  );
}

function Author() {
  const { promptSets } = useStores();
  const author = usePromptSets((s) => s.author);
  const [isChanging, setChanging] = useState(false);
  const save = (name: string) => {
    void promptSets.getState().setAuthor(name);
    setChanging(false);
  };
  const form = (
    <TextForm
      label="Your name"
      hint="Shown with every version made in this browser from now on, and included in exports of the prompt set."
      value={author ?? ''}
      maxLength={80}
      autoFocus={isChanging}
      submit="Save"
      onSubmit={save}
      onCancel={() => setChanging(false)}
    >
      <Button variant="quiet" onPress={() => save('')}>
        Without a name
      </Button>
    </TextForm>
  );
  if (isChanging) return form;
  if (author === null)
    return (
      <Note tone="info" title="Who makes these versions?">
        {form}
      </Note>
    );
  return (
    <p className="dim small">
      {author === '' ? 'New versions carry no name.' : `New versions are made by ${author}.`}{' '}
      <Button variant="link" size="s" onPress={() => setChanging(true)}>
        {author === '' ? 'Add a name' : 'Change the name'}
      </Button>
    </p>
  );
}
