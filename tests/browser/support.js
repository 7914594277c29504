// What every browser test uses: a demo of its own, a guard over all that the browser does, and the
// checks that hold for any page.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import AxeBuilder from '@axe-core/playwright'
import { expect, test as base } from '@playwright/test'

const alongside = process.env.ALONGSIDE ?? fileURLToPath(new URL('../../target/debug/alongside', import.meta.url))
const screens = fileURLToPath(new URL('screens/', import.meta.url))

export { expect }

export const test = base.extend({
  // The moment at which the demo's clock stands.
  now: ['2027-05-11T14:00', { option: true }],

  // A demo for this test alone: nobody else books its places or moves its clock.
  baseURL: async ({ now }, use) => {
    const demo = spawn(alongside, ['demo', '--port', '0', '--seed', '7', '--now', now], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(demo, 'exit')
    await use(await address(demo))
    demo.kill()
    await ended
  },

  // U-02, U-03: no console error, no report of the content security policy (Chromium writes one to
  // the console), no request to anybody else.
  guard: [
    async ({ context, baseURL }, use) => {
      const faults = []
      const origin = new URL(baseURL).origin
      context.on('weberror', (it) => faults.push(`error in a script: ${it.error()}`))
      context.on('console', (it) => {
        if (it.type() === 'error' && !isAnswer(it)) {
          faults.push(`console: ${it.text()} ${it.location().url}`)
        }
      })
      context.on('request', (it) => {
        const url = new URL(it.url())
        if (url.protocol !== 'about:' && url.origin !== origin) {
          faults.push(`a request to ${url.origin}`)
        }
      })
      await use()
      expect(faults).toEqual([])
    },
    { auto: true },
  ],
})

// The address that the demo prints when it is ready.
async function address(demo) {
  for await (const line of createInterface({ input: demo.stdout })) {
    const ready = /ready at (http:\S+)/.exec(line)
    if (ready) {
      demo.stdout.resume()
      return ready[1]
    }
  }
  throw new Error('the demo ended without saying where it is')
}

// Chromium also counts a page that we answered with 4xx, such as a form to correct, as an error.
function isAnswer(message) {
  return /^Failed to load resource: .* status of (4\d\d)/.test(message.text()) && message.location().url === message.page()?.url()
}

// ---- Any page -----------------------------------------------------------------------------------

// Everything that must hold for a page as it now stands, at this test's width. Tells all that does
// not, not only the first. Without pictures it is quicker.
export async function checkPage(page, name, { pictures = true } = {}) {
  await test.step(`check: ${name}`, async () => {
    // Away from whatever it was used for last: a link under the mouse looks different.
    await page.mouse.move(0, 0)
    if (pictures) {
      await screenshot(page, name)
    }
    await axe(page)
    await structure(page)
    await links(page)
    await smallScreen(page)
    await ownStyles(page)
    await forcedColours(page, pictures ? name : null)
    await tabOrder(page)
  })
}

export async function screenshot(page, name) {
  const project = test.info().project.name
  await page.screenshot({ path: `${screens}${name}-${project}.png`, fullPage: true })
}

// U-31. A mail has no landmarks and needs none: it is shown inside another page.
export async function axe(page, { without = [] } = {}) {
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
  // Our pages have no frames, so nothing has to be put together in a page of its own, which takes twice as long.
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().withTags(tags).disableRules(without).analyze()
  const told = violations.flatMap((it) => it.nodes.map((node) => `${it.id}: ${node.html} (${node.failureSummary})`))
  expect.soft(told, 'axe').toEqual([])
}

// U-24: one h1, no level left out, a title that begins with the h1, a language, landmarks. U-29: only one
// error summary interrupts.
export async function structure(page) {
  const facts = await page.evaluate(() => ({
    lang: document.documentElement.lang,
    title: document.title,
    headings: [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map((it) => Number(it.tagName[1])),
    h1: document.querySelector('h1')?.innerText.trim() ?? '',
    main: document.querySelectorAll('main').length,
    interrupts: document.querySelectorAll('[aria-live=assertive], [role=alert]:not(.nhsuk-error-summary [role=alert])').length,
    summaries: document.querySelectorAll('[role=alert]').length,
    header: document.querySelectorAll('body > header, body > div > header').length,
    footer: document.querySelectorAll('footer').length,
  }))
  expect.soft(facts.lang).toBe('en')
  expect.soft(facts.interrupts, 'something else than the error summary interrupts').toBe(0)
  expect.soft(facts.summaries, 'error summaries').toBeLessThanOrEqual(1)
  expect.soft(facts.headings.filter((it) => it === 1), 'h1').toHaveLength(1)
  const outline = facts.headings.slice(facts.headings.indexOf(1))
  const jumps = outline.filter((level, i) => i > 0 && level > outline[i - 1] + 1)
  expect.soft(jumps, `heading levels ${facts.headings}`).toEqual([])
  expect.soft(facts.title.replace(/^Error: /, '').slice(0, facts.h1.length + 3), 'title').toBe(`${facts.h1} – `)
  expect.soft([facts.main, facts.header, facts.footer], 'main, header, footer').toEqual([1, 1, 1])
}

// U-25: links that read alike lead to the same place.
export async function links(page) {
  const found = await page.evaluate(() =>
    [...document.querySelectorAll('a[href]')].map((it) => [
      (it.getAttribute('aria-label') ?? it.textContent).trim().replace(/\s+/g, ' '),
      it.href,
    ]),
  )
  const targets = new Map()
  for (const [name, href] of found) {
    targets.set(name, (targets.get(name) ?? new Set()).add(href))
  }
  expect.soft([...targets].filter(([, it]) => it.size > 1).map(([name]) => name), 'links of one name to several places').toEqual([])
}

// U-13, U-16: at 320 by 256 nothing scrolls sideways, save what is made to, and a button that stands
// for the whole form is as wide as the page.
export async function smallScreen(page) {
  const before = page.viewportSize()
  await page.setViewportSize({ width: 320, height: 256 })
  // The header folds its menu a moment after the change of width.
  await expect.soft.poll(() => page.evaluate(tooWide), 'wider than 320 px').toEqual([])
  const narrow = await page.evaluate(() =>
    [...document.querySelectorAll('main .nhsuk-button:not(.nhsuk-button--small)')]
      .filter((it) => {
        // Inside a card there is room for its padding.
        const around = getComputedStyle(it.parentElement)
        const room = it.parentElement.clientWidth - parseFloat(around.paddingLeft) - parseFloat(around.paddingRight)
        return it.offsetWidth < 0.9 * room
      })
      .map((it) => it.innerText),
  )
  expect.soft(narrow, 'buttons that could be wider').toEqual([])
  await page.setViewportSize(before)
}

// Runs in the page: what makes it scroll sideways.
function tooWide() {
  const width = document.documentElement.clientWidth
  if (document.documentElement.scrollWidth <= width) {
    return []
  }
  const wide = [...document.body.querySelectorAll('*')].filter((it) => it.getBoundingClientRect().right > width + 1)
  return ['the page scrolls', ...wide.map((it) => it.outerHTML.slice(0, 120))]
}

// U-14, U-15: neither wider spacing nor text of twice the size cuts anything off.
export async function ownStyles(page) {
  const spacing = `
    * { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }
    p { margin-bottom: 2em !important }`
  for (const style of [spacing, 'html { font-size: 200% }']) {
    // This way round the content security policy, as a reader's own styles do.
    await page.evaluate((text) => {
      const sheet = new CSSStyleSheet()
      sheet.replaceSync(text)
      document.adoptedStyleSheets = [sheet]
    }, style)
    await expect.soft.poll(() => page.evaluate(tooWide), style).toEqual([])
    expect.soft(await page.evaluate(cutOff), style).toEqual([])
  }
  await page.evaluate(() => {
    document.adoptedStyleSheets = []
  })
}

// Runs in the page: what has less room than its text needs, and hides the rest. A line to type in shows
// one part of a long text and moves along with the cursor.
function cutOff() {
  const cut = [...document.body.querySelectorAll(':not(input)')].filter((it) => {
    const style = getComputedStyle(it)
    const hides = [style.overflowX, style.overflowY].some((way) => way === 'hidden' || way === 'clip')
    const forEarsOnly = it.clientWidth <= 1 || it.clientHeight <= 1
    return hides && !forEarsOnly && (it.scrollWidth > it.clientWidth + 1 || it.scrollHeight > it.clientHeight + 1)
  })
  return cut.map((it) => it.outerHTML.slice(0, 120))
}

// In forced colours a box is only seen by its border. With a name, a picture is taken.
export async function forcedColours(page, name) {
  await page.emulateMedia({ forcedColors: 'active' })
  if (name) {
    await screenshot(page, `${name}-forced-colours`)
  }
  const unseen = await page.evaluate(() =>
    [...document.querySelectorAll('main :is(button, input:not([type=hidden], [type=radio], [type=checkbox]), textarea, select)')]
      .filter((it) => it.checkVisibility() && parseFloat(getComputedStyle(it).borderTopWidth) === 0)
      .map((it) => it.outerHTML.slice(0, 120)),
  )
  await page.emulateMedia({ forcedColors: null })
  expect.soft(unseen, 'without a border in forced colours').toEqual([])
}

// U-22: on a page just opened, the first Tab shows the skip link, and it moves the focus to the main
// part.
export async function skipLink(page) {
  await page.keyboard.press('Tab')
  const link = page.getByRole('link', { name: 'Skip to main content' })
  await expect.soft(link).toBeFocused()
  await expect.soft(link).toBeInViewport()
  await page.keyboard.press('Enter')
  await expect.soft(page.getByRole('main')).toBeFocused()
}

// U-21: Tab goes through the page in the order in which it is seen, each stop in view and with a
// ring, and out at the end.
export async function tabOrder(page) {
  // From the top, wherever the focus is now.
  await page.evaluate(() => {
    document.body.tabIndex = -1
    document.body.focus()
    document.body.removeAttribute('tabindex')
    window.stopBefore = null
  })
  // A field for a date has a stop for each of its parts, and what scrolls is a stop too: more than this goes in circles.
  const most = await page.evaluate(() => {
    const fields = document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')
    const parts = document.querySelectorAll('input[type^=date], input[type=time]')
    return 2 * fields.length + 8 * parts.length + 20
  })
  const stops = []
  for (;;) {
    await page.keyboard.press('Tab')
    const stop = await page.evaluate(describeFocus)
    if (stop === null) {
      break
    }
    stops.push(stop)
    expect(stops.length, 'a trap').toBeLessThanOrEqual(most)
  }
  expect.soft(stops.filter((it) => !it.ring).map((it) => it.html), 'without a ring').toEqual([])
  expect.soft(stops.filter((it) => !it.inView).map((it) => it.html), 'out of view').toEqual([])
  expect.soft(stops.filter((it) => it.backwards).map((it) => it.html), 'further up than the stop before').toEqual([])
}

// Runs in the page. Null at the end of the page.
function describeFocus() {
  const it = document.activeElement
  if (!it || it === document.body) {
    return null
  }
  // The ring of a radio or checkbox is drawn beside it, that of a card round it.
  const near = [it, it.nextElementSibling, it.parentElement].filter(Boolean)
  const look = () =>
    near.flatMap((one) =>
      ['', '::before', '::after'].map((part) => {
        const style = getComputedStyle(one, part)
        const outline = style.outlineStyle === 'none' ? '' : style.outline
        const border = parseFloat(style.borderTopWidth) === 0 ? '' : style.borderColor
        return [outline, border, style.boxShadow, style.backgroundColor].join()
      }),
    )
  const focused = look()
  // A field of a date has a stop for each of its parts; left and entered again it begins at the first.
  if (it === window.stopBefore) {
    return { html: it.outerHTML.slice(0, 120), ring: true, inView: true, backwards: false }
  }
  it.blur()
  const plain = look()
  it.focus({ preventScroll: true })
  const ring = focused.some((style, i) => style !== plain[i])
  const box = it.getBoundingClientRect()
  // Both places of one moment: what folds or loads in between moves every later stop.
  const inMain = it.closest('main') !== null
  const backwards = inMain && window.stopBefore !== null && box.bottom <= window.stopBefore.getBoundingClientRect().top
  window.stopBefore = inMain ? it : null
  return {
    html: it.outerHTML.slice(0, 120),
    ring,
    inView: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    backwards,
  }
}

// U-23: the title says so, the summary has the focus, its links lead to fields, and each field is
// described by its hint and then its error.
export async function checkErrors(page, messages) {
  await expect(page).toHaveTitle(/^Error: /)
  const summary = page.getByRole('alert')
  await expect(page.locator('.nhsuk-error-summary')).toBeFocused()
  await expect(summary.getByRole('link')).toHaveText(messages)
  for (const message of messages) {
    await summary.getByRole('link', { name: message }).click()
    const description = await page.locator(':focus').evaluate(describedBy)
    expect(description).toMatch(new RegExp(`^(hint, )*error: Error:\\s*${escaped(message)}$`))
  }
}

// Runs in the page: what describes a field or, when it is one of several answers, its question.
function describedBy(field) {
  const question = ['radio', 'checkbox'].includes(field.type) ? field.closest('fieldset') : null
  const ids = (question ?? field).getAttribute('aria-describedby') ?? ''
  return ids
    .split(' ')
    .map((id) => document.getElementById(id))
    .map((it) => (it?.classList.contains('nhsuk-hint') ? 'hint' : `error: ${it?.innerText.trim()}`))
    .join(', ')
}

function escaped(words) {
  return words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
