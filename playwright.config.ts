import { defineConfig } from '@playwright/test';
import { launchOptions, TEST_ARGS } from './tools/chromium.mjs';

const port = Number(process.env.E2E_PORT ?? 4181);

/** Journeys run against the built app, never the dev server. `npm run build` comes first. */
export default defineConfig({
  testDir: 'e2e',
  testMatch: '**/*.spec.ts',
  // far beyond what a test needs, so that a slow machine changes no result
  timeout: 300_000,
  expect: { timeout: 30_000 },
  // a page waits often enough that two share two cores
  workers: 2,
  fullyParallel: true,
  // on a shared machine a second try tells a slow moment from a fault; tools/test.mjs names what needed one
  retries: process.env.CI ? 1 : 0,
  forbidOnly: Boolean(process.env.CI),
  reporter: [['list'], ['json', { outputFile: 'test-results/e2e.json' }]],
  use: {
    baseURL: `http://localhost:${port}/`,
    viewport: { width: 1440, height: 900 },
    actionTimeout: 30_000,
    trace: 'off',
    screenshot: 'only-on-failure',
    launchOptions: await launchOptions(TEST_ARGS),
    // it stores every file of the page again, which only the journeys about it need
    serviceWorkers: 'block',
  },
  webServer: {
    command: `npx vite preview --port ${port} --strictPort --host localhost`,
    url: `http://localhost:${port}/`,
    reuseExistingServer: !process.env.CI,
    timeout: 30_000,
  },
});
