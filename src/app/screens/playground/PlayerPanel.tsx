import { counted } from '../../../lib/format';
import { textsOf } from '../../../prompt/prompt';
import { saidLabel } from '../../../prompt/said';
import { PLACEMENT_WORDS, type SoftPrompt } from '../../../prompt/soft-prompt';
import { firstOf } from '../../../prompt-set/planned';
import type { Fields as RowFields } from '../../../task/template';
import type { Continuation, PlayedAnswer } from '../../../workflow/play';
import { ProbabilityBars, WhichWords } from '../../charts';
import { useSession } from '../../state/studio';
import { useWeighing } from '../../state/word-jobs';
import { ArmMark, Button, type FieldOf, Fields, Panel } from '../../ui';
import { type Player, sameBefore } from './cast';
import { textIn, useCast, usePlayground } from './playground-store';

export function PlayerPanel({ player, span }: { readonly player: Player; readonly span: 4 | 6 | 12 }) {
  const answer = usePlayground((s) => s.answers[player.id]);
  const stale = usePlayground((s) => s.stale);
  const { players } = useCast();
  const [voice] = textsOf(firstOf(player.plan).prompt);
  const same = sameBefore(players, player);
  return (
    <Panel
      span={span}
      title={<ArmMark side={player.side}>{player.title}</ArmMark>}
      aside={answer ? costWords(answer) : null}
    >
      <div className={`stack player${stale ? ' player-stale' : ''}`} aria-busy={stale}>
        <Answer player={player} className="player-said" />
        {answer?.routed ? <p className="small">{answer.routed}</p> : null}
        <pre className="player-template">
          {voice?.template ?? 'Word counts, without the model'}
          {voice?.soft ? <Vectors soft={voice.soft} /> : null}
        </pre>
        {same ? <p className="dim small">The same prompt as “{same.title}”.</p> : null}
        <ContinuedText player={player} />
      </div>
    </Panel>
  );
}

interface AnswerProps {
  readonly player: Player;
  readonly className: string;
  readonly most?: number;
}

export function Answer({ player, className, most }: AnswerProps) {
  const { labels } = useCast();
  const answer = usePlayground((s) => s.answers[player.id]);
  const probabilities = answer && 'probabilities' in answer ? answer.probabilities : null;
  return (
    <>
      <p className={`${className} side-${player.side}${labels.length === 0 ? ' player-text' : ''}`}>
        {answerOf(answer, labels) ?? <span className="dim">…</span>}
      </p>
      {labels.length > 0 ? (
        <ProbabilityBars side={player.side} labels={labels} probabilities={probabilities} most={most} />
      ) : null}
    </>
  );
}

/** Which words decided, without and with the vectors; before anything is tuned, by the prompts that there are. */
export function DecidingWords({ fields }: { readonly fields: RowFields }) {
  const { players, labels } = useCast();
  const asked = players.some(({ id }) => id === 'tuned')
    ? players.filter(({ id }) => id === 'untuned' || id === 'tuned')
    : players.slice(0, 2);
  const isChoice = players.every(({ plan }) => firstOf(plan).prompt.task.kind === 'classify');
  const weighing = useWeighing({ versions: asked.map(({ plan }) => firstOf(plan)), fields }, 'playground');
  if (!isChoice) return <p className="dim">Words explain the choice of one label, and these prompts give several.</p>;
  return <WhichWords prompts={asked} labels={labels} {...weighing} />;
}

const Vectors = ({ soft }: { readonly soft: SoftPrompt }) => (
  <span className="dim" role="img" aria-label={`then ${soft.virtualTokens} vectors`}>
    {soft.placement === 'suffix' ? ' ' : ` (${PLACEMENT_WORDS[soft.placement]}: `}
    {Array.from({ length: Math.min(soft.virtualTokens, 12) }, (_, i) => `v${i + 1}`).join(' ')}
    {soft.placement === 'suffix' ? '' : ')'}
  </span>
);

function ContinuedText({ player }: { readonly player: Player }) {
  const continued = usePlayground((s) => s.continued[player.id]);
  const isEmpty = usePlayground((s) => textIn(s.fields).trim() === '');
  const { continueWith, stopContinuing: stop } = usePlayground.use();
  const isFree = useSession((s) => s.model.kind === 'ready' && s.job === null);
  return (
    <>
      <div className="row">
        {continued?.running ? (
          <Button size="s" onPress={() => stop(player.id)}>
            Stop
          </Button>
        ) : (
          <Button size="s" variant="quiet" isDisabled={!isFree || isEmpty} onPress={() => void continueWith(player)}>
            Continue the text
          </Button>
        )}
      </div>
      {continued ? (
        <p className="player-written" aria-live="off">
          {continued.text}
          {continued.running ? <span aria-hidden="true">▍</span> : null}
        </p>
      ) : null}
    </>
  );
}

const CONTINUATION: readonly FieldOf<Continuation>[] = [
  { key: 'temperature', label: 'Temperature', hint: '0: the most likely token.', min: 0, max: 1.5 },
  { key: 'topP', label: 'Top-p', hint: '1: all tokens.', min: 0.1, max: 1 },
  { key: 'maxTokens', label: 'Maximum tokens', min: 8, max: 256, whole: true },
  { key: 'seed', label: 'Seed', hint: 'The same seed gives the same text.', min: 0, max: 999_999_999, whole: true },
  {
    key: 'stopAt',
    rows: 1,
    mono: true,
    placeholder: '\\n',
    label: 'Stop at',
    hint: 'Stops before this text. \\n is a line break.',
  },
];

export function ContinuationSettings() {
  const settings = usePlayground((s) => s.settings);
  const { setContinuation: change } = usePlayground.use();
  return (
    <details className="writing">
      <summary>Generation settings</summary>
      <div className="writing-settings">
        <Fields of={CONTINUATION} values={settings} onChange={change} />
      </div>
    </details>
  );
}

function answerOf(answer: PlayedAnswer | undefined, labels: readonly string[]): string | null {
  if (!answer) return null;
  if ('text' in answer) return answer.text || '(empty answer)';
  return saidLabel(answer, labels);
}

/** "29 tokens · 41 ms"; without the time where nothing had to be computed. */
export const costWords = ({ tokens, ms }: Pick<PlayedAnswer, 'tokens' | 'ms'>): string =>
  [counted(Math.round(tokens), 'token'), ...(ms === null ? [] : [`${Math.round(ms)} ms`])].join(' · ');

const NUMBERS: Readonly<Record<number, string>> = { 2: 'two', 3: 'three', 4: 'four' };

export function playgroundTitle(
  answers: readonly (PlayedAnswer | undefined)[],
  labels: readonly string[],
  stale: boolean,
): string {
  const all = answers.flatMap((answer) => answerOf(answer, labels) ?? []);
  if (answers.length === 1) return 'What the prompt answers to your text';
  if (stale || all.length < 2) return 'Same text, same model, different prompts';
  const different = new Set(all).size;
  if (different === 1)
    return labels.length === 0
      ? 'Same text, same model: all prompts write the same text'
      : `Same text, same model: all prompts say ${all[0]}`;
  return `Same text, same model, ${NUMBERS[different] ?? different} answers`;
}
