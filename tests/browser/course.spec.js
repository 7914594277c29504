// A whole course, as a coordinator runs it: planned by copying, published, booked by fourteen people, three
// wait, moved by four hours on both sides of a clock change, one cancels the evening before, registers, a
// missed day caught up on other dates, a certificate, a report.
// Without JavaScript, on a phone, with nothing but the pages and the mail.

import { mouse } from './hands.js'
import { followMail, openMail } from './journeys.js'
import { expect, test } from './support.js'

const dates = 'Tuesday 26 October and Tuesday 2 November 2027'
const online = ['Ada', 'Ben', 'Cleo', 'Dev', 'Elis', 'Fay', 'Gus', 'Hal', 'Ines', 'Jude', 'Kim', 'Lou', 'Max']
const waiting = ['Nia', 'Oto', 'Pia']

test.use({ now: '2027-09-06T09:00', javaScriptEnabled: false })

// Somebody else, on a phone of their own.
async function asVisitor(browser, baseURL, what) {
  const context = await browser.newContext({ baseURL, javaScriptEnabled: false, viewport: { width: 390, height: 844 } })
  try {
    return await what(await context.newPage())
  } finally {
    await context.close()
  }
}

async function clock(page, date, time) {
  await page.goto('/rehearsal')
  await page.getByLabel('Date', { exact: true }).fill(date)
  await page.getByLabel('Time', { exact: true }).fill(time)
  await page.getByRole('button', { name: 'Set the clock' }).click()
}

async function logIn(page, name) {
  await page.goto('/rehearsal')
  await page.getByRole('button', { name: `Log in as ${name} Example` }).click()
  await expect(page).toHaveURL(/\/(team|today)$/)
}

async function book(page, name, button, last) {
  const { choose, press, type } = mouse(page)
  await page.goto('/courses/intro/26-october-2027')
  await page.getByRole('button', { name: button }).or(page.getByRole('link', { name: button })).first().click()
  await type('Full name', `${name} Course`)
  await press('Continue')
  await type('Email address', address(name))
  await choose('By email')
  await press('Continue')
  await press('Continue')
  await choose('I am 18 or over')
  await choose('I will keep what others share private')
  await press(last)
}

async function confirm(page, name) {
  const { choose, press } = mouse(page)
  await openMail(page, address(name), 'Please confirm your email')
  await followMail(page, /\/b\/[\w-]+\/confirm$/)
  await choose('Yes, I made this booking')
  await press('Continue')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('You have a place')
}

const address = (name) => `${name.toLowerCase()}@example.org`

async function phone(page) {
  const { choose, press } = mouse(page)
  await page.goto('/team/bookings/new')
  await page.getByRole('group', { name: 'How did you hear from the person?' }).getByLabel('By phone').check()
  await page.getByRole('radio', { name: new RegExp(dates) }).check()
  await choose('A place')
  await page.getByLabel('Full name').fill('Ona Course')
  await choose('They have no email')
  await page.getByLabel('Phone number (optional)', { exact: true }).fill('01632 960111')
  await page.getByRole('group', { name: 'How would they like us to get in touch?' }).getByLabel('By phone').check()
  await choose('BSL interpreter')
  await choose('They are 18 or over')
  await choose('They will keep what others share private')
  await press('Book')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Ona Course, booking/)
}

async function plan(page) {
  const { press } = mouse(page)
  await page.goto('/team/runs')
  await page.getByRole('link', { name: /^Tuesday 5 and Tuesday 12 October/ }).click()
  await page.getByRole('button', { name: /^Copy/ }).or(page.getByRole('link', { name: /^Copy/ })).click()
  await page.getByLabel('Date of day 1').fill('2027-10-26')
  await page.getByLabel('Date of day 2').fill('2027-11-02')
  await page.getByLabel('Places').fill('14')
  await page.getByLabel('The peer trainer').check()
  await page.getByLabel('The other facilitator').check()
  await press('Save as a draft')
  await page.getByRole('button', { name: /^Publish/ }).or(page.getByRole('link', { name: /^Publish/ })).first().click()
  await press('Publish')
  await expect(page.getByText('These dates are published.')).toBeVisible()
  return new URL(page.url()).pathname
}

// The coordinator finds somebody's booking by name.
async function openBooking(page, name) {
  await logIn(page, 'Rowan')
  await page.goto('/team/bookings')
  await page.getByText(/^Search and filter/).click()
  await page.getByLabel('Name, email, phone or reference').fill(`${name} Course`)
  await page.getByRole('button', { name: 'Show bookings' }).click()
  await page.getByRole('link', { name: new RegExp(`${name} Course`) }).first().click()
}

async function catchUp(page, name, day) {
  const { follow, press } = mouse(page)
  await openBooking(page, name)
  await follow('Catch up a missed day')
  await page.getByRole('radio', { name: new RegExp(day) }).check()
  await page.getByRole('radio', { name: 'By phone' }).check()
  await press('Continue')
}

async function certificate(page, name) {
  const { press, type } = mouse(page)
  await openMail(page, address(name), 'Thank you for coming')
  await followMail(page, /\/b\/[\w-]+\/certificate$/)
  await type('Your name on the certificate', `${name} Course`)
  await press('Make my certificate')
  await expect(page.getByRole('button', { name: 'Download it as a PDF' })).toBeVisible()
}

async function register(page, day, absent) {
  await logIn(page, 'Quinn')
  await page.getByRole('button', { name: /^Take register/ }).or(page.getByRole('link', { name: /^Take register/ })).first().click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(`Register: day ${day}`)
  if (absent) await page.getByRole('group', { name: absent }).getByText('Not here', { exact: true }).click()
  await page.getByRole('button', { name: 'Mark everyone else as here' }).click()
  await page.getByRole('button', { name: 'Save register' }).click()
  await expect(page.getByText(/^Last saved by Quinn/)).toBeVisible()
}

test('a whole course', async ({ page, browser, baseURL }) => {
  test.setTimeout(240_000)
  const visitor = (what) => asVisitor(browser, baseURL, what)

  await logIn(page, 'Rowan')
  const run = await plan(page)
  for (const name of online) {
    // Ten an hour may book from one network (B-13).
    if (name === 'Hal') await clock(page, '2027-09-06', '10:00')
    await visitor(async (it) => {
      await book(it, name, /^Book a place/, 'Confirm my booking')
      await confirm(it, name)
    })
  }
  await logIn(page, 'Rowan')
  await phone(page)
  for (const name of waiting) {
    await visitor((it) => book(it, name, /^Join the waiting list/, 'Join the waiting list'))
  }

  await clock(page, '2027-10-11', '12:00')
  await logIn(page, 'Rowan')
  await page.goto(`${run}/edit`)
  for (const day of [1, 2]) {
    await page.locator(`[name=day${day}_start]`).fill('14:00')
    await page.locator(`[name=day${day}_end]`).fill('17:15')
  }
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('Everybody with a place or on the waiting list gets an email.')).toBeVisible()
  for (const name of [...online, ...waiting]) {
    await visitor(async (it) => {
      const { choose, press } = mouse(it)
      await openMail(it, address(name), 'A change to your booking')
      await expect(it.getByText('2pm to 5:15pm').first()).toBeVisible()
      if (!['Ada', 'Ben'].includes(name)) return
      await followMail(it, /\/b\/[\w-]+\/changed$/)
      await choose('Keep my place')
      await press('Continue')
    })
  }

  // The evening before, somebody cancels. It is too near for offers by email: the team calls.
  await clock(page, '2027-10-25', '18:00')
  await visitor(async (it) => {
    const { choose, press } = mouse(it)
    await openMail(it, address('Hal'), 'A change to your booking')
    await followMail(it, /\/b\/[\w-]+$/)
    await it.getByRole('link', { name: 'Cancel your place' }).click()
    await choose('Yes, cancel my place')
    await press('Continue')
  })
  await logIn(page, 'Rowan')
  await page.goto('/team/tasks')
  await page.getByRole('link', { name: /^Call the people on the waiting list/ }).click()
  await page.goto(`${run}/waiting`)
  await page.getByRole('button', { name: /^They said yes: book the place/ }).first().click()
  await expect(page.getByText('The place is booked.')).toBeVisible()
  await visitor((it) => openMail(it, address('Nia'), 'Your booking for'))

  await clock(page, '2027-10-26', '13:45')
  await register(page, 1, 'Ben')
  await clock(page, '2027-11-02', '17:20')
  await register(page, 2, 'Ada')

  // Whoever came on both days is thanked; whoever missed one day catches up on other dates.
  await visitor((it) => certificate(it, 'Cleo'))
  await catchUp(page, 'Ada', 'Thursday 11 November 2027')
  await visitor((it) => openMail(it, address('Ada'), 'Your catch-up date'))
  await clock(page, '2027-11-11', '13:20')
  await register(page, 2, null)
  await visitor((it) => certificate(it, 'Ada'))

  await logIn(page, 'Rowan')
  await page.goto('/team/reports/attendance')
  await expect(page.getByRole('figure')).toBeVisible()
  await page.goto(`${run}/people`)
  await expect(page.getByRole('row').filter({ hasText: 'Ada Course' })).toBeVisible()
})
