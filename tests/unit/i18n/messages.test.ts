import { globSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { INSTANCE_ACTIONS } from '../../../composables/instance/actions'
import { INSTANCE_STATE_NAMES } from '../../../shared/domain/instance-state'
import { ROLES } from '../../../shared/domain/permissions'
import { ERRORS } from '../../../shared/errors'
import { actorKind, instanceEvent } from '../../../shared/schemas/event'
import { layoutKind, nodeContact, runtimeKind } from '../../../shared/schemas/node'
import { expose, restartPolicy } from '../../../shared/schemas/runtime'
import { attention } from '../../../shared/schemas/status'
import { templateType } from '../../../shared/schemas/template-type'

const ROOT = join(import.meta.dirname, '../../..')
const LOCALES = ['en', 'de'] as const
type Messages = { [key: string]: string | Messages }
const messages: z.ZodType<Messages> = z.lazy(() => z.record(z.string(), z.union([z.string(), messages])))

function read(locale: string): Map<string, string> {
  const folder = join(ROOT, 'i18n/locales', locale)
  const flat = new Map<string, string>()
  const take = (tree: Messages, path: string[]) => {
    for (const [key, value] of Object.entries(tree)) {
      if (typeof value === 'string') flat.set([...path, key].join('.'), value)
      else take(value, [...path, key])
    }
  }
  for (const file of readdirSync(folder)) take(messages.parse(JSON.parse(readFileSync(join(folder, file), 'utf8'))), [])
  return flat
}

const all = { en: read('en'), de: read('de') }
const placeholders = (text: string) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(match => match[1]))].sort()
const sources = globSync(['{pages,components,layouts,composables}/**/*.{vue,ts}', '*.vue'], { cwd: ROOT }).map(
  file => ({ file, text: readFileSync(join(ROOT, file), 'utf8') }),
)

describe.each(LOCALES)('messages in %s', locale => {
  const known = all[locale]

  it('have the same keys and placeholders as the English ones', () => {
    expect([...known.keys()].sort()).toEqual([...all.en.keys()].sort())
    for (const [key, text] of known)
      expect({ key, of: placeholders(text) }).toEqual({ key, of: placeholders(all.en.get(key) ?? '') })
  })

  it('are not empty, and escape what the message format takes for its own', () => {
    for (const [key, text] of known) {
      expect({ key, text: text.trim() }).not.toEqual({ key, text: '' })
      expect({ key, odd: /@(?!'\})/.test(text) }).toEqual({ key, odd: false })
    }
  })

  it('have words for everything that the brain may say', () => {
    const wanted = [
      ...Object.keys(ERRORS).flatMap(code => [`errors.${code}.title`, `errors.${code}.next`]),
      ...INSTANCE_STATE_NAMES.flatMap(state => [`state.${state}.word`, `state.${state}.sentence`]),
      ...nodeContact.options.flatMap(contact => [`contact.${contact}.word`, `contact.${contact}.sentence`]),
      ...attention.shape.kind.options.flatMap(kind => [`attention.${kind}.what`, `attention.${kind}.next`]),
      ...ROLES.flatMap(role => [`role.${role}`, `roleWhat.${role}`]),
      ...INSTANCE_ACTIONS.map(action => `action.${action}`),
      ...actorKind.options.map(kind => `actor.${kind}`),
      ...instanceEvent.shape.kind.options.map(kind => `event.${kind}`),
      ...templateType.options.map(type => `type.${type}`),
      ...runtimeKind.options.map(kind => `runtime.${kind}`),
      ...layoutKind.options.map(kind => `layout.${kind}`),
      ...restartPolicy.options.map(policy => `restart.${policy}`),
      ...expose.options.map(value => `expose.${value}`),
    ]
    expect(wanted.filter(key => !known.has(key))).toEqual([])
  })
})

/** The keys that a key made of parts may become. */
function patternOf(key: string): RegExp {
  const parts = key.split(/\$\{[^}]*\}/).map(part => part.replace(/[.*+?^()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.+')}$`)
}

describe('keys in the sources', () => {
  const literal = /\bt\(\s*'([^'$]+)'|keypath="([^"]+)"/g
  const template = /\bt\(\s*`([^`]*)`/g

  it('all have a message', () => {
    const missing = sources.flatMap(({ file, text }) =>
      [...text.matchAll(literal)]
        .map(match => match[1] ?? match[2] ?? '')
        .filter(key => !all.en.has(key))
        .map(key => `${file}: ${key}`),
    )
    expect(missing).toEqual([])
  })

  it('made of parts have at least one message', () => {
    const keys = [...all.en.keys()]
    const missing = sources.flatMap(({ file, text }) =>
      [...text.matchAll(template)]
        .map(match => match[1] ?? '')
        .filter(key => {
          const pattern = patternOf(key)
          return !keys.some(candidate => pattern.test(candidate))
        })
        .map(key => `${file}: ${key}`),
    )
    expect(missing).toEqual([])
  })

  it('use every message', () => {
    const whole = sources.map(({ text }) => text).join('\n')
    const patterns = [...whole.matchAll(/`([\w.-]+\.\$\{[^`]*)`/g)].map(match => patternOf(match[1] ?? ''))
    const unused = [...all.en.keys()].filter(
      key =>
        ![`'${key}'`, `"${key}"`].some(quoted => whole.includes(quoted)) &&
        !patterns.some(pattern => pattern.test(key)),
    )
    expect(unused).toEqual([])
  })
})

it('keeps text out of the sources: no sentence stands between tags', () => {
  const found = sources
    .filter(({ file }) => file.endsWith('.vue'))
    .flatMap(({ file, text }) => {
      const markup =
        /<template>([\s\S]*)<\/template>/
          .exec(text)?.[1]
          ?.replace(/\{\{[\s\S]*?\}\}/g, '')
          .replace(/<!--[\s\S]*?-->/g, '') ?? ''
      const between = [...markup.matchAll(/>([^<>]*)</g)].map(match => (match[1] ?? '').trim())
      return between.filter(words => /\p{L}{2,}/u.test(words) && !/["=]/.test(words)).map(words => `${file}: ${words}`)
    })
  expect(found).toEqual([])
})
