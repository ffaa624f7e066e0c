import { type ParseArgsConfig, parseArgs } from 'node:util';

/** The command line is wrong: exit code 2, with the usage below the message. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

type Options = NonNullable<ParseArgsConfig['options']>;

/** Parses arguments strictly: an unknown or incomplete option is a usage error. */
export function parseOptions<const T extends Options>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause));
  }
}

/** @throws UsageError when something is left over or missing */
export function exactly<const N extends readonly string[]>(
  positionals: readonly string[],
  names: N,
): { readonly [K in keyof N]: string } {
  if (positionals.length !== names.length)
    throw new UsageError(`Expected ${names.join(' ')}, got ${positionals.length} arguments.`);
  return positionals as unknown as { readonly [K in keyof N]: string };
}

export function required(value: string | undefined, option: string): string {
  if (value === undefined || value === '') throw new UsageError(`--${option} is missing.`);
  return value;
}

export function wholeNumber(value: string | undefined, option: string, least = 1): number | null {
  if (value === undefined) return null;
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < least)
    throw new UsageError(`--${option} takes a whole number from ${least} on, not “${value}”.`);
  return number;
}

export function oneOf<const T extends string>(
  value: string | undefined,
  option: string,
  choices: readonly T[],
): T | null {
  if (value === undefined) return null;
  const choice = choices.find((each) => each === value);
  if (choice === undefined) throw new UsageError(`--${option} is one of ${choices.join(', ')}, not “${value}”.`);
  return choice;
}
