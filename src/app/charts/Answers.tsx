import type { RowAnswer } from '../../evaluation/types';
import { counted, percentWhole, signed } from '../../lib/format';
import { commonWords } from '../../metrics/text';
import { READINGS } from '../../task/types';
import type { Weighed, WeighedWord, Weighing } from '../../workflow/play';
import { ArmMark, type ArmSide, Button, Failed, LabelTag, Stoppable } from '../ui';
import { TwinTable } from './ChartPanel';
import './charts.css';

export const labelAnswer = ({ label, right, probability }: RowAnswer) => (
  <span className="answer">
    <LabelTag verdict={right ? 'right' : 'wrong'}>{label}</LabelTag>{' '}
    <span className="num dim">{probability.toFixed(2)}</span>
  </span>
);

interface ProbabilityBarsProps {
  readonly side: ArmSide;
  readonly labels: readonly string[];
  /** In the order of the labels; they sum to 1. Null while nothing is known. */
  readonly probabilities: readonly number[] | null;
  readonly most?: number | undefined;
}

export function ProbabilityBars({ side, labels, probabilities, most = 6 }: ProbabilityBarsProps) {
  const rows = labels.map((label, i) => ({ label, p: probabilities?.[i] ?? null }));
  const shown = rows.length <= most ? rows : rows.toSorted((a, b) => (b.p ?? 0) - (a.p ?? 0)).slice(0, most);
  return (
    <>
      <ul className="probs">
        {shown.map(({ label, p }) => (
          <li key={label}>
            <span className="prob-label" title={label}>
              {label}
            </span>
            <span className="prob-bar" aria-hidden="true">
              <span className={`prob-fill side-${side}`} style={{ width: `${(p ?? 0) * 100}%` }} />
            </span>
            <span className="num">{p === null ? '–' : p.toFixed(2)}</span>
          </li>
        ))}
      </ul>
      {rows.length > most ? <p className="dim small">and {rows.length - most} less likely labels</p> : null}
    </>
  );
}

/** A written text with the words marked that are not in the wanted one: underlined, so that colour is not all that tells. */
export function TextDifference({ written, wanted }: { readonly written: string; readonly wanted: string }) {
  if (written === '') return <span className="dim">(nothing)</span>;
  return (
    <span className="text-difference">
      {commonWords(written, wanted).map((piece, i) =>
        // biome-ignore lint/suspicious/noArrayIndexKey: pieces repeat, and their place is what tells them apart
        piece.shared ? <span key={i}>{piece.text}</span> : <mark key={i}>{piece.text}</mark>,
      )}
    </span>
  );
}

interface WhichWordsProps {
  readonly prompts: readonly { readonly name: string; readonly side: ArmSide }[];
  readonly labels: readonly string[];
  /** Why it cannot be asked. */
  readonly refused: string | null;
  readonly weighing: Weighing | null;
  readonly error: { readonly message: string } | null;
  readonly running: boolean;
  readonly fraction: number | null;
  readonly isBusy: boolean;
  readonly onAsk: () => void;
  readonly onStop: () => void;
}

export function WhichWords({ prompts, labels, refused, weighing, error, ...asking }: WhichWordsProps) {
  const { running, fraction, isBusy, onAsk, onStop } = asking;
  if (refused) return <p className="dim">{refused}</p>;
  if (running) return <Stoppable label="Weighing words" fraction={fraction} secondsLeft={null} onStop={onStop} />;
  if (weighing) return <WordWeights prompts={prompts} labels={labels} weighing={weighing} />;
  return (
    <div className="stack">
      <Failed title="The words could not be weighed" error={error}>
        Change the text or try again.
      </Failed>
      <div className="row">
        <Button onPress={onAsk} isDisabled={isBusy}>
          Which words decided?
        </Button>
        <span className="dim small">
          {`${READINGS.least + 1} to ${READINGS.most + 1} readings of this text${prompts.length > 1 ? ' for each prompt' : ''}, forwards and backwards`}
        </span>
      </div>
    </div>
  );
}

type WeightsProps = Pick<WhichWordsProps, 'prompts' | 'labels'> & { readonly weighing: Weighing };

function WordWeights({ prompts, labels, weighing }: WeightsProps) {
  const [label = '', against = ''] = [labels[weighing.label], labels[weighing.against]];
  const strongest = Math.max(...weighing.prompts.flatMap(({ words }) => words.map(({ nats }) => Math.abs(nats))));
  return (
    <div className="stack">
      <p className="weighed-legend">
        <span className="weighed weighed-for">+ speaks for {label}</span>{' '}
        <span className="weighed weighed-against">− speaks for {against}</span>
      </p>
      {weighing.prompts.map((weighed, i) => {
        const { name = '', side = 'ref' } = prompts[i] ?? {};
        return (
          <div key={name} className="stack">
            <ArmMark side={side}>{name}</ArmMark>
            <p className="weighed-text">
              {withoutIndent(weighed.words).map((word, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: words repeat, and their place is what tells them apart
                <Shaded key={at} {...word} strongest={strongest} />
              ))}
            </p>
            <Sum name={name} weighed={weighed} label={label} against={against} />
          </div>
        );
      })}
    </div>
  );
}

const withoutIndent = (words: readonly WeighedWord[]): readonly WeighedWord[] =>
  words.map((word, at) => (at === 0 ? { ...word, text: word.text.trimStart() } : word));

/** Words below this share of the strongest one are left plain. */
const PLAIN = 0.1;

/** One word: the stronger, the darker; its sign is written and underlined, so that colour is not all that tells. */
function Shaded({ text, nats, strongest }: WeighedWord & { readonly strongest: number }) {
  const strength = Math.abs(nats) / (strongest || 1);
  if (strength < PLAIN) return text;
  const white = /^\s*/.exec(text)?.[0] ?? '';
  return (
    <>
      {white}
      <span
        className={`weighed weighed-${nats > 0 ? 'for' : 'against'}`}
        style={{ '--strength': `${Math.round(8 + 32 * strength)}%` } as React.CSSProperties}
      >
        {text.slice(white.length)}
        <sup>{nats > 0 ? '+' : '−'}</sup>
      </span>
    </>
  );
}

type SumProps = Readonly<Record<'name' | 'label' | 'against', string>> & { readonly weighed: Weighed };

function Sum({ name, weighed, label, against }: SumProps) {
  const { words, value, baseline, missed, readings } = weighed;
  return (
    <details className="small">
      <summary className="dim">
        {`Log-odds of ${label} against ${against}: ${signed(value)}, ${signed(baseline)} without the text; the words miss the difference by ${percentWhole(missed)} (${counted(readings, 'reading')})${missed > 0.05 ? ', so read them as a rough guide' : ''}. Numbers`}
      </summary>
      <TwinTable
        title={`Words: ${name}`}
        twin={{ columns: ['word', 'nats'], rows: words.map(({ text, nats }) => [text.trim() || '(space)', nats]) }}
      />
    </details>
  );
}
