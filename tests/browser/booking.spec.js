// An applicant books, confirms from the mail and cancels: with a mouse, without JavaScript, and with
// the keyboard alone.

import { keyboard, mouse } from './hands.js'
import { cancelFor, fillIn, followMail, openMail, somebody } from './journeys.js'
import { expect, test } from './support.js'

const button = /^Book a place for Tuesday 22 and Wednesday 23 June 2027/
const ways = [
  { how: 'with a mouse', hands: mouse, javaScriptEnabled: true },
  { how: 'without JavaScript', hands: mouse, javaScriptEnabled: false },
  { how: 'with the keyboard alone', hands: keyboard, javaScriptEnabled: true },
]

for (const { how, hands, javaScriptEnabled } of ways) {
  test.describe(how, () => {
    test.use({ javaScriptEnabled })

    test('book, confirm, cancel', async ({ page }) => {
      const { choose, press } = hands(page)
      await fillIn(page, hands(page), button)
      await press('Confirm my booking')
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your place is booked')
      await expect(page.getByText(somebody.email)).toBeVisible()

      await openMail(page, somebody.email, 'Please confirm your email')
      await followMail(page, /\/confirm$/)
      await expect(page.getByRole('radio', { checked: true })).toHaveCount(0)
      await choose('Yes, I made this booking')
      await press('Continue')
      await expect(page.getByText('Booked', { exact: true })).toBeVisible()

      await cancelFor(page, hands(page), somebody.email)
      await expect(page.getByText('Cancelled', { exact: true })).toBeVisible()
      await openMail(page, somebody.email, 'Your booking is cancelled')
    })
  })
}

// U-05, U-06: going back and reloading repeat nothing.
test('the done page can be reloaded, and Back books nothing', async ({ page }) => {
  await fillIn(page, mouse(page), button)
  await mouse(page).press('Confirm my booking')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your place is booked')
  const done = page.url()
  await page.reload()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your place is booked')
  await page.goBack()
  await expect(page).toHaveURL(done)
  await openMail(page, somebody.email, 'Please confirm your email')
  await page.goto('/rehearsal')
  await expect(page.getByRole('row').filter({ hasText: somebody.email }).filter({ hasText: 'Please confirm' })).toHaveCount(1)
})
