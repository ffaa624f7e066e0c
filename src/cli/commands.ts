import { StudioError } from '../lib/errors';
import { BENCH_USAGE, bench } from './bench';
import { CHECK_USAGE, CONFORMANCE_USAGE, check, conformance } from './check';
import { DECIDE_USAGE, decide, ROLL_OUT_USAGE, rollOut } from './decide';
import { DISTIL_USAGE, distilPrompt } from './distil';
import { BelowGate, EVALUATE_USAGE, evaluate } from './evaluate';
import { EXPORT_USAGE, exportFor } from './exports';
import { GRID_USAGE, grid } from './grid';
import { GRAPH_USAGE, graph, INSPECT_USAGE, inspect } from './inspect';
import { UsageError } from './options';
import { PREDICT_USAGE, predict } from './predict';
import { IMPROVE_USAGE, improvePrompt, TUNE_USAGE, tune, WRITE_USAGE, write } from './tune';

interface Command {
  readonly usage: string;
  /** Resolves to false when it ran, and what it checked does not hold. */
  run(args: readonly string[]): Promise<unknown>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  tune: { usage: TUNE_USAGE, run: tune },
  write: { usage: WRITE_USAGE, run: write },
  improve: { usage: IMPROVE_USAGE, run: improvePrompt },
  distil: { usage: DISTIL_USAGE, run: distilPrompt },
  evaluate: { usage: EVALUATE_USAGE, run: evaluate },
  grid: { usage: GRID_USAGE, run: grid },
  predict: { usage: PREDICT_USAGE, run: predict },
  export: { usage: EXPORT_USAGE, run: exportFor },
  decide: { usage: DECIDE_USAGE, run: decide },
  'roll-out': { usage: ROLL_OUT_USAGE, run: rollOut },
  check: { usage: CHECK_USAGE, run: check },
  conformance: { usage: CONFORMANCE_USAGE, run: conformance },
  graph: { usage: GRAPH_USAGE, run: graph },
  inspect: { usage: INSPECT_USAGE, run: inspect },
  bench: { usage: BENCH_USAGE, run: bench },
};

const DONE = 0;
const FAILED = 1;
const WRONG_USE = 2;
const BELOW_GATE = 3;

/** Runs a command line; resolves to its exit code: 0 done, 1 failed, 2 wrong use, 3 below what `evaluate` was asked to demand. */
export async function runCommand([name = '', ...args]: readonly string[]): Promise<number> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    console.error(
      `There is no command “${name}”. The commands are:\n${Object.values(COMMANDS)
        .map(({ usage }) => usage)
        .join('\n')}`,
    );
    return WRONG_USE;
  }
  if (args.includes('--help')) {
    console.log(command.usage);
    return DONE;
  }
  try {
    return (await command.run(args)) === false ? FAILED : DONE;
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`${error.message}\n${command.usage}`);
      return WRONG_USE;
    }
    if (error instanceof BelowGate) {
      console.error(error.message);
      return BELOW_GATE;
    }
    // A StudioError is a sentence for people; anything else is a bug, whose trace is wanted.
    console.error(error instanceof StudioError ? error.message : error);
    return FAILED;
  }
}
