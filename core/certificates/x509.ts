// The library finds its parts through this polyfill, which must be there first; hence one door to both.
import 'reflect-metadata'

export * from '@peculiar/x509'
