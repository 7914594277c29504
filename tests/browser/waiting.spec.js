// An applicant joins a waiting list, is offered a place when enough others cancel, and accepts.

import { mouse } from './hands.js'
import { cancelFor, fillIn, followMail, openMail } from './journeys.js'
import { checkPage, expect, test } from './support.js'

const kim = { name: 'Kim Example', email: 'kim@example.org' }
// Six people hold the six places of these dates, and three stand in the queue before Kim.
const button = /^Join the waiting list for Tuesday 8 and Tuesday 15 June 2027/
const holders = ['fern@example.org', 'glen@example.org', 'kit@example.org', 'lake@example.org']

test('wait, be offered a place, accept', async ({ page }) => {
  const { choose, press } = mouse(page)
  await fillIn(page, mouse(page), button, kim)
  await press('Join the waiting list')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('You are on the waiting list')
  await checkPage(page, 'done-waiting')

  for (const holder of holders) {
    await cancelFor(page, mouse(page), holder)
  }
  await openMail(page, kim.email, 'A place is free')
  await followMail(page, /\/o\/[\w-]+$/)
  await expect(page.getByRole('radio', { checked: true })).toHaveCount(0)
  await choose('Yes, book it for me')
  await press('Send my answer')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Thank you. You have a place')
  await checkPage(page, 'offer-accepted')

  // The same link shows what became of the offer, and asks nothing again.
  await page.reload()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Thank you. You have a place')
  await expect(page.getByRole('radio')).toHaveCount(0)
  await openMail(page, kim.email, 'Your booking for')
})
