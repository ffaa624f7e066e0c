/** `softprompt <command>`: what the commands have in common, from the parser to the last line. */
import { Command as Commander, CommanderError, Option as CommanderOption } from 'commander';
import { accountSentence } from '../dataset/account';
import type { RowAccount } from '../dataset/types';
import { StudioError } from '../lib/errors';
import { capitalised } from '../lib/format';
import { createLog, type Log } from './node-host';
import { flag, type Option, type Options, type Typed, UsageError, type Values } from './options';

export interface Ended {
  /** For standard output; left out: the JSON, or nothing where the command has written it line by line. */
  readonly text?: string;
  readonly json?: unknown;
  /** The last line of a command that reads rows. */
  readonly account?: RowAccount | undefined;
  /** What it checked does not hold, with the reason. */
  readonly failed?: { readonly code?: number; readonly why?: string };
}

/** `<FILE>`, `[FILE]` where it may be left out, `<FILE...>` for one or more. */
type Argument<S> = S extends `${string}...${string}`
  ? readonly string[]
  : S extends `[${string}`
    ? string | null
    : string;
type Arguments = Readonly<Record<string, `<${string}>` | `[${string}]`>>;
type ValuesOf<A extends Arguments> = { readonly [K in keyof A]: Argument<A[K]> };

export interface Command<G = never> {
  readonly summary: string;
  readonly takes: Arguments;
  readonly options: Options;
  readonly notes?: string;
  run(given: G, log: Log): Promise<Ended>;
}

/** A command whose `run` is given its arguments and options by name. */
export const command = <const A extends Arguments, const O extends Options>(
  spec: { readonly takes: A; readonly options: O } & Command<ValuesOf<A> & Values<O>>,
): Command => spec;

const DONE = 0;
const FAILED = 1;
const WRONG_USE = 2;

const JSON_OPTION = { json: flag('print the result as JSON') };

const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

function parserOf(name: string, { takes, many, help }: Option): CommanderOption {
  const value = takes === null ? '' : ` <${takes}${many === 'list' ? '...' : ''}>`;
  const option = new CommanderOption(`${flagOf(name)}${value}`, help);
  return many === 'again'
    ? option.argParser((value: string, before: readonly string[] = []) => [...before, value])
    : option;
}

/** The values of options. Commander takes the option after one without a value for its value. @throws UsageError */
function valuesOf(options: Options, typed: Readonly<Record<string, Typed>>) {
  const values = Object.entries(options).map(([name, { read }]) => {
    const [given, flag] = [typed[name], flagOf(name)];
    if ([given].flat().some((value) => `${value}`.startsWith('--'))) throw new UsageError(`${flag} has no value.`);
    return [name, read(given, flag)];
  });
  return Object.fromEntries(values);
}

function parser(
  commands: Readonly<Record<string, Command>>,
  onRun: (asked: (log: Log) => Promise<Ended>, json: boolean) => void,
) {
  const program = new Commander('softprompt')
    .description('Softprompt Studio without a page. Progress goes to stderr, results to stdout or to files.')
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, getOutHelpWidth: () => 110 });
  for (const [name, { summary, takes, options, notes, run }] of Object.entries(commands)) {
    const own = program.command(name).description(`${capitalised(summary)}.`);
    const places = Object.values(takes).join(' ');
    if (places) own.arguments(places);
    for (const [id, option] of Object.entries({ ...options, ...JSON_OPTION })) own.addOption(parserOf(id, option));
    if (notes) own.addHelpText('after', `\n${notes}`);
    own.action((...typed: readonly unknown[]) => {
      const named = Object.fromEntries(Object.keys(takes).map((id, i) => [id, typed[i] ?? null]));
      const given = typed[Object.keys(takes).length] as Readonly<Record<string, Typed>>;
      const read = { ...named, ...valuesOf(options, given) };
      onRun((log) => run(read as never, log), given.json === true);
    });
  }
  return program;
}

interface Asked {
  readonly run: (log: Log) => Promise<Ended>;
  readonly json: boolean;
}

/** Runs a command line; resolves to its exit code: 0 done, 1 failed, 2 wrong use, 3 below what `evaluate` was asked to demand. */
export async function runProgram(
  commands: Readonly<Record<string, Command>>,
  args: readonly string[],
): Promise<number> {
  let asked: Asked | null = null;
  try {
    const program = parser(commands, (run, json) => {
      asked = { run, json };
    });
    if (args.length === 0) throw new UsageError(program.helpInformation());
    program.parse([...args], { from: 'user' });
    const { run, json }: Asked = asked ?? { run: async () => ({}), json: false };
    const log = createLog();
    return finished(await run(log), json, log);
  } catch (error) {
    return wentWrong(
      error,
      Object.keys(commands).find((name) => name === args[0]),
    );
  }
}

function finished({ text, json, account, failed }: Ended, asJson: boolean, log: Log): number {
  const asText = json === undefined ? '' : JSON.stringify(json, null, 1);
  const out = asJson ? asText : (text ?? asText);
  if (out) console.log(out.replace(/\n$/, ''));
  if (failed?.why) log.line(failed.why);
  if (account) log.line(accountSentence(account));
  return failed ? (failed.code ?? FAILED) : DONE;
}

function wentWrong(error: unknown, name = ''): number {
  if (error instanceof CommanderError && error.exitCode === 0) return DONE;
  if (error instanceof CommanderError || error instanceof UsageError) {
    const [what = '', ...more] = error.message.replace(/^error: /, '').split('\n');
    const sentence = [`${capitalised(what)}${/[.?:]$|^Usage/.test(what) ? '' : '.'}`, ...more].join('\n');
    console.error(`${sentence}\nSee softprompt ${name && `${name} `}--help.`);
    return WRONG_USE;
  }
  if (error instanceof StudioError && typeof error.data.option === 'string') {
    console.error(`${flagOf(error.data.option)}: ${error.message}\nSee softprompt ${name} --help.`);
    return WRONG_USE;
  }
  // a StudioError is a sentence for people; anything else is a bug, whose trace is wanted
  console.error(error instanceof StudioError ? error.message : error);
  return FAILED;
}
