/** Two texts with the same key say the same: compatibility forms, case and spacing are ignored. */
export const textKey = (text: string): string => text.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();

/** Two cells with the same key are one label. */
export const labelKey = textKey;
