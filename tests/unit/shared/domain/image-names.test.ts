import { describe, expect, it } from 'vitest'
import { isImageId, pinOf, registryOf, withTag } from '../../../../shared/domain/image-names'

const DIGEST = `sha256:${'d'.repeat(64)}`
const ID = `sha256:${'1'.repeat(64)}`

describe('names of images', () => {
  it.each([
    ['node:24', 'docker.io'],
    ['itzg/minecraft-server', 'docker.io'],
    ['ghcr.io/a/b:1', 'ghcr.io'],
    ['localhost/x', 'localhost'],
    ['127.0.0.1:5000/x', '127.0.0.1:5000'],
  ])('finds the registry of %s', (name, registry) => expect(registryOf(name)).toBe(registry))

  it('adds a tag where none is, and mistakes no port for one', () => {
    expect(withTag('localhost:5000/x')).toBe('localhost:5000/x:latest')
    expect(withTag('x:1')).toBe('x:1')
    expect(withTag(`x@${DIGEST}`)).toBe(`x@${DIGEST}`)
  })

  it('names the bytes by the digest of the same repository, however it is written', () => {
    const RepoDigests = [`other@sha256:${'e'.repeat(64)}`, `node@${DIGEST}`]
    expect(pinOf('node:24', { Id: ID, RepoDigests })).toBe(`node@${DIGEST}`)
    expect(pinOf('docker.io/library/node', { Id: ID, RepoDigests })).toBe(`docker.io/library/node@${DIGEST}`)
    expect(pinOf('localhost:5000/node:24', { Id: ID, RepoDigests })).toBe(ID)
  })

  it('names an image of no registry by its id, and leaves alone what is exact already', () => {
    expect(pinOf('mine:1', { Id: ID, RepoDigests: [] })).toBe(ID)
    expect(pinOf(ID, { Id: ID })).toBe(ID)
    expect(pinOf(`x@${DIGEST}`, { Id: ID })).toBe(`x@${DIGEST}`)
    expect(isImageId(ID)).toBe(true)
    expect(isImageId(`x@${DIGEST}`)).toBe(false)
  })
})
