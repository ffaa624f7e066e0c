/** What this browser can do, determined before anything is tried. Pure except for `probe`. */
export interface Capabilities {
  readonly wasmThreads: boolean;
  readonly webgpu: boolean;
  readonly crossOriginIsolated: boolean;
  readonly threads: number;
  /** Gigabytes that the browser admits to (Chromium: at most 8), or null. */
  readonly memoryGb: number | null;
  readonly phone: boolean;
  /** Null = training is on; else the reason why it is off, a sentence. */
  readonly trainingOff: string | null;
}

interface ProbeResult {
  readonly wasm: boolean;
  readonly webgpu: boolean;
  readonly crossOriginIsolated: boolean;
  readonly cores: number;
  readonly memoryGb: number | null;
  readonly phone: boolean;
}

export function judge(found: ProbeResult): Capabilities {
  const threads = found.crossOriginIsolated ? Math.max(1, Math.min(8, found.cores)) : 1;
  return {
    wasmThreads: found.crossOriginIsolated && found.wasm,
    webgpu: found.webgpu,
    crossOriginIsolated: found.crossOriginIsolated,
    threads,
    memoryGb: found.memoryGb,
    phone: found.phone,
    trainingOff: reason(found),
  };
}

function reason({ wasm, memoryGb, phone }: ProbeResult): string | null {
  if (!wasm)
    return 'This browser has no WebAssembly with SIMD, which the model runs on. You can look around; to train, open this page in a current Chromium, Firefox or Safari.';
  if (phone)
    return 'Training needs about 2 GB of memory for one page, which phones do not give. You can look around and read results here; to train, open this page on a computer.';
  if (memoryGb !== null && memoryGb < 4)
    return `Training needs about 2 GB of memory for one page; this device has ${memoryGb} GB in all. You can look around and read results here; to train, use a computer with 4 GB or more.`;
  return null;
}

/** A module with one SIMD instruction: `(func (result v128) (v128.const i32x4 0 0 0 0))` behind a drop. */
const SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

export async function probe(): Promise<Capabilities> {
  const gpu = (navigator as { gpu?: { requestAdapter(): Promise<unknown> } }).gpu;
  // some drivers never answer: the page must not wait for them
  const late = new Promise<null>((done) => setTimeout(() => done(null), 2000));
  const webgpu = Boolean(await Promise.race([gpu?.requestAdapter().catch(() => null) ?? null, late]));
  const { userAgentData, deviceMemory } = navigator as {
    userAgentData?: { mobile: boolean };
    deviceMemory?: number;
  };
  return judge({
    wasm: typeof WebAssembly === 'object' && WebAssembly.validate(SIMD),
    webgpu,
    crossOriginIsolated: globalThis.crossOriginIsolated === true,
    cores: navigator.hardwareConcurrency || 1,
    memoryGb: deviceMemory ?? null,
    phone: userAgentData?.mobile ?? /Android.+Mobile|iPhone|iPod/.test(navigator.userAgent),
  });
}
