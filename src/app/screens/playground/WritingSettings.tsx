import { Slider, TextField } from '../../ui';
import { usePlayground } from './use-playground';

/** How prompts write on: what is sampled, and where it ends. */
export function WritingSettings() {
  const writing = usePlayground((s) => s.writing);
  const change = usePlayground((s) => s.setWriting);
  const { temperature, topP, maxTokens, seed, stopAt } = writing;
  return (
    <details className="writing">
      <summary>How prompts write on</summary>
      <div className="writing-settings">
        <Slider
          label="Temperature"
          value={temperature}
          min={0}
          max={1.5}
          step={0.1}
          output={temperature === 0 ? 'always the likeliest' : temperature.toFixed(1)}
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
          label="Tokens at most"
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
          hint="The same seed writes the same text."
        />
        <TextField
          mono
          label="Stop at"
          value={stopAt}
          onChange={(value) => change({ stopAt: value })}
          placeholder="\n"
          hint="A text that ends it, as the end token does. \n is a line break."
        />
      </div>
    </details>
  );
}
