import type { Mutant } from './mutants.ts';

/** Mutants that change nothing anyone can see, each with the reason. They are left out of the sample. */

interface Equivalent {
  readonly file: string;
  /** As the mutant says it. */
  readonly says: string;
  readonly because: string;
}

const EQUIVALENT: readonly Equivalent[] = [];

const known = new Set(EQUIVALENT.map(({ file, says }) => `${file}\0${says}`));

export const equivalent = ({ file, says }: Pick<Mutant, 'file' | 'says'>): boolean => known.has(`${file}\0${says}`);
