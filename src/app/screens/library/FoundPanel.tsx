import { useEffect, useRef } from 'react';
import { useStore } from 'zustand';
import { replayWords } from '../../../interchange/check-rows';
import type { Incoming } from '../../../interchange/incoming';
import { isUnverifiable } from '../../../interchange/model-fit';
import { useSession } from '../../state/studio';
import { format, LabelTag, Note, ProgressBar, Term } from '../../ui';
import { useImport } from './import-store';
import { TaskFields } from './TaskFields';

const PLACES = { prefix: 'before the text', suffix: 'after the text' } as const;

/** What was found: model, width, placement, tokens, task; and whether it agrees with the loaded model. */
export function FoundPanel() {
  const { found } = useImport.use();
  const value = useStore(found, (s) => s.value);
  const title = useRef<HTMLParagraphElement>(null);
  // the button that brought it is gone: the focus moves to what was found
  useEffect(() => title.current?.focus(), []);
  if (!value) return null;
  const { what, file } = value;
  return (
    <>
      <p ref={title} tabIndex={-1} className="found-title">
        <strong>{titleOf(what, file)}</strong>
      </p>
      <dl className="found-facts">
        {factsOf(what).map(([term, fact]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{fact}</dd>
          </div>
        ))}
      </dl>
      <Task what={what} />
      <CheckNote />
    </>
  );
}

/** Bare vectors need a task. */
function Task({ what }: { readonly what: Incoming }) {
  const { check } = useImport.use();
  const checked = useStore(check, (s) => s.value?.kind);
  if (what.kind !== 'vectors' || checked === 'refused') return null;
  return (
    <>
      {isUnverifiable(what) && checked === 'fits' ? (
        <Note title="The weights it was trained on are unknown">
          {what.baseModel ? `It names the folder “${what.baseModel.slice(0, 120)}”.` : 'The file names no model.'} Its
          width fits the loaded model, but its vectors only work with the weights they were trained on.
        </Note>
      ) : null}
      <TaskFields />
    </>
  );
}

function titleOf(what: Incoming, file: string): string {
  switch (what.kind) {
    case 'prompt':
      return what.examples ? `A demo: “${what.set.name}”` : `An exported prompt: “${what.set.name}”`;
    case 'set':
      return `A complete prompt set: “${what.set.name}”`;
    case 'vectors':
      return `${file}: vectors from ${what.source}, without a task`;
  }
}

function factsOf(what: Incoming): readonly (readonly [string, React.ReactNode])[] {
  if (what.kind === 'set') {
    const { set, dataset, evaluations } = what;
    const votes = evaluations.reduce((sum, { votes: given = [] }) => sum + given.length, 0);
    return [
      ['Answers', <Labels key="labels" labels={set.words.map(({ label }) => label)} />],
      ['Hand-written', format.counted(set.hard.length, 'version')],
      ['Tuned', format.counted(set.soft.length, 'run')],
      ['Comparisons', `${format.count(evaluations.length)}, ${format.counted(votes, 'blind vote')}`],
      ['Rows', dataset ? format.counted(dataset.table.rows.length, 'row') : 'none'],
    ];
  }
  if (what.kind === 'vectors') {
    const { table, placement, baseModel } = what;
    return [
      ['Trained on', baseModel ? baseModel.slice(0, 120) : 'unknown'],
      ['Vectors', `${format.count(table.virtualTokens)} of ${format.count(table.hidden)} numbers`],
      ['Place', placement ? PLACES[placement] : 'unknown'],
    ];
  }
  const { sidecar, dataset, set } = what;
  return [
    ['Trained on', `${sidecar.model.id} (${sidecar.model.dtype})`],
    ['Vectors', `${format.count(sidecar.numVirtualTokens)} of ${format.count(sidecar.tokenDim)} numbers`],
    ['Place', PLACES[sidecar.placement]],
    ['Answers', <Labels key="labels" labels={sidecar.labels.map(({ label }) => label)} />],
    ['Prompt', <code key="template">{sidecar.template.slice(0, 400)}</code>],
    ['Hand-written', format.counted(set.hard.length, 'version')],
    ['Rows', dataset ? format.counted(dataset.table.rows.length, 'row') : 'none'],
  ];
}

const Labels = ({ labels }: { readonly labels: readonly string[] }) => (
  <span className="row">
    {labels.slice(0, 8).map((label) => (
      <LabelTag key={label}>{label}</LabelTag>
    ))}
    {labels.length > 8 ? <span className="dim small">and {labels.length - 8} more</span> : null}
  </span>
);

function CheckNote() {
  const { check } = useImport.use();
  const { status, value, error } = useStore(check);
  if (status === 'loading') return <Checking />;
  if (error)
    return (
      <Note live title="It could not be checked here">
        {error.message} You can import it anyway.
      </Note>
    );
  if (value?.kind === 'replayed')
    return (
      <Note tone={value.replay.changed > 0 ? 'warning' : 'info'} live title={`${replayWords(value.replay)}.`}>
        <Term means="Sentences that travel with a prompt, and what the model said of them where it was exported.">
          Check rows
        </Term>{' '}
        were scored with the model that is loaded here.
      </Note>
    );
  if (value?.kind === 'refused')
    return (
      <Note tone="bad" live title="It does not fit the loaded model">
        {value.reason}
      </Note>
    );
  return null;
}

function Checking() {
  const model = useSession((s) => s.model);
  const progress = useImport((s) => s.progress);
  if (progress)
    return (
      <ProgressBar
        label="Replaying its check rows"
        value={progress.total === 0 ? null : progress.done / progress.total}
        detail={`${progress.done} of ${progress.total}`}
      />
    );
  return (
    <ProgressBar
      label="Waiting for the model"
      value={model.kind === 'downloading' && model.totalBytes > 0 ? model.receivedBytes / model.totalBytes : null}
    />
  );
}
