import type { SoftPrompt } from '../../../prompt/types';
import { ProbabilityBars } from '../../charts';
import { useSession } from '../../state/studio';
import { ArmMark, Button, Panel } from '../../ui';
import type { Player } from './cast';
import { usePlayground } from './playground-store';
import { costWords, said } from './words';

interface PlayerProps {
  readonly player: Player;
  /** Empty where texts are generated. */
  readonly labels: readonly string[];
}

/** One prompt's answer to the text. */
export function PlayerPanel({ player, labels, span }: PlayerProps & { readonly span: 4 | 6 | 12 }) {
  const answer = usePlayground((s) => s.answers[player.id]);
  const stale = usePlayground((s) => s.stale);
  return (
    <Panel
      span={span}
      title={<ArmMark side={player.side}>{player.title}</ArmMark>}
      aside={answer ? costWords(answer) : null}
    >
      <div className={`stack player${stale ? ' player-stale' : ''}`} aria-busy={stale}>
        <Answer player={player} labels={labels} className="player-said" />
        <pre className="player-template">
          {player.template}
          {player.soft ? <Vectors soft={player.soft} /> : null}
        </pre>
        <ContinuedText player={player} />
      </div>
    </Panel>
  );
}

/** The answer as a headline, with the probability of every label. */
export function Answer({
  player,
  labels,
  className,
  most,
}: PlayerProps & { readonly className: string; readonly most?: number }) {
  const answer = usePlayground((s) => s.answers[player.id]);
  const probabilities = answer?.kind === 'classify' ? answer.probabilities : null;
  return (
    <>
      <p className={`${className} player-${player.side}${labels.length === 0 ? ' player-text' : ''}`}>
        {said(answer, labels) ?? <span className="dim">…</span>}
      </p>
      {labels.length > 0 ? (
        <ProbabilityBars
          side={player.side}
          labels={labels}
          probabilities={probabilities}
          {...(most === undefined ? {} : { most })}
        />
      ) : null}
    </>
  );
}

const Vectors = ({ soft }: { readonly soft: SoftPrompt }) => (
  <span className="player-vectors" role="img" aria-label={`then ${soft.virtualTokens} vectors`}>
    {soft.placement === 'suffix' ? ' ' : '  (before: '}
    {Array.from({ length: Math.min(soft.virtualTokens, 12) }, (_, i) => `v${i + 1}`).join(' ')}
    {soft.placement === 'suffix' ? '' : ')'}
  </span>
);

function ContinuedText({ player }: Pick<PlayerProps, 'player'>) {
  const continued = usePlayground((s) => s.continued[player.id]);
  const isEmpty = usePlayground((s) => s.text.trim() === '');
  const { continueWith, stopContinuing: stop } = usePlayground.use();
  const isFree = useSession((s) => s.model.kind === 'ready' && s.job === null);
  return (
    <>
      <div className="row">
        {continued?.running ? (
          <Button size="s" onPress={stop}>
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
