// Starts a built brain, under the launcher and in a container alike.
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { nitroSettings } from './brain-settings.mjs'
import { BRAIN_BUILD } from './paths.mjs'

Object.assign(process.env, { NODE_ENV: 'production' }, nitroSettings(process.env))
await import(pathToFileURL(join(BRAIN_BUILD, 'server', 'index.mjs')).href)
