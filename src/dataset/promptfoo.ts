import type { RejectedRow, Row } from './types';

/** The column in which promptfoo's test files say what they expect. */
export const EXPECTED = '__expected';

/** Assertions that name one answer; everything else is a program, a rubric or a measure, and no label. */
const NAMES_AN_ANSWER = /^(?:equals|contains|icontains|starts-with)\s*:\s*/i;
/** `type:` or `type(threshold):`, as promptfoo writes assertions. A label may hold a colon later on. */
const ASSERTION =
  /^(?:not-)?(?:javascript|js|fn|eval|python|file|webhook|llm-rubric|grade|model-graded-\w+|similar|rouge-n|bleu|levenshtein|latency|cost|perplexity(?:-score)?|regex|is-\w+|contains-\w+|icontains-\w+|factuality|answer-relevance|context-\w+|g-eval|moderation|guardrails|classifier|select-best)\s*(?:\([^)]*\))?\s*:|^not-\w+\s*:|^is-json\b/i;

/**
 * Rows of a promptfoo test file (promptfoo.dev, "CSV format"): `__expected` becomes a label where it names an answer
 * (`equals: refund` or `refund` alone). Rows that ask for something else are left out, with the reason.
 */
export function readExpected(
  rows: readonly Row[],
  raw: (row: Row) => string,
): { readonly rows: readonly Row[]; readonly rejected: readonly RejectedRow[] } {
  const kept: Row[] = [];
  const rejected: RejectedRow[] = [];
  for (const row of rows) {
    const cell = (row.cells[EXPECTED] ?? '').trim();
    const [assertion] = ASSERTION.exec(cell) ?? [];
    if (assertion !== undefined)
      rejected.push({
        line: row.line,
        reason: `its ${EXPECTED} is a check (“${assertion.slice(0, 40)}”), no label`,
        raw: raw(row),
      });
    else kept.push({ ...row, cells: { ...row.cells, [EXPECTED]: cell.replace(NAMES_AN_ANSWER, '') } });
  }
  return { rows: kept, rejected };
}
