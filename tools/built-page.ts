/** The built page in a Chromium of its own without a GPU, as the acceptance checks drive it. `npm run build` comes first. */
import { chromium } from '@playwright/test';
import { preview } from 'vite';
import { Studio } from '../e2e/pages/studio';
import { CHROMIUM_ARGS, findChromium } from './chromium.mjs';

const PORT = Number(process.env.PAGE_PORT ?? 4191);

/** Serves and opens the page, lets `work` drive it, and closes both again. */
export async function inBuiltPage<T>(work: (studio: Studio) => Promise<T>): Promise<T> {
  const server = await preview({ preview: { port: PORT, host: 'localhost' }, logLevel: 'silent' });
  const executablePath = await findChromium();
  const browser = await chromium.launch({
    // the software adapter would be chosen, and is slower than WebAssembly
    args: CHROMIUM_ARGS.filter((flag) => !/webgpu|Vulkan/i.test(flag)),
    ...(executablePath ? { executablePath } : {}),
  });
  try {
    const context = await browser.newContext({
      baseURL: server.resolvedUrls?.local[0] ?? `http://localhost:${PORT}/`,
      viewport: { width: 1440, height: 900 },
    });
    const page = await context.newPage();
    page.on('pageerror', (error) => console.error(`in the page: ${error}`));
    return await work(new Studio(page));
  } finally {
    await browser.close();
    await server.close();
  }
}
