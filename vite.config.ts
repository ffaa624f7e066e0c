import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import react from '@vitejs/plugin-react';
import { playwright } from '@vitest/browser-playwright';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import type { BrowserCommand } from 'vitest/node';
import { findChromium, TEST_ARGS } from './tools/chromium.mjs';
import { dropIn } from './tools/drop-in.ts';
import { fasterRuntime } from './tools/faster-runtime.ts';
import { CONTENT_SECURITY_POLICY, HEADERS } from './tools/headers.mjs';
import { laterParts, leanBuild } from './tools/lean-build.ts';
import { serviceWorker } from './tools/offline.ts';

/** The built page carries its policy itself, so that any static host serves it under the same rules. */
const contentSecurityPolicy = (): Plugin => ({
  name: 'content-security-policy',
  apply: 'build',
  transformIndexHtml: () => [
    {
      tag: 'meta',
      attrs: { 'http-equiv': 'Content-Security-Policy', content: CONTENT_SECURITY_POLICY },
      injectTo: 'head-prepend',
    },
  ],
});

/** With every answer, "not modified" included: WebKit refuses to start a worker again whose answer lacks them. */
const headersOfPreview = (): Plugin => ({
  name: 'headers-of-preview',
  configurePreviewServer: ({ middlewares }) => {
    middlewares.use((_request, response, next) => {
      for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
      next();
    });
  },
});

// ORT's own .mjs and .wasm are served as files: inlined into our worker, its threads would run our code again.
const conditions = ['onnxruntime-web-use-extern-wasm', 'module', 'browser', 'development|production'];
const executablePath = process.env.VITEST ? await findChromium() : null;

/** For the two-host test: the same journey in Node. */
const storyInNode: BrowserCommand<[kind: string]> = async (_context, kind) => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', 'tools/two-hosts.ts', kind], {
    cwd: import.meta.dirname,
    maxBuffer: 2 ** 26,
  });
  return stdout;
};

/** For the gallery's test: axe as a script. */
const axeScript: BrowserCommand<[]> = () =>
  readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export default defineConfig({
  base: './',
  plugins: [
    react(),
    fasterRuntime(),
    contentSecurityPolicy(),
    dropIn(conditions),
    serviceWorker(),
    leanBuild(),
    headersOfPreview(),
  ],
  resolve: { conditions },
  // Python environments in .cache have tens of thousands of files that belong to no page.
  optimizeDeps: { exclude: ['onnxruntime-web'], entries: ['index.html'] },
  server: { headers: { ...HEADERS, 'Content-Security-Policy': '' }, watch: { ignored: ['**/.cache/**'] } },
  build: {
    target: 'es2023',
    sourcemap: true,
    chunkSizeWarningLimit: 1200,
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    rolldownOptions: { output: { codeSplitting: { groups: [laterParts(import.meta.dirname)] } } },
  },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          environment: 'node',
          include: ['src/**/*.test.{ts,tsx}', 'test/**/*.test.ts', 'tools/**/*.test.ts'],
          exclude: ['**/*.browser.test.*', 'node_modules'],
          setupFiles: ['test/patience.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          pool: 'forks',
        },
        resolve: { conditions: ['node', 'module', 'development|production'] },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['src/**/*.browser.test.{ts,tsx}'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: { args: TEST_ARGS, ...(executablePath ? { executablePath } : {}) },
            }),
            instances: [{ browser: 'chromium' }],
            commands: { storyInNode, axeScript },
          },
        },
      },
    ],
  },
});
