#!/usr/bin/env node
/** `softprompt <command>` as npm links it: tsx, whose loader reads the sources, is a dependency of this folder. */
import 'tsx';

await import('../src/cli/main.ts');
