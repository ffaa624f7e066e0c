import { runCommand } from './commands';

// ORT's threads would keep the process alive.
process.exit(await runCommand(process.argv.slice(2)));
