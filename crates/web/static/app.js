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
