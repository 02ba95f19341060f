/** How the machine runs its agent: by its own Node, or as a container. */
export type JoinWay = 'node' | 'docker'

/** What the command that joins a machine is made of. */
export interface JoinCommandInput {
  /** Where the machine finds the brain. */
  brainUrl: URL
  joinToken: string
  nodeName: string
  /** Of the joining script; null when this brain has none to check the download against. */
  scriptSha256: string | null
  /** SHA-256 of the brain's own root, by which the machine knows the brain; null where everybody knows its certificate. */
  authority: string | null
}

/**
 * One line for a shell, to be pasted on the machine: it fetches the joining script, checks it, and runs it; the script in turn takes
 * one agent and no other. Needs curl and sha256sum. Every value is quoted, so that no name of a node is ever read as a command.
 */
function joinCommand(
  { brainUrl, joinToken, nodeName, scriptSha256, authority }: JoinCommandInput,
  way: JoinWay,
): string {
  const file = 'strata-join.sh'
  const address = new URL('/agent/join.sh', brainUrl).href
  const isPlain = brainUrl.protocol === 'http:' && !isLoopback(brainUrl.hostname)
  const environment = [
    `STRATA_BRAIN_URL=${quote(brainUrl.origin)}`,
    `STRATA_JOIN_TOKEN=${quote(joinToken)}`,
    `STRATA_NODE_NAME=${quote(nodeName)}`,
    ...(authority ? [`STRATA_BRAIN_CA_SHA256=${authority}`] : []),
    ...(isPlain ? ['STRATA_ALLOW_HTTP=on'] : []),
  ].join(' ')
  // A certificate that curl cannot know is left unjudged, since the file itself is: its checksum came with this line.
  const unjudged = authority && scriptSha256 ? ' -k' : ''
  return [
    `curl -fsSL${unjudged} -o ${file} ${quote(address)}`,
    ...(scriptSha256 ? [`echo ${quote(`${scriptSha256}  ${file}`)} | sha256sum -c -`] : []),
    `${environment} sh ${file}${way === 'docker' ? ' --docker' : ''}`,
  ].join(' && ')
}

/** The line for each way. */
export function joinCommands(input: JoinCommandInput): Record<JoinWay, string> {
  return { node: joinCommand(input, 'node'), docker: joinCommand(input, 'docker') }
}

/** As a POSIX shell reads it: everything but the single quote stands for itself between single quotes. */
function quote(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127\.\d+\.\d+\.\d+$/.test(hostname)
  )
}
