import { dirname, relative, resolve, sep } from 'node:path'

/**
 * Who may import whom, by folder: the first entry that fits the importing file decides. `own` are folders of the project
 * it may import from, `not` are packages it may not. A file that no entry fits is free.
 */
export const ARROWS = [
  {
    from: 'shared',
    own: ['shared'],
    only: ['zod'],
    why: 'shared holds the words of all three programs and knows nothing but zod',
  },
  {
    from: 'core',
    own: ['core', 'shared'],
    not: 'framework',
    why: 'core is the layer engine: only shared, and no framework',
  },
  {
    from: 'server/domain',
    own: ['server/domain', 'shared'],
    not: 'framework',
    nodeless: true,
    why: 'domain is pure: only shared, no framework, no I/O',
  },
  {
    from: 'server/services',
    own: ['server/services', 'server/domain', 'server/ports', 'core', 'shared'],
    not: 'framework',
    why: 'services know domain, core, shared and the ports; the rest is handed to them',
  },
  {
    from: 'server/db',
    own: ['server/db', 'server/domain', 'server/ports', 'core', 'shared'],
    why: 'db implements the ports and knows nothing above them',
  },
  {
    from: 'server/store',
    own: ['server/store', 'server/ports', 'core', 'shared'],
    why: 'the object store implements its port and knows nothing above it',
  },
  {
    from: 'server',
    own: ['server', 'core', 'shared', 'package.json'],
    why: 'the server knows nothing of the agent or the panel',
  },
  {
    from: 'agent',
    own: ['agent', 'core', 'shared', 'package.json'],
    why: 'the agent is a program of its own: only core and shared',
  },
  ...['pages', 'components', 'composables', 'layouts', 'middleware', 'plugins', 'i18n', 'app.vue', 'error.vue'].map(
    from => ({
      from,
      own: ['pages', 'components', 'composables', 'layouts', 'middleware', 'plugins', 'i18n', 'assets', 'shared'],
      nodeless: true,
      why: 'the panel runs in a browser and knows only shared',
    }),
  ),
]

const FRAMEWORK =
  /^(h3|nitropack|nitro|nuxt|vue|vue-router|drizzle-orm|better-sqlite3|socket\.io|socket\.io-client|engine\.io|dockerode|#imports|#app|nuxt-auth-utils|#auth-utils|@nuxt\/.*)(\/|$)/

const isBelow = (path, folder) =>
  path === folder || path.startsWith(`${folder}/`) || path.replace(/\.[a-z]+$/, '') === folder

/** The project path that a specifier means, or null for a package. */
function projectPath(specifier, file, root) {
  if (specifier.startsWith('.'))
    return relative(root, resolve(dirname(file), specifier))
      .split(sep)
      .join('/')
  if (specifier.startsWith('#shared')) return specifier.slice(1)
  const alias = /^(?:~~|@@|~|@)\/(.*)$/.exec(specifier)
  return alias ? alias[1] : null
}

function faultOf(arrow, specifier, target) {
  if (target !== null) return arrow.own.some(folder => isBelow(target, folder)) ? null : target
  if (arrow.only && !arrow.only.some(name => isBelow(specifier, name))) return specifier
  if (arrow.not === 'framework' && FRAMEWORK.test(specifier)) return specifier
  if (arrow.nodeless && specifier.startsWith('node:')) return specifier
  return null
}

/**
 * Every import, export-from and dynamic import keeps to the arrows of the architecture.
 *
 * @type {import('eslint').Rule.RuleModule}
 */
export const arrowsRule = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { forbidden: '{{from}} may not import {{target}}: {{why}} (docs/architecture.md).' },
  },
  create(context) {
    const path = relative(context.cwd, context.filename).split(sep).join('/')
    const arrow = ARROWS.find(({ from }) => isBelow(path, from))
    if (!arrow) return {}
    const check = node => {
      const source = node.source
      if (!source || source.type !== 'Literal' || typeof source.value !== 'string') return
      const target = projectPath(source.value, context.filename, context.cwd)
      const fault = faultOf(arrow, source.value, target)
      if (fault !== null)
        context.report({
          node: source,
          messageId: 'forbidden',
          data: { from: arrow.from, target: fault, why: arrow.why },
        })
    }
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
      TSImportType: check,
    }
  },
}
