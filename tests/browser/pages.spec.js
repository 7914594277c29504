// Every page that a visitor can meet, in the states that the demo can bring about: what must hold for
// any page (checkPage), the skip link, and a title of its own.

import { mouse } from './hands.js'
import { cancelFor, fillIn, followMail, later, openMail, somebody } from './journeys.js'
import { checkErrors, checkPage, expect, skipLink, test } from './support.js'

const course = '/courses/intro'
const open = `${course}/22-june-2027`
const few = `${course}/16-june-2027`
const full = `${course}/8-june-2027`
const soon = `${course}/8-july-2027`
const cancelled = `${course}/1-june-2027`
const finished = `${course}/20-april-2027`

async function look(page, path, name) {
  await page.goto(path)
  await skipLink(page)
  await page.goto(path)
  await checkPage(page, name)
  return page.title()
}

async function lookAtAll(page, pages) {
  const titles = []
  for (const [name, path] of Object.entries(pages)) {
    titles.push(await look(page, path, name))
  }
  expect(titles).toEqual([...new Set(titles)])
}

test('courses and dates', async ({ page }) => {
  await lookAtAll(page, {
    courses: '/courses',
    course,
    'run-open': open,
    'run-few': few,
    'run-full': full,
    'run-soon': soon,
    'run-cancelled': cancelled,
    'run-finished': finished,
  })
})

// U-19.
test('the first load of the dates is light', async ({ page }) => {
  const loads = []
  page.on('requestfinished', (it) => loads.push(it.sizes()))
  await page.goto('/courses', { waitUntil: 'networkidle' })
  const bytes = (await Promise.all(loads)).reduce((sum, it) => sum + it.responseBodySize + it.responseHeadersSize, 0)
  expect(bytes).toBeLessThan(120_000)
})

test('texts', async ({ page }) => {
  await lookAtAll(page, {
    'how-it-works': '/how-it-works',
    'becoming-a-peer-worker': '/becoming-a-peer-worker',
    'self-check': '/becoming-a-peer-worker/self-check',
    support: '/support',
    'easy-read': '/easy-read',
    contact: '/contact',
    accessibility: '/accessibility',
    privacy: '/privacy',
    cookies: '/cookies',
  })
})

test('ways in and ways out', async ({ page }) => {
  await lookAtAll(page, {
    'new-dates': '/new-dates',
    find: '/bookings/find',
    equality: '/equality',
    'not-found': '/nothing-here',
    rehearsal: '/rehearsal',
  })
  await look(page, `/b/${'x'.repeat(43)}`, 'link-unknown')
})

test('the first question, when it cannot be asked', async ({ page }) => {
  await look(page, `${full}/book`, 'book-full')
  await look(page, `${open}/wait`, 'wait-place-free')
  await look(page, `${soon}/book`, 'book-opens-soon')
  await look(page, `${cancelled}/book`, 'book-cancelled')
  await look(page, `${finished}/book`, 'book-finished')
})

test('the booking form: each question, its errors, and the end', async ({ page }) => {
  const { choose, press, type } = mouse(page)
  await look(page, `${open}/book`, 'book-you')
  await press('Continue')
  await checkErrors(page, ['Enter your name'])
  await checkPage(page, 'book-you-errors')
  await type('Full name', somebody.name)
  await press('Continue')

  await checkPage(page, 'book-contact')
  await type('Email address', 'sam')
  await press('Continue')
  await checkErrors(page, [
    'Enter an email address in the correct format, like name@example.com',
    'Select how you would like us to get in touch',
  ])
  await checkPage(page, 'book-contact-errors')
  await type('Email address', 'sam@gmial.com')
  await choose('By email')
  await press('Continue')
  await checkPage(page, 'book-contact-typo')
  await choose('Keep it as it is')
  await press('Continue')

  await checkPage(page, 'book-support')
  await type('Their name (optional)', 'Jo Example')
  await press('Continue')
  await checkErrors(page, ['Enter their phone number'])
  await checkPage(page, 'book-support-errors')
  await type('Their phone number (optional)', '01632 960 001')
  await press('Continue')

  await checkPage(page, 'book-check')
  await press('Confirm my booking')
  await checkErrors(page, [
    'Tick to say you are 18 or over',
    'Tick to say you will keep what others share private',
  ])
  await checkPage(page, 'book-check-errors')
  await choose('I am 18 or over')
  await choose('I will keep what others share private')
  await press('Confirm my booking')
  await checkPage(page, 'book-done')
  await page.getByRole('link', { name: 'Is that address wrong?' }).click()
  await checkPage(page, 'book-address')
})

test('the booking form, saved for later, and by post', async ({ page }) => {
  const { choose, follow, press, type } = mouse(page)
  await page.goto(`${open}/book`)
  await type('Full name', 'Sam Example')
  await press('Save and come back later')
  await checkPage(page, 'book-saved-without-address')
  await press('Carry on now')
  await type('Email address', 'sam@example.org')
  await choose('By post')
  await press('Continue')
  await checkPage(page, 'book-post')
  await press('Continue')
  await checkErrors(page, ['Enter the address that we should write to'])
  await type('Postal address', '1 High Street\nAnytown')
  await press('Save and come back later')
  await checkPage(page, 'book-saved')
  await openMail(page, 'sam@example.org', 'Carry on with your booking')
  await checkPage(page, 'rehearsal-mail')
  await followMail(page, /\/d\/[\w-]+$/)
  await checkPage(page, 'book-resume')
  await press('Continue')
  await follow('Back')
})

test('the last place goes while somebody fills in the form', async ({ page, context }) => {
  const button = /^Book a place for Wednesday 16 and Wednesday 23 June 2027/
  await fillIn(page, mouse(page), button)
  for (const name of ['Kim', 'Lou']) {
    const other = await context.newPage()
    await fillIn(other, mouse(other), button, { name, email: `${name}@example.org` })
    await mouse(other).press('Confirm my booking')
    await other.close()
  }
  await mouse(page).press('Confirm my booking')
  await expect(page.getByText('Your answers are safe.')).toBeVisible()
  await checkPage(page, 'book-last-place-gone')
  await mouse(page).press('Use these dates')
  await checkErrors(page, ['Choose one answer'])
  await checkPage(page, 'book-last-place-gone-errors')
})

test('the questions about you', async ({ page }) => {
  const { press } = mouse(page)
  await page.goto('/equality')
  await press('Yes, I will answer')
  for (let number = 1; !(await page.getByRole('heading', { name: 'That is all' }).isVisible()); number++) {
    await checkPage(page, `equality-${number}`)
    await press('Continue')
  }
  await checkPage(page, 'equality-done')
})

test('the self-check', async ({ page }) => {
  const { press } = mouse(page)
  await page.goto('/becoming-a-peer-worker/self-check')
  await press('Show me some ideas')
  await checkPage(page, 'self-check-empty')
  await page.goto('/becoming-a-peer-worker/self-check')
  await page.getByRole('radio', { name: 'Not yet' }).first().check()
  await page.getByRole('radio', { name: 'I would like to talk about it' }).last().check()
  await press('Show me some ideas')
  await checkPage(page, 'self-check-ideas')
})

test('a link to a booking that was lost', async ({ page }) => {
  const { press, type } = mouse(page)
  await page.goto('/bookings/find')
  await press('Send me the links')
  await checkErrors(page, ['Enter an email address in the correct format, like name@example.com'])
  await checkPage(page, 'find-errors')
  await type('Email address', 'alex@example.org')
  await press('Send me the links')
  await checkPage(page, 'find-sent')
  await openMail(page, 'alex@example.org', 'Your booking links')
})

test('emails about new dates', async ({ page }) => {
  const { choose, press, type } = mouse(page)
  await page.goto('/new-dates')
  await press('Email me about new dates')
  await checkErrors(page, ['Enter an email address in the correct format, like name@example.com'])
  await checkPage(page, 'new-dates-errors')
  await type('Email address', 'sam@example.org')
  await press('Email me about new dates')
  await checkPage(page, 'new-dates-sent')
  await openMail(page, 'sam@example.org', 'Please confirm your email')
  await followMail(page, /\/new-dates\/[\w-]+$/)
  await checkPage(page, 'new-dates-confirm')
  await press('Continue')
  await checkErrors(page, ['Choose one answer'])
  await checkPage(page, 'new-dates-confirm-errors')
  await choose('Yes, email me about new dates')
  await press('Continue')
  await checkPage(page, 'new-dates-live')
  await choose('Yes, stop these emails')
  await press('Continue')
  await checkPage(page, 'new-dates-stopped')
})

test('a booking that is not confirmed yet', async ({ page }) => {
  const { choose, press } = mouse(page)
  await openMail(page, 'ivy@example.org', 'Please confirm your email')
  await followMail(page, /\/confirm$/)
  await checkPage(page, 'confirm')
  await press('Continue')
  await checkErrors(page, ['Choose one answer'])
  await checkPage(page, 'confirm-errors')
  const link = page.url().replace(/\/confirm$/, '')
  await look(page, link, 'booking-unconfirmed')
  await later(page, 'day')
  await look(page, link, 'booking-lapsed')
  await look(page, `${link}/confirm`, 'confirm-lapsed')
})

test('a booking that is confirmed', async ({ page }) => {
  const { choose, press } = mouse(page)
  await openMail(page, 'alex@example.org', 'Your booking for')
  await followMail(page, /\/b\/[\w-]+$/)
  const link = page.url()
  await lookAtAll(page, {
    'booking-booked': link,
    cancel: `${link}/cancel`,
    move: `${link}/move`,
    details: `${link}/details`,
    join: `${link}/join`,
    'new-link': `${link}/new-link`,
  })
  await page.goto(`${link}/details`)
  for (const part of await page.locator('main dl a').evaluateAll((all) => all.map((it) => it.href))) {
    await look(page, part, `details-${new URL(part).searchParams.get('change') ?? part.split('/').pop()}`)
  }
  await page.goto(`${link}/move`)
  await press('Continue')
  await checkErrors(page, ['Choose one answer'])
  await checkPage(page, 'move-errors')
  await page.goto(`${link}/cancel`)
  await press('Continue')
  await checkErrors(page, ['Choose one answer'])
  await checkPage(page, 'cancel-errors')
  await choose('Yes, cancel my place')
  await press('Continue')
  await checkPage(page, 'booking-cancelled')
})

test('a booking that is moved, and a link that is replaced', async ({ page }) => {
  const { press } = mouse(page)
  await openMail(page, 'pip@example.org', 'Your booking for')
  await followMail(page, /\/b\/[\w-]+$/)
  const link = page.url()
  await page.goto(`${link}/new-link`)
  await press('Email me a new link')
  await checkPage(page, 'new-link-sent')
  await look(page, link, 'link-replaced')
  await openMail(page, 'pip@example.org', 'link')
  await followMail(page, /\/b\/[\w-]+$/)
  const fresh = page.url()
  await page.goto(`${fresh}/move`)
  await page.getByRole('radio').first().check()
  await press('Continue')
  await look(page, fresh, 'booking-moved')
})

test('a place on the waiting list, and an offer', async ({ page }) => {
  const { choose, press } = mouse(page)
  await openMail(page, 'robin@example.org', 'You are on the waiting list')
  await followMail(page, /\/b\/[\w-]+/)
  const link = page.url().replace(/(\/b\/[\w-]+).*/, '$1')
  await look(page, link, 'booking-waiting')
  await look(page, `${link}/cancel`, 'leave-waiting-list')
  await cancelFor(page, mouse(page), 'lake@example.org')
  await openMail(page, 'robin@example.org', 'A place is free')
  await followMail(page, /\/o\/[\w-]+$/)
  const offer = page.url()
  await look(page, offer, 'offer')
  await press('Send my answer')
  await checkErrors(page, ['Choose one answer'])
  await checkPage(page, 'offer-errors')
  await look(page, link, 'booking-offered')
  await page.goto(offer)
  await choose('No thank you, but keep me on the list')
  await press('Send my answer')
  await checkPage(page, 'offer-declined')
  await openMail(page, 'sage@example.org', 'A place is free')
  await followMail(page, /\/o\/[\w-]+$/)
  const other = page.url()
  await later(page, 'day')
  await later(page, 'day')
  await look(page, other, 'offer-over')
})

test('a course that was called off', async ({ page }) => {
  await openMail(page, 'casey@example.org', 'Your booking cannot go ahead')
  await followMail(page, /\/b\/[\w-]+/)
  await checkPage(page, 'booking-called-off')
})

test('a course that is over', async ({ page }) => {
  await openMail(page, 'ash@example.org', 'Your booking for')
  await followMail(page, /\/b\/[\w-]+$/)
  await checkPage(page, 'booking-finished')
  await page.goto(`${page.url()}/join`)
  await checkPage(page, 'join-over')
})

// U-20, where a long name is read: the page of the booking and those behind it, and the rehearsal.
test('a long name', async ({ page }) => {
  const { choose, press } = mouse(page)
  await fillIn(page, mouse(page), /^Book a place for Tuesday 22 and Wednesday 23 June 2027/)
  await checkPage(page, 'long-name-check')
  await press('Confirm my booking')
  await openMail(page, somebody.email, 'Please confirm your email')
  await followMail(page, /\/confirm$/)
  const link = page.url().replace(/\/confirm$/, '')
  await choose('Yes, I made this booking')
  await press('Continue')
  await expect(page.getByText(somebody.name.split(' ')[0]).first()).toBeVisible()
  for (const [name, path] of Object.entries({ booking: link, details: `${link}/details`, move: `${link}/move`, rehearsal: '/rehearsal' })) {
    await page.goto(path)
    await checkPage(page, `long-name-${name}`)
  }
  await expect(page.getByRole('link', { name: new RegExp(`^${somebody.name.split(' ')[0]}`) })).toBeVisible()
  await openMail(page, somebody.email, 'Your booking for')
  await checkPage(page, 'long-name-mail')
})

// B-31: "I cannot come" is there from the day before, and thanked for.
test('a day that somebody cannot come to', async ({ page }) => {
  const { press } = mouse(page)
  await openMail(page, 'alex@example.org', 'Your booking for')
  await followMail(page, /\/b\/[\w-]+$/)
  const link = page.url()
  const cannot = page.getByRole('button', { name: /^I cannot come/ })
  await expect(cannot).toHaveCount(0)
  await page.goto('/rehearsal')
  const first = /Day 1\s+\w+ (\d+) (\w+) (\d+)/
  await page.goto(link)
  const [, day, month, year] = first.exec(await page.getByRole('main').innerText())
  const eve = new Date(`${day} ${month} ${year} 12:00 UTC`)
  eve.setUTCDate(eve.getUTCDate() - 1)
  await page.goto('/rehearsal')
  await page.getByLabel('Date', { exact: true }).fill(eve.toISOString().slice(0, 10))
  await page.getByLabel('Time').fill('12:00')
  await press('Set the clock')
  await page.goto(link)
  await expect(cannot).toHaveCount(1)
  await checkPage(page, 'cannot-come')
  await cannot.click()
  await expect(page.getByText('Thank you for telling us.')).toBeVisible()
  await checkPage(page, 'cannot-come-told')
})

// Whoever came is still there to look at, as long as their links live.
test('the rehearsal lists dates that are over', async ({ page }) => {
  await page.goto('/rehearsal')
  await expect(page.getByText('These dates are over.')).toBeVisible()
  await page.getByRole('link', { name: /^Ash/ }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your course has finished')
})
