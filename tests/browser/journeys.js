// Stretches of the way that several tests go.

import { expect } from '@playwright/test'

// A name that breaks careless pages: long, an apostrophe, letters from right to left, an emoji.
export const somebody = {
  name: "Maximiliane O'Connor-Hohenstein ليلى 🙂 of the Far and Windy Side of the Hill",
  email: 'maximiliane@example.org',
}

// From the list of dates through the form to its last page, where everything can be checked.
export async function fillIn(page, { choose, press, type }, button, person = somebody) {
  await page.goto('/courses')
  await press(button)
  await type('Full name', person.name)
  await press('Continue')
  await type('Email address', person.email)
  await choose('By email')
  await press('Continue')
  await choose('Captions')
  await choose('Breaks')
  await press('Continue')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Check your answers')
  await choose('I am 18 or over')
  await choose('I will keep what others share private')
}

// Cancels the booking of somebody who has been told that they have a place.
export async function cancelFor(page, { choose, follow, press }, address) {
  await openMail(page, address, 'Your booking for')
  await followMail(page, /\/b\/[\w-]+$/)
  await follow('Cancel your place')
  await choose('Yes, cancel my place')
  await press('Continue')
}

// Opens the newest mail with this subject to this address, on the page where a rehearsal shows it.
export async function openMail(page, address, subject) {
  const row = page.getByRole('row').filter({ hasText: address }).filter({ hasText: subject }).first()
  // The mail leaves a moment after what caused it.
  await expect(async () => {
    await page.goto('/rehearsal')
    await expect(row).toBeVisible({ timeout: 1 })
  }).toPass({ timeout: 15_000 })
  await page.goto(await row.locator('a[href^="/rehearsal/mail/"]').getAttribute('href'))
}

// Follows the link of the open mail that leads to such an address.
export async function followMail(page, address) {
  await page.goto(await page.locator('main a', { hasText: address }).first().getAttribute('href'))
}

// Moves the clock by an hour or a day; what falls due on the way happens.
export async function later(page, by) {
  await page.goto('/rehearsal')
  await page.getByRole('button', { name: `1 ${by} later` }).click()
}
