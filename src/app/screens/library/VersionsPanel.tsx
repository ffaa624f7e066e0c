import { useState } from 'react';
import { ARM_NAMES } from '../../../evaluation/arm-names';
import { percentWhole } from '../../../lib/format';
import { countsOf, countsShare, firstText, isText, softsOf } from '../../../prompt/prompt';
import { PLACEMENT_WORDS } from '../../../prompt/soft-prompt';
import { chosenTrained, chosenWritten } from '../../../prompt-set/make-versions';
import { stagesAt } from '../../../prompt-set/stages';
import type { PromptSet, Version } from '../../../prompt-set/types';
import { hasProbe, isHybrid, isTuned, runOf, sideOf, versionsOf, versionWords } from '../../../prompt-set/versions';
import { howWords, startWords } from '../../../workflow/words';
import { usePromptSets, useStores } from '../../state/studio';
import { reached } from '../../state/version-words';
import { ArmMark, Button, format, Note, PagedTable, Panel, TextForm } from '../../ui';
import { batch } from './batch-store';
import { useExport } from './export-store';
import { detailActions } from './library-store';
import { madeWords } from './parts';

const PAGE = 40;

interface VersionProps {
  readonly set: PromptSet;
  readonly of: Version;
}

/** Every version, hand-written and tuned, newest first. A version never changes; its note may. */
export function VersionsPanel({ set }: { readonly set: PromptSet }) {
  return (
    <Panel
      title="Versions"
      means="A prompt as it was saved or trained, with a number. It never changes: an edit makes the next version."
      aside={`${versionsOf(set, 'written').length} hand-written, ${versionsOf(set, 'trained').length} tuned`}
    >
      <PagedTable<Version>
        caption="Versions"
        rows={set.versions.toReversed()}
        page={PAGE}
        empty="No version yet. Every prompt that you try on the Prompts screen or train on the Train screen is saved here."
        rowKey={({ id }) => id}
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
          { name: 'Made', cell: (each) => <span className="made">{madeWords(each)}</span> },
          {
            name: 'On validation rows',
            card: 'validation',
            numeric: true,
            cell: (each) => reached(set, each) ?? 'not tried',
          },
          { name: 'Used as', cell: (each) => <UsedAs set={set} of={each} /> },
          { name: 'Actions', isNameHidden: true, cell: (each) => <Actions set={set} of={each} /> },
        ]}
      />
      {set.versions.length > 0 ? <Author /> : null}
    </Panel>
  );
}

function UsedAs({ set, of: version }: VersionProps) {
  const uses = [
    ...stagesAt(set, version.id),
    ...(version.id === chosenWritten(set)?.id ? [ARM_NAMES.yours] : []),
    ...(version.id === chosenTrained(set)?.id ? [ARM_NAMES.tuned] : []),
  ];
  return uses.length > 0 ? uses.join(', ') : <span className="dim">–</span>;
}

function What({ set, of }: VersionProps) {
  const isWritten = isText(of.prompt);
  return (
    <>
      <ArmMark side={isWritten ? 'a' : 'b'}>
        <strong>{versionWords(of)}</strong> <span className="dim">{of.name}</span>
      </ArmMark>
      {isWritten ? (
        <>
          <pre className="version-text">{firstText(of.prompt).template}</pre>
          <div className="dim small">{howWords(firstText(of.prompt))}</div>
        </>
      ) : (
        <div className="dim small">{trainedWords(set, of).join(' · ')}</div>
      )}
    </>
  );
}

function trainedWords(set: PromptSet, of: Version): readonly string[] {
  const { prompt, origin, model } = of;
  const [softs, counts, run] = [softsOf(prompt), countsOf(prompt), runOf(set, of)];
  const [soft] = softs;
  return [
    soft && PLACEMENT_WORDS[soft.placement],
    soft && format.counted(soft.virtualTokens, 'vector'),
    soft?.answerShift && origin.kind !== 'probe' && 'answer words trained too',
    origin.kind === 'probe' &&
      `logistic regression on the model’s hidden states, ${format.counted(origin.rows, 'training row')}`,
    hasProbe(prompt) ? 'with a linear probe' : softs.length > 1 && `mean of ${softs.length} runs`,
    counts &&
      `${format.count(counts.vocabulary.length)} counted words, ${percentWhole(countsShare(prompt))} of the weight`,
    run && `started from ${startWords(run.settings.initialisation, set)}`,
    run && `step ${run.bestStep ?? '–'} of ${run.settings.steps}`,
    origin.kind === 'imported' && `imported from ${origin.from}`,
    model?.id,
  ].filter((words) => typeof words === 'string');
}

function VersionNote({ set, of: version }: VersionProps) {
  const { note } = detailActions.use();
  const [isEditing, setEditing] = useState(false);
  const words = versionWords(version);
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

function Actions({ set, of: version }: VersionProps) {
  const { chooseYours, chooseTuned } = detailActions.use();
  const { open: openExport } = useExport.use();
  const { show: showBatch } = batch.use();
  const words = versionWords(version);
  const side = sideOf(version);
  const isNever = side === 'trained' && (isHybrid(version) || !isTuned(version));
  const { chosen, name, choose } = {
    written: { chosen: chosenWritten(set), name: 'your prompt', choose: chooseYours },
    trained: { chosen: chosenTrained(set), name: 'tuned prompt', choose: chooseTuned },
  }[side];
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
        onPress={() => showBatch(set.id, { kind: 'version', id: version.id })}
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
