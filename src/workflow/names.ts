/** Names of the verbs, for those who must know them without their code (the page, which asks a worker for them). */
export const VERB_NAMES = [
  'answerText',
  'batch',
  'batchFile',
  'batchLeftOut',
  'checkImport',
  'closeRows',
  'compare',
  'consistency',
  'continueText',
  'countRows',
  'everyRow',
  'exportPackage',
  'measure',
  'openRows',
  'proposeImport',
  'readImport',
  'readPrompt',
  'timePrompt',
  'timeTokens',
  'train',
  'tryPrompt',
] as const satisfies readonly string[];

export type VerbName = (typeof VERB_NAMES)[number];
