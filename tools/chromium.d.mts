export const CHROMIUM_ARGS: string[];
export const TEST_ARGS: string[];
export const NO_GPU_ARGS: string[];
export function launchOptions(args?: string[]): Promise<{ args: string[]; executablePath?: string }>;
export function findChromium(): Promise<string | null>;
export function ensureChromium(): Promise<string>;
