// Our own script. Every journey works without it.
import { initAll } from '/static/nhsuk-10.6.1.js'

document.body.classList.add('js-enabled', 'nhsuk-frontend-supported')
initAll()

// "Saving..." while a form is being sent. The status is there from the start: only a change of it is read out.
for (const form of document.querySelectorAll('form[method="post"]')) {
  const status = document.createElement('p')
  status.className = 'al-saving'
  status.setAttribute('role', 'status')
  form.append(status)
  form.addEventListener('submit', (event) => {
    if (!event.defaultPrevented) status.textContent = 'Saving...'
  })
}

// A page that comes back with the Back button is not saving any more.
window.addEventListener('pageshow', () => {
  for (const status of document.querySelectorAll('.al-saving')) status.textContent = ''
})

// Nobody is logged out by surprise: a note some minutes before, and a button that gives more time. The
// server decides; what is sent too late is kept there.
const idle = document.querySelector('.al-idle')

function waitForIdle() {
  const { warnAfter, endsAfter, stay } = idle.dataset
  const end = new Date(Date.now() + endsAfter * 1000)
  idle.textContent = ''
  setTimeout(() => {
    const time = end.toLocaleTimeString('en-GB', { hour: 'numeric', minute: '2-digit', hour12: true }).replace(' ', '')
    idle.textContent = `You will be logged out at ${time} to keep information safe. What you have typed will be kept. `
    const button = document.createElement('button')
    button.type = 'button'
    button.className = 'nhsuk-button nhsuk-button--secondary nhsuk-button--small'
    button.textContent = 'Stay logged in'
    button.addEventListener('click', async () => {
      const answer = await fetch(stay, { method: 'HEAD', redirect: 'manual' })
      if (answer.ok) waitForIdle()
    })
    idle.append(button)
  }, warnAfter * 1000)
}

if (idle) waitForIdle()

// The register: how many are marked, blanks filled without a new page, and a warning before what is not
// saved is lost.
const register = document.querySelector('.al-register')

function setUpRegister() {
  const rows = [...register.querySelectorAll('.al-seg')]
  const count = register.querySelector('.al-marked')
  let changed = false
  const change = () => {
    changed = true
    const marked = rows.filter((row) => row.querySelector(':checked')).length
    count.textContent = `${marked} of ${count.dataset.of} marked`
  }
  register.addEventListener('change', change)
  register.addEventListener('submit', () => { changed = false })
  register.querySelector('#fill')?.addEventListener('click', (event) => {
    event.preventDefault()
    for (const row of rows) if (!row.querySelector(':checked')) row.querySelector('input').checked = true
    change()
  })
  window.addEventListener('beforeunload', (event) => { if (changed) event.preventDefault() })
}

if (register) setUpRegister()
