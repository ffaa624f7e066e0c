import { useState } from 'react';
import { accountSentence } from '../../../dataset/account';
import type { Answers } from '../../../prompt-set/answers';
import { driftWords, firstOf, knownWords, type Result, resultsOf } from '../../../prompt-set/performance';
import { versionInUse } from '../../../prompt-set/stages';
import { versionById, versionWords } from '../../../prompt-set/versions';
import { VersionPicker } from '../../shell/VersionPicker';
import { navigate, screenPath } from '../../state/location';
import { Button, Panel } from '../../ui';
import { gridState } from './grid-store';
import { type Detail, detailActions } from './library-store';
import { minuteWords } from './parts';

const SHOWN = 8;

export function MeasurePanel({ detail }: { readonly detail: Detail }) {
  const { set } = detail;
  const { startWith } = gridState.use();
  const [chosen, setChosen] = useState<string | null>(null);
  const measured = versionById(set, chosen ?? '') ?? versionInUse(set);
  if (!measured) return null;
  return (
    <Panel
      stack
      title="Is it still as good?"
      means="Whether a prompt answers new rows as well as it did when it was released. Texts change over time, and an old prompt may no longer fit them."
    >
      <div className="two-fields">
        <VersionPicker label="Version to measure" set={set} value={measured.id} onChange={setChosen} />
        <div className="row">
          <Button
            onPress={() =>
              void startWith(set.id, [measured.id]).then(() => navigate(`${screenPath(set.id, 'library')}?tab=grid`))
            }
          >
            Measure in the grid
          </Button>
        </div>
      </div>
      <Measurements detail={detail} />
    </Panel>
  );
}

function Measurements({ detail }: { readonly detail: Detail }) {
  const results = resultsOf(detail);
  const newest = results.flatMap((result) => (result.said ? [{ result, said: result.said }] : [])).toReversed();
  if (newest.length === 0)
    return (
      <p className="dim">Not measured again yet. The grid asks it its test rows, or the rows of a labelled file.</p>
    );
  return (
    <>
      <ul className="stack">
        {newest.slice(0, SHOWN).map(({ result, said }) => (
          <Measured key={result.id} result={result} results={results} said={said} />
        ))}
      </ul>
      {newest.length > SHOWN ? (
        <p className="dim small">
          The newest {SHOWN} of {newest.length} measurements; the chart shows all of them.
        </p>
      ) : null}
    </>
  );
}

interface MeasuredProps {
  readonly result: Result;
  readonly results: readonly Result[];
  readonly said: Answers;
}

function Measured({ result, results, said }: MeasuredProps) {
  const { removeMeasurement } = detailActions.use();
  const { of, at } = result;
  const { account, answers } = said;
  const known = knownWords(answers);
  return (
    <li>
      <p>
        <strong>{versionWords(of)}</strong>: {driftWords(firstOf(results, result), result)}
      </p>
      {known ? <p className="small">{known}</p> : null}
      <div className="row small dim">
        {minuteWords(at)}
        {` · ${accountSentence(account)} `}
        <Button
          size="s"
          variant="link"
          aria-label={`Remove the measurement of ${versionWords(of)} of ${minuteWords(at)}`}
          onPress={() => void removeMeasurement(said)}
        >
          Remove
        </Button>
      </div>
    </li>
  );
}
