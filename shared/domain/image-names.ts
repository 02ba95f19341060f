const HUB = 'docker.io'

/** True for the id of an image, which only the node that has it knows. */
export function isImageId(name: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(name)
}

/** The registry that an image comes from, as people write it: `docker.io` where the name has none. */
export function registryOf(name: string): string {
  const [first = '', ...rest] = name.split('/')
  return rest.length > 0 && (first.includes('.') || first.includes(':') || first === 'localhost') ? first : HUB
}

/** Without a tag the engine would fetch every tag there is. */
export function withTag(name: string): string {
  const last = name.slice(name.lastIndexOf('/') + 1)
  return last.includes(':') || last.includes('@') ? name : `${name}:latest`
}

/**
 * The name that stays with an image's bytes when its tag moves on: `repository@sha256:…` when a registry gave the image under
 * this repository, else its id.
 */
export function pinOf(
  name: string,
  { Id, RepoDigests }: { Id: string; RepoDigests?: readonly string[] | null | undefined },
): string {
  if (isImageId(name) || name.includes('@')) return name
  const repository = withoutTag(name)
  const digest = RepoDigests?.find(entry => whole(entry.split('@')[0] ?? '') === whole(repository))
  return digest ? `${repository}@${digest.split('@')[1]}` : Id
}

function withoutTag(name: string): string {
  const slash = name.lastIndexOf('/')
  const colon = name.indexOf(':', slash + 1)
  return colon === -1 ? name : name.slice(0, colon)
}

/** With the registry and the folder that Docker leaves out. */
function whole(repository: string): string {
  const registry = registryOf(repository)
  const path = repository.startsWith(`${registry}/`) ? repository.slice(registry.length + 1) : repository
  return `${registry}/${registry === HUB && !path.includes('/') ? `library/${path}` : path}`
}
