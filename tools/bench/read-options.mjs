import { parseArgs } from 'node:util';

/**
 * What a benchmark is given: its arguments, and its options under their names. A default that is a number makes the option
 * one, `false` makes it a flag, and one whose default is null may be left out.
 */
export function readOptions(defaults = {}) {
  const optionOf = (value) =>
    typeof value === 'boolean'
      ? { type: 'boolean', default: value }
      : { type: 'string', ...(value !== null && { default: String(value) }) };
  const options = Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, optionOf(value)]));
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const read = ([name, value]) => [name, typeof value === 'number' ? Number(values[name]) : (values[name] ?? null)];
  return { values: Object.fromEntries(Object.entries(defaults).map(read)), positionals };
}
