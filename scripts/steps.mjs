import { runTool, tool } from './run-tool.mjs'

const typescriptProject = path => ({ title: `types: ${path}`, command: [tool('tsc'), ['--noEmit', '-p', path]] })

/** What needs no engine and no browser. `typecheck` stands for every TypeScript project. */
export const STEPS = {
  format: [{ title: 'format', command: [tool('prettier'), ['--check', '--log-level=warn', '.']] }],
  lint: [{ title: 'lint', command: [tool('eslint'), ['.']] }],
  // Writes the types that the other steps read.
  prepare: [{ title: 'nuxt prepare', command: [tool('nuxt'), ['prepare'], { quiet: true }] }],
  typecheck: [
    { title: 'types: app', command: [tool('vue-tsc'), ['--noEmit', '-p', '.nuxt/tsconfig.app.json']] },
    ...['.nuxt/tsconfig.node.json', 'server', 'shared', 'core', 'agent', 'tests'].map(typescriptProject),
  ],
  knip: [{ title: 'knip', command: [tool('knip'), []] }],
  unit: [{ title: 'unit tests', command: [tool('vitest'), ['run', '--project', 'unit', '--reporter', 'dot']] }],
}

/** Runs steps to their end, also after one failed, and resolves to 0 when all were right. `onDone` hears of each. */
export async function runSteps(names, onDone = () => {}) {
  const failed = []
  for (const { title, command } of names.flatMap(name => STEPS[name])) {
    console.log(`\n— ${title}`)
    const code = await runTool(...command)
    if (code !== 0) failed.push(title)
    onDone(title, code === 0)
  }
  if (failed.length > 0) console.error(`\nFailed: ${failed.join(', ')}`)
  return failed.length > 0 ? 1 : 0
}
