// On the day: a trainer takes the register, with and without JavaScript (U-01, U-26, U-39).

import { checkPage, expect, test } from './support.js'

// The first day of dates on which six people have a place.
async function openRegister(page, check) {
  await page.goto('/rehearsal')
  await page.getByLabel('Date', { exact: true }).fill('2027-06-08')
  await page.getByLabel('Time', { exact: true }).fill('09:50')
  await page.getByRole('button', { name: 'Set the clock' }).click()
  await page.goto('/rehearsal')
  await page.getByRole('button', { name: 'Log in as Quinn Example' }).click()
  await expect(page).toHaveURL(/\/today$/)
  await check('today')
  await page.getByRole('button', { name: /^Take register/ }).click()
}

const notHere = (page, name) => page.getByRole('group', { name }).getByText('Not here', { exact: true }).click()

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled })

    test('three are absent: five presses and two pages', async ({ page }) => {
      // What looks at a page is a script itself.
      const check = async (name) => { if (javaScriptEnabled) await checkPage(page, name) }
      await openRegister(page, check)
      await expect(page.getByRole('radio', { checked: true })).toHaveCount(0)
      await check('register')
      // With JavaScript the register itself is one of the two; without, filling the blanks takes a page.
      let pages = javaScriptEnabled ? 1 : 0
      page.on('load', () => { pages += 1 })
      for (const name of ['Dale', 'Fern', 'Lake']) await notHere(page, name)
      if (javaScriptEnabled) await expect(page.getByText('3 of 6 marked')).toBeVisible()
      await page.getByRole('button', { name: 'Mark everyone else as here' }).click()
      await expect(page.getByText('6 of 6 marked')).toBeVisible()
      await page.getByRole('button', { name: 'Save register' }).click()
      await expect(page.getByText('Last saved by Quinn, 9:50am on Tuesday 8 June 2027.')).toBeVisible()
      expect(pages).toBeLessThanOrEqual(2)
      await check('register saved')
      await page.getByRole('button', { name: 'They told us that Dale cannot come' }).click()
      await expect(page.getByText('Told us that they cannot come')).toBeVisible()
      await page.getByRole('link', { name: 'Left early, or something else for Eden' }).click()
      await check('one person of a register')
    })
  })
}
