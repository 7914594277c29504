// The pages in the system's own Chromium, on a desktop and on a phone.
//
//   npx playwright test                      needs a built target/debug/alongside
//   npx playwright test booking --project phone
//
// CHROMIUM and ALONGSIDE name other programs than the usual two; samples.spec.js says where samples come from.

import { availableParallelism, cpus } from 'node:os'
import { defineConfig } from '@playwright/test'

export default defineConfig({
  forbidOnly: true,
  fullyParallel: true,
  retries: 0,
  timeout: 120_000,
  workers: availableParallelism?.() ?? cpus().length,
  reporter: 'list',
  use: {
    locale: 'en-GB',
    timezoneId: 'Europe/London',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      // Nothing here needs another host: without these flags Chromium looks for some by itself.
      args: [
        '--no-sandbox',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-quic',
        '--disable-sync',
      ],
    },
  },
  projects: [
    // One width is enough for a whole course: what it looks at is the way, not the look.
    { name: 'desktop', use: { viewport: { width: 1280, height: 900 } }, testIgnore: 'course.spec.js' },
    { name: 'phone', use: { viewport: { width: 390, height: 844 } } },
  ],
})
