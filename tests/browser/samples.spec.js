// Every page and every mail in every state that it can have, as the unit tests write them into a folder:
//
//   ALONGSIDE_SAMPLES=$PWD/target/samples cargo test --package web --lib -- pages_hold every_mail
//
// SAMPLES names another folder. A sample is shown in place of a page of a demo, which lends it the style
// and the scripts.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { axe, checkPage, expect, test } from './support.js'

const folder = process.env.SAMPLES ?? fileURLToPath(new URL('../../target/samples', import.meta.url))
const files = existsSync(folder) ? readdirSync(folder).sort() : []
const nameOf = (file) => file.split('.')[0]
const pages = files.filter((file) => !file.startsWith('mail-'))
const mails = files.filter((file) => file.startsWith('mail-'))

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

async function open(page, file, headers = {}) {
  const path = `/sample/${file}`
  await page.route(`**${path}`, (route) =>
    route.fulfill({ body: readFileSync(`${folder}/${file}`, 'utf8'), contentType: 'text/html; charset=utf-8', headers }),
  )
  await page.goto(path)
}

test('there are samples', () => {
  expect(pages.length, `write samples into ${folder} first, as the head of this file says`).toBeGreaterThan(100)
  expect(mails.length).toBeGreaterThan(20)
})

for (const name of new Set(pages.map(nameOf))) {
  test(`page ${name}`, async ({ page }) => {
    test.slow()
    for (const file of pages.filter((it) => nameOf(it) === name)) {
      await open(page, file, { 'content-security-policy': policy })
      await checkPage(page, file, { pictures: false })
    }
  })
}

for (const name of new Set(mails.map(nameOf))) {
  test(`mail ${name}`, async ({ page }) => {
    for (const file of mails.filter((it) => nameOf(it) === name)) {
      await open(page, file)
      // A mail has no landmarks and needs none.
      await axe(page, { without: ['landmark-one-main', 'region'] })
    }
  })
}

// U-24: two pages with one title cannot be told apart in a list of tabs.
test('no two pages have one title', () => {
  const known = new Map()
  for (const file of pages) {
    const title = /<title>(Error: )?(.*?)<\/title>/s.exec(readFileSync(`${folder}/${file}`, 'utf8'))[2]
    known.set(title, (known.get(title) ?? new Set()).add(nameOf(file)))
  }
  const shared = [...known].filter(([, names]) => names.size > 1).map(([title, names]) => `${title}: ${[...names].join(', ')}`)
  expect(shared).toEqual([])
})
