// Every mail that the demo has sent, read by programs that are not ours: its headers, parts, links and
// calendar entries (tests/mail/check.py, tests/calendar/check.py), and its look.

import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { mouse } from './hands.js'
import { cancelFor } from './journeys.js'
import { axe, expect, screenshot, smallScreen, test } from './support.js'

const tests = fileURLToPath(new URL('..', import.meta.url))
const python = process.env.TEST_PYTHON ?? `${tests}../target/test-python/bin/python`

// Fails, and shows what the program says, when it finds fault with a mail.
function read(program, ...options) {
  return execFileSync(python, [tests + program, ...options], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

test('all mails', async ({ page, baseURL }, info) => {
  await cancelFor(page, mouse(page), 'alex@example.org')
  await page.goto('/rehearsal')
  const sent = await page.locator('a[href^="/rehearsal/mail/"]').evaluateAll((all) =>
    all.map((it) => ({ href: it.getAttribute('href'), kind: it.closest('tr').lastElementChild.innerText.split('\n').at(-1) })),
  )
  const files = []
  for (const { href } of sent.reverse()) {
    const answer = await page.request.get(`${href}.eml`)
    files.push(info.outputPath(`${String(files.length).padStart(4, '0')}.eml`))
    await writeFile(files.at(-1), await answer.body())
  }
  const mails = read('mail/check.py', '--host', new URL(baseURL).host, ...files)
  expect(mails).toHaveLength(files.length)
  const events = read('calendar/check.py', ...files)
  expect(new Set(events.map((it) => it.method))).toEqual(new Set(['REQUEST', 'CANCEL']))

  const one = new Map(sent.map(({ kind, href }) => [kind, href]))
  for (const [kind, href] of one) {
    await page.goto(href)
    await page.goto(await page.getByRole('link', { name: 'As an email program shows it' }).getAttribute('href'))
    const name = `mail-${kind.toLowerCase().replaceAll(' ', '-')}`
    await screenshot(page, name)
    await smallScreen(page)
    await axe(page, { without: ['landmark-one-main', 'region'] })
  }
})
