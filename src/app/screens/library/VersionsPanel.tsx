import { useState } from 'react';
import { chosenHard, chosenSoft } from '../../../project/prompt-set';
import { stagesAt } from '../../../project/stages';
import type { PromptSet } from '../../../project/types';
import { type Version, versionsOf, versionWords } from '../../../project/versions';
import { ArmMark, Button, format, Panel, Table, Term, TextField } from '../../ui';
import { howWords } from '../prompts/words';
import { startWords } from '../train/starts';
import { AuthorLine } from './AuthorLine';
import { toBatch } from './to-batch';
import { useExport, useRepository } from './use-library';
import { madeWords, reached } from './words';

const SHOWN = 40;

/** Every version, hand-written and tuned, newest first. What is in one never changes; its note may. */
export function VersionsPanel({ set }: { readonly set: PromptSet }) {
  const [all, setAll] = useState(false);
  const versions = versionsOf(set).toReversed();
  const shown = all ? versions : versions.slice(0, SHOWN);
  return (
    <Panel
      span={12}
      title={
        <Term means="A prompt as it was saved or trained, with a number. It never changes: a change makes the next version.">
          Versions
        </Term>
      }
      aside={`${set.hard.length} hand-written, ${versions.length - set.hard.length} tuned`}
    >
      {versions.length === 0 ? (
        <p className="dim">
          No version yet. The Prompts screen keeps every prompt that you try, the Train screen every one that it trains.
        </p>
      ) : (
        <Table<Version>
          caption="Versions"
          rows={shown}
          rowKey={({ version }) => version.id}
          columns={[
            { id: 'what', header: 'Version', primary: true, cell: (each) => <What set={set} of={each} /> },
            { id: 'made', header: 'Made', cell: ({ version }) => madeWords(version) },
            {
              id: 'validation',
              header: 'On validation rows',
              numeric: true,
              cardLabel: 'validation',
              cell: (each) => reached(each) ?? 'not tried',
            },
            {
              id: 'stages',
              header: 'Stands for',
              cell: (each) => {
                const stands = [
                  ...stagesAt(set, each.version.id),
                  ...(each.version.id === chosenHard(set)?.id ? ['Yours'] : []),
                  ...(each.version.id === chosenSoft(set)?.id ? ['Tuned'] : []),
                ];
                return stands.length > 0 ? stands.join(', ') : <span className="dim">–</span>;
              },
            },
            {
              id: 'do',
              header: <span className="visually-hidden">What to do with it</span>,
              cell: (each) => <Actions set={set} of={each} />,
            },
          ]}
        />
      )}
      {versions.length > 0 ? <AuthorLine /> : null}
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

function What({ set, of }: { readonly set: PromptSet; readonly of: Version }) {
  const note = useRepository((s) => s.note);
  const [draft, setDraft] = useState<string | null>(null);
  const { kind, version } = of;
  const keep = () => {
    if (draft !== null && draft !== (version.note ?? '')) void note(version.id, draft);
    setDraft(null);
  };
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
        <div className="dim small">
          {version.settings.placement === 'suffix' ? 'after' : 'before'} the text ·{' '}
          {format.counted(version.settings.virtualTokens, 'vector')} · from{' '}
          {startWords(version.settings.initialisation, set)} · step {version.bestStep ?? '–'} of{' '}
          {version.settings.steps} · {version.model.id}
        </div>
      )}
      {draft === null ? (
        <div className="row">
          {version.note ? <span className="version-note">{version.note}</span> : null}
          <Button
            size="s"
            variant="link"
            aria-label={`${version.note ? 'Change the note of' : 'Note for'} ${versionWords(of)}`}
            onPress={() => setDraft(version.note ?? '')}
          >
            {version.note ? 'Change the note' : 'Write a note'}
          </Button>
        </div>
      ) : (
        <form
          className="row"
          onSubmit={(event) => {
            event.preventDefault();
            keep();
          }}
        >
          <TextField
            label={`Note for ${versionWords(of)}`}
            value={draft}
            onChange={setDraft}
            autoFocus
            maxLength={2000}
            onKeyDown={(event) => event.key === 'Escape' && setDraft(null)}
          />
          <Button type="submit">Keep</Button>
        </form>
      )}
    </>
  );
}

function Actions({ set, of }: { readonly set: PromptSet; readonly of: Version }) {
  const { chooseYours, chooseTuned } = useRepository((s) => s);
  const openExport = useExport((s) => s.openExport);
  const { kind, version } = of;
  const words = versionWords(of);
  const isHybrid = kind === 'soft' && version.handVersion !== undefined;
  const chosen = kind === 'hard' ? chosenHard(set) : chosenSoft(set);
  const name = kind === 'hard' ? 'Yours' : 'Tuned';
  return (
    <span className="row">
      {version.id === chosen?.id || isHybrid ? null : (
        <Button
          size="s"
          aria-label={`Let ${words} stand for ${name}`}
          onPress={() => void (kind === 'hard' ? chooseYours : chooseTuned)(version.id)}
        >
          Use as {name}
        </Button>
      )}
      <Button
        size="s"
        variant="quiet"
        aria-label={`Run ${words} on a file`}
        onPress={() => toBatch(set.id, version.id)}
      >
        Run on a file
      </Button>
      {kind === 'soft' ? (
        <Button
          size="s"
          variant="quiet"
          aria-label={`Export ${words}`}
          onPress={() => void openExport(set.id, version.id)}
        >
          Export
        </Button>
      ) : null}
    </span>
  );
}
