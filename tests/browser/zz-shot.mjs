import { chromium } from 'playwright-core'
import AxeBuilder from '@axe-core/playwright'
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
for (const width of [390, 1280]) {
  const context = await browser.newContext({ viewport: { width, height: 900 } })
  const page = await context.newPage()
  page.on('console', (m) => { if (m.type() === 'error') console.log('console', m.text()) })
  const shot = async (name) => {
    await page.screenshot({ path: `/tmp/shots/${name}-${width}.png`, fullPage: true })
    const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']).analyze()
    console.log(name, width, violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html).slice(0, 2).join(' | ')))
  }
  await page.goto('http://127.0.0.1:8391/rehearsal'); await shot('rehearsal')
  await page.locator('a[href^="/rehearsal/mail/"]').nth(3).click(); await shot('mail')
  await page.getByRole('link', { name: 'As an email program shows it' }).click()
  await page.screenshot({ path: `/tmp/shots/html-${width}.png`, fullPage: true })
  await page.goto('http://127.0.0.1:8391/rehearsal'); await page.getByLabel('Date').fill('soon'); await page.getByRole('button', { name: 'Set the clock' }).click(); await shot('wrong')
  await context.close()
}
await browser.close()
