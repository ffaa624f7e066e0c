/** A CSV of many labelled messages: two text columns, a label, a date; a few repeated, empty, contradictory and personal ones. */
const THINGS = ['shelf', 'invoice', 'table', 'hotline', 'sofa', 'wardrobe', 'lamp', 'refund', 'voucher', 'courier'];
const WORDS = [
  'late',
  'broken',
  'wrong',
  'lovely',
  'quick',
  'missing',
  'friendly',
  'rude',
  'cheap',
  'heavy',
  'blue',
  'old',
];
const LABELS = ['negative', 'neutral', 'positive'];

/** @param {number} rows @returns {string} */
export function largeCsv(rows) {
  let seed = 1;
  const next = (n) => {
    seed = (seed * 48271) % 2147483647;
    return seed % n;
  };
  const words = (n) => Array.from({ length: n }, () => WORDS[next(WORDS.length)]).join(' ');
  const lines = ['message,answer,tone,date'];
  for (let i = 0; i < rows; i++) {
    const thing = THINGS[next(THINGS.length)];
    const text =
      i % 500 === 7 ? 'The order has not come.' : `Message ${i} about the ${thing}, which is ${words(6 + next(10))}`;
    const answer =
      i % 1000 === 3 ? `Write to person${i}@example.org` : `Thank you, we look into the ${thing}: ${words(4)}`;
    const label = i % 5000 === 11 ? '' : LABELS[next(3)];
    lines.push(`"${text}","${answer}",${label},2026-0${1 + (i % 9)}-${10 + (i % 18)}`);
  }
  return lines.join('\n');
}
