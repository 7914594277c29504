// How somebody uses a page: with a mouse, or with the keyboard alone. A journey written for one of
// them is a journey for both. Everything is found by the words that a person reads or hears.

export function mouse(page) {
  const find = words(page)
  return {
    follow: (name) => find.link(name).click(),
    press: (name) => find.button(name).click(),
    type: (name, text) => find.field(name).fill(text),
    choose: (name) => find.choice(name).check(),
  }
}

export function keyboard(page) {
  const find = words(page)
  return {
    follow: (name) => enter(page, find.link(name)),
    press: (name) => enter(page, find.button(name)),

    async type(name, text) {
      await tabTo(page, find.field(name))
      await page.keyboard.press('Control+A')
      await page.keyboard.insertText(text)
    },

    async choose(name) {
      const choice = find.choice(name)
      if ((await choice.getAttribute('type')) === 'checkbox') {
        await tabTo(page, choice)
        await page.keyboard.press('Space')
        return
      }
      // Tab reaches one radio of the question, the arrows reach the others.
      const question = await choice.getAttribute('name')
      await tabTo(page, page.locator(`input[type=radio][name="${question}"]`))
      await page.keyboard.press('Space')
      while (!(await choice.isChecked())) {
        await page.keyboard.press('ArrowDown')
      }
    },
  }
}

function words(page) {
  const by = (role) => (name) => page.getByRole(role, { name, exact: true })
  return {
    link: by('link'),
    button: by('button'),
    field: by('textbox'),
    choice: (name) => by('radio')(name).or(by('checkbox')(name)),
  }
}

async function enter(page, where) {
  await tabTo(page, where)
  await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')])
}

// Goes on with Tab until one of these has the focus.
async function tabTo(page, these) {
  for (let i = 0; i < 200; i++) {
    await page.keyboard.press('Tab')
    if (await these.evaluateAll((all) => all.includes(document.activeElement))) {
      return
    }
  }
  throw new Error(`Tab does not reach ${these}`)
}
