import { Slider, TextField } from '../../ui';
import { usePlayground } from './playground-store';

/** How the model continues a text: how tokens are sampled, and where it ends. */
export function ContinuationSettings() {
  const { temperature, topP, maxTokens, seed, stopAt } = usePlayground((s) => s.settings);
  const { setContinuation: change } = usePlayground.use();
  return (
    <details className="writing">
      <summary>Generation settings</summary>
      <div className="writing-settings">
        <Slider
          label="Temperature"
          value={temperature}
          min={0}
          max={1.5}
          step={0.1}
          output={temperature === 0 ? 'most likely token' : temperature.toFixed(1)}
          onChange={(value) => change({ temperature: value })}
        />
        <Slider
          label="Top-p"
          value={topP}
          min={0.1}
          max={1}
          step={0.05}
          output={topP === 1 ? 'all tokens' : topP.toFixed(2)}
          onChange={(value) => change({ topP: value })}
        />
        <Slider
          label="Maximum tokens"
          value={maxTokens}
          min={8}
          max={256}
          step={8}
          onChange={(value) => change({ maxTokens: value })}
        />
        <TextField
          label="Seed"
          inputMode="numeric"
          value={String(seed)}
          onChange={(value) => change({ seed: Number(value.replace(/\D/g, '').slice(0, 9)) })}
          hint="The same seed gives the same text."
        />
        <TextField
          mono
          label="Stop at"
          value={stopAt}
          onChange={(value) => change({ stopAt: value })}
          placeholder="\n"
          hint="Stops before this text. \n is a line break."
        />
      </div>
    </details>
  );
}
