/** One line of what `npm start` prints: a short label and what it is. */
export const say = (label, text) => console.log(`  ${label.padEnd(9)}${text}`)

export function sayHowToSignIn({ url, adminUser }) {
  if (url) say('Sign in', `make the first account here, once: ${url}`)
  else say('Sign in', `with your account${adminUser ? `, such as ${adminUser}` : ''}`)
}

export function greet({ url, setup, logs, nodeDir }) {
  console.log('\nStrata runs.\n')
  say('Panel', url)
  sayHowToSignIn(setup)
  say('Logs', logs)
  if (nodeDir) say('Files', `${nodeDir} (servers run as a user of their own, who cannot reach the data folder)`)
  console.log('\n  Ctrl-C stops brain and agent, not the servers. `npm stop` ends those as well.\n')
}

/** Says what became of the example, once per state that matters to somebody who waits for it. */
export function exampleTeller() {
  let told
  return ({ name, state, address, runtime, message }) => {
    const why = message ? `: ${message}` : ''
    const onItsWay = `${name}, the example, is on its way …`
    const text = {
      REQUESTED: onItsWay,
      PREPARING: onItsWay,
      PREPARED: onItsWay,
      STARTING: onItsWay,
      RUNNING: `${name} runs at ${address ?? 'an address that the panel shows'}, by the ${runtime} runtime${why}`,
      FAILED: `${name} failed${why || '; the panel says why'}`,
    }[state]
    if (!text || text === told || (text === onItsWay && told)) return
    say('Server', text)
    told = text
  }
}
