import { spawn } from 'node:child_process';
import { vi } from 'vitest';
import { runCommand } from './commands';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process, which saves starting one and compiling the commands for it. */
export async function cli(...args: string[]): Promise<Ended> {
  let [stdout, stderr] = ['', ''];
  const toStdout = (text: unknown) => {
    stdout += text;
    return true;
  };
  const toStderr = (text: unknown) => {
    stderr += text;
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(toStdout),
    vi.spyOn(process.stderr, 'write').mockImplementation(toStderr),
    vi.spyOn(console, 'log').mockImplementation((text) => void toStdout(`${text}\n`)),
    vi.spyOn(console, 'error').mockImplementation((text) => void toStderr(`${text}\n`)),
  ];
  try {
    const code = await runCommand(args);
    return { code, stdout, stderr };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** Runs a program in a process of its own. */
export function node(...args: string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args);
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (data) => {
      stdout += data;
    });
    child.stderr.on('data', (data) => {
      stderr += data;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
