import { useEffect } from 'react';
import { useStore } from 'zustand';
import { useSession, useStores } from '../state/studio';
import type { TextMemoryOptions } from '../state/text-memory';
import { bytes } from '../ui/format';
import { Select } from '../ui/Select';

const SIZES = [128e6, 256e6, 384e6, 768e6];
const STORAGE = [
  { id: 'auto', label: 'Automatic' },
  { id: 'float16', label: '16-bit floats' },
  { id: 'float32', label: '32-bit floats' },
] as const satisfies readonly { readonly id: TextMemoryOptions['storage']; readonly label: string }[];

const REFRESH_MS = 2000;

/** How much memory the text cache uses, and how much it may. */
export function TextMemory() {
  const { textMemory } = useStores();
  const { held, refresh, choose } = useStore(textMemory);
  const busy = useSession((s) => s.job !== null);
  useEffect(() => {
    void refresh();
    const timer = setInterval(() => void refresh(), REFRESH_MS);
    return () => clearInterval(timer);
  }, [refresh]);
  if (!held) return 'nothing yet';
  const { budgetBytes, storage } = held;
  const change = (options: Partial<TextMemoryOptions>) => void choose({ budgetBytes, storage, ...options });
  return (
    <div className="stack">
      <span>
        {bytes(held.bytes)} of at most {bytes(budgetBytes)}
      </span>
      <div className="text-memory">
        <Select
          label="At most"
          options={SIZES.map((size) => ({ id: String(size), label: bytes(size) }))}
          value={String(budgetBytes)}
          isDisabled={busy}
          onChange={(size) => change({ budgetBytes: Number(size) })}
        />
        <Select
          label="Stored as"
          options={STORAGE}
          value={storage}
          isDisabled={busy}
          onChange={(id) => change({ storage: STORAGE.find((one) => one.id === id)?.id ?? 'auto' })}
        />
      </div>
    </div>
  );
}
