import { check, conformance } from './check';
import { decide, rollOut } from './decide';
import { evaluate } from './evaluate';
import { exportFor } from './exports';
import { grid } from './grid';
import { graph, inspect } from './inspect';
import { predict } from './predict';
import { runProgram } from './program';
import { distilPrompt, improvePrompt, tune, write } from './tune';

const COMMANDS = {
  tune,
  write,
  improve: improvePrompt,
  distil: distilPrompt,
  evaluate,
  grid,
  predict,
  export: exportFor,
  decide,
  'roll-out': rollOut,
  check,
  conformance,
  graph,
  inspect,
};

export const runCommand = (args: readonly string[]): Promise<number> => runProgram(COMMANDS, args);
