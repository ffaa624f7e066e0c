import { ProbabilityBars } from '../../charts';
import { ArmMark, Button, Panel } from '../../ui';
import type { Player } from './cast';
import { usePlayground } from './use-playground';
import { costWords, said } from './words';

/** What one prompt makes of the text. */
export function PlayerPanel({
  player,
  span,
  canWrite,
}: {
  readonly player: Player;
  readonly span: 4 | 6 | 12;
  readonly canWrite: boolean;
}) {
  const labels = usePlayground((s) => s.labels);
  const stale = usePlayground((s) => s.stale);
  const write = usePlayground((s) => s.write);
  const stopWriting = usePlayground((s) => s.stopWriting);
  const { answer } = player;
  return (
    <Panel
      span={span}
      title={<ArmMark side={player.side}>{player.title}</ArmMark>}
      aside={answer ? costWords(answer) : null}
    >
      <div className={`stack player${stale ? ' player-stale' : ''}`} aria-busy={stale}>
        <p className={`player-said player-${player.side}${labels.length === 0 ? ' player-text' : ''}`}>
          {said(player, labels) ?? <span className="dim">…</span>}
        </p>
        {labels.length > 0 ? (
          <ProbabilityBars side={player.side} labels={labels} probabilities={answer?.probabilities ?? null} />
        ) : null}
        <pre className="player-template">
          {player.template}
          {player.soft ? (
            <span className="player-vectors" role="img" aria-label={`then ${player.soft.virtualTokens} vectors`}>
              {player.soft.placement === 'suffix' ? ' ' : '  (before: '}
              {Array.from({ length: Math.min(player.soft.virtualTokens, 12) }, (_, i) => `v${i + 1}`).join(' ')}
              {player.soft.placement === 'suffix' ? '' : ')'}
            </span>
          ) : null}
        </pre>
        <div className="row">
          {player.writing ? (
            <Button size="s" onPress={stopWriting}>
              Stop
            </Button>
          ) : (
            <Button size="s" variant="quiet" isDisabled={!canWrite} onPress={() => void write(player.id)}>
              Let it write on
            </Button>
          )}
        </div>
        {player.written !== null ? (
          <p className="player-written" aria-live="off">
            {player.written}
            {player.writing ? <span aria-hidden="true">▍</span> : null}
          </p>
        ) : null}
      </div>
    </Panel>
  );
}
