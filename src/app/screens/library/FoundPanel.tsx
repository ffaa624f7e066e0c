import { useEffect, useRef } from 'react';
import type { Incoming } from '../../../interchange/incoming';
import { useSession } from '../../state/studio';
import { format, LabelTag, Note, ProgressBar, Term } from '../../ui';
import { replayWords } from './check-rows';
import { unverifiable } from './fit';
import type { Check } from './import-store';
import { TaskFields } from './TaskFields';
import { useImport } from './use-library';

const PLACES = { prefix: 'before the text', suffix: 'after the text' } as const;

/** What was found: model, width, placement, tokens, task; and how it stands to the model that is loaded. */
export function FoundPanel() {
  const { found, check } = useImport((s) => s);
  const title = useRef<HTMLParagraphElement>(null);
  // the button that brought it is gone: the focus goes on to what was found
  useEffect(() => title.current?.focus(), []);
  if (!found) return null;
  const { what, file } = found;
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
      {what.kind === 'vectors' && check.kind !== 'refused' ? (
        <>
          {unverifiable(what) && check.kind === 'fits' ? (
            <Note title="Nobody can say which weights it was trained on">
              {what.baseModel ? `It names the folder “${what.baseModel.slice(0, 120)}”.` : 'The file names no model.'}{' '}
              Its width fits the model that is loaded; on other weights it would say nothing useful.
            </Note>
          ) : null}
          <TaskFields />
        </>
      ) : null}
      <CheckNote check={check} />
    </>
  );
}

function titleOf(what: Incoming, file: string): string {
  switch (what.kind) {
    case 'prompt':
      return what.examples ? `A demo: “${what.set.name}”` : `An exported prompt: “${what.set.name}”`;
    case 'project':
      return `A whole project: “${what.set.name}”`;
    case 'vectors':
      return `${file}: vectors from ${what.source}, without a task`;
  }
}

function factsOf(what: Incoming): readonly (readonly [string, React.ReactNode])[] {
  if (what.kind === 'project') {
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
      ['Trained on', baseModel ? baseModel.slice(0, 120) : 'not said'],
      ['Vectors', `${format.count(table.virtualTokens)} of ${format.count(table.hidden)} numbers`],
      ['Place', placement ? PLACES[placement] : 'not said'],
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

function CheckNote({ check }: { readonly check: Check }) {
  const model = useSession((s) => s.model);
  switch (check.kind) {
    case 'waiting':
      return (
        <ProgressBar
          label="Waiting for the model"
          value={model.kind === 'downloading' && model.totalBytes > 0 ? model.receivedBytes / model.totalBytes : null}
        />
      );
    case 'replaying':
      return (
        <ProgressBar
          label="Replaying its check rows"
          value={check.total === 0 ? null : check.done / check.total}
          detail={`${check.done} of ${check.total}`}
        />
      );
    case 'replayed':
      return (
        <Note tone={check.replay.changed > 0 ? 'warning' : 'info'} live title={`${replayWords(check.replay)}.`}>
          <Term means="Sentences that travel with a prompt, and what the model said of them where it was exported.">
            Check rows
          </Term>{' '}
          were scored with the model that is loaded here.
        </Note>
      );
    case 'refused':
      return (
        <Note tone="bad" live title="It does not fit the model that is loaded">
          {check.reason}
        </Note>
      );
    case 'unchecked':
      return (
        <Note live title="It could not be checked here">
          {check.reason} It can be kept all the same.
        </Note>
      );
    case 'fits':
      return null;
  }
}
