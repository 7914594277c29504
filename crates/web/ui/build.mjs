// Makes the vendored files in ../static and the test examples in ./fixtures out of nhsuk-frontend.
// See README.md. Run it by hand after an upgrade; its results are committed.

import { compileString } from 'sass'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const ui = dirname(fileURLToPath(import.meta.url))
const packages = join(ui, 'node_modules')
const library = join(packages, 'nhsuk-frontend')
const dist = join(library, 'dist', 'nhsuk')
const statics = join(ui, '..', 'static')
const { version } = JSON.parse(readFileSync(join(library, 'package.json'), 'utf8'))

// The colours a deployment may change, with the library's own values.
// In the CSS each becomes var(--app-NAME); theme.rs writes the same names.
const colours = {
  'brand-colour': '#005eb8',
  'reverse-secondary-text-colour': '#c7dcef',
  'reverse-border-colour': '#337ec6',
  'reverse-hover-colour': '#004b93',
  'reverse-target-hover-colour': '#0055a6',
  'link-colour': '#005eb8',
  'link-hover-colour': '#7c2855',
  'link-visited-colour': '#330072',
  'link-active-colour': '#002f5c',
  'button-colour': '#007f3b',
  'button-hover-colour': '#00662f',
  'button-active-colour': '#00401e',
  'button-shadow-colour': '#00401e',
  'secondary-button-border-colour': '#005eb8',
  'secondary-button-text-colour': '#005eb8',
  'secondary-button-hover-colour': '#d9e7f4',
  'secondary-button-active-colour': '#c7dcef',
  'secondary-button-shadow-colour': '#005eb8',
  'login-button-colour': '#005eb8',
  'login-button-hover-colour': '#004b93',
  'login-button-active-colour': '#002f5c',
  'login-button-shadow-colour': '#002f5c'
}
const names = Object.keys(colours)

// Sass computes with colours, so a custom property cannot go in. A sentinel can: a colour that occurs nowhere else.
// Two runs with different sentinels show which colours of the output depend on them.
const sentinels = (prefix) =>
  Object.fromEntries(names.map((name, n) => [name, `#${prefix}${(n + 32).toString(16).padStart(2, '0')}`]))

const compile = (values) => {
  const settings = Object.entries(values).map(([name, value]) => `$nhsuk-${name}: ${value}`)
  return compileString(
    `@use "nhsuk-frontend/dist/nhsuk" as * with (
      $nhsuk-font-family: (Arial, Helvetica, sans-serif),
      $nhsuk-assets-path: "/static/nhsuk/",
      ${settings.join(',\n')}
    );`,
    {
      style: 'compressed',
      loadPaths: [packages, join(library, 'dist')],
      quietDeps: true,
      logger: { warn() {}, debug() {} }
    }
  ).css
}

const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16))
const distance = (a, b) => a.reduce((sum, value, n) => sum + Math.abs(value - b[n]), 0)

/** Which shade (with black) or tint (with white) of which sentinel is this colour? */
function mixFor(hex, values) {
  const wanted = channels(hex)
  let best = { off: Infinity }
  for (const name of names) {
    for (const [other, level] of [['#000', 0], ['#fff', 255]]) {
      for (let percent = 1; percent < 100; percent++) {
        const share = percent / 100
        const mixed = channels(values[name]).map((c) => Math.round(c * share + level * (1 - share)))
        const off = distance(mixed, wanted)
        if (off < best.off) best = { off, css: `color-mix(in srgb,var(--app-${name}) ${percent}%,${other})` }
      }
    }
  }
  return best.off <= 2 ? best.css : undefined
}

function stylesheet() {
  const values = sentinels('1b2d')
  const css = compile(values)
  const other = compile(sentinels('c9a7'))

  const token = /#[0-9a-f]{3,8}\b|rgba?\([^)]*\)|hsla?\([^)]*\)/g
  const found = css.match(token)
  const elsewhere = other.match(token)
  if (found.length !== elsewhere.length) throw new Error('The two runs differ in more than their colours')

  const replacements = new Map(names.map((name) => [values[name], `var(--app-${name})`]))
  const fixed = new Set()
  found.forEach((colour, n) => {
    if (colour === elsewhere[n] || replacements.has(colour) || fixed.has(colour)) return
    const mix = /^#[0-9a-f]{6}$/.test(colour) && mixFor(colour, values)
    if (mix) replacements.set(colour, mix)
    else fixed.add(colour) // translucent shades: they keep a dark tint
  })

  const themed = css
    .replace(/^\uFEFF|@charset "[^"]*";/g, '')
    .replace(token, (colour) => replacements.get(colour) ?? colour)
  const defaults = names.map((name) => `--app-${name}:${colours[name]}`).join(';')
  const text =
    `@charset "utf-8";/*! nhsuk-frontend ${version}, MIT licence: LICENSE-nhsuk-frontend */` +
    `:root{${defaults}}html{font-family:var(--app-font,Arial,Helvetica,sans-serif)}` +
    themed
  console.log(`${replacements.size} colours themed, ${fixed.size} translucent shades kept`)
  return text
}

function check(name, text) {
  const addresses = [...text.matchAll(/url\(\s*(["']?)(.*?)\1\s*\)/g)].map((found) => found[2])
  const outside = addresses.filter((address) => !address.startsWith('/static/'))
  if (outside.length || /@import/.test(text)) throw new Error(`${name} loads ${outside.join(', ') || 'an @import'}`)
  if (/@font-face|frutiger/i.test(text)) throw new Error(`${name} has a web font`)
}

function write(name, text) {
  const file = join(statics, name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  report(name)
}

function report(name) {
  const bytes = readFileSync(join(statics, name))
  const hash = createHash('sha256').update(bytes).digest('hex')
  console.log(`${hash}  ${name}  ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} compressed`)
}

const css = stylesheet()
check('the stylesheet', css)
write(`nhsuk-${version}.css`, css)

const script = readFileSync(join(dist, 'nhsuk-frontend.min.js'), 'utf8')
write(`nhsuk-${version}.js`, script.replace(/\s*\/\/# sourceMappingURL=\S*\s*$/, '\n'))

const icons = [...new Set(css.match(/\/static\/nhsuk\/images\/[a-z0-9-]+\.svg/g))].sort()
for (const icon of icons) {
  const name = icon.replace('/static/', '')
  write(name, readFileSync(join(dist, 'assets', 'images', name.split('/').pop())))
}

// The examples that components_test.rs compares our components with: only what it reads, without the screenshots.
const examples = JSON.parse(readFileSync(join(ui, 'fixtures', 'wanted.json'), 'utf8'))
for (const [component, wanted] of Object.entries(examples)) {
  const { fixtures } = JSON.parse(readFileSync(join(dist, 'components', component, 'fixtures.json'), 'utf8'))
  const chosen = wanted.map((pattern) => {
    // "default + small" is the example "default" with the option "small" added; many have the same name.
    const [wantedName, option] = pattern.split(' + ')
    const family = fixtures.filter(({ name }) => name === wantedName)
    const keys = (fixture) => Object.keys(fixture.context)
    const fixture = option
      ? family.find((each) => keys(each).includes(option) && keys(each).length === keys(family[0]).length + 1)
      : family[0]
    if (!fixture) throw new Error(`${component} has no example "${pattern}"`)
    const { context, callBlock, html } = fixture
    return { name: pattern, context, body: callBlock ?? '', html }
  })
  writeFileSync(join(ui, 'fixtures', `${component}.json`), JSON.stringify(chosen, null, 2) + '\n')
}
