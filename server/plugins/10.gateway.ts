import { defineNitroPlugin } from 'nitropack/runtime'
import { useBrain } from '../brain/current'
import { bindToNitro } from '../gateway/bind-nitro'

/** Lets agents and pages reach the gateway through the port that Nitro opens. */
export default defineNitroPlugin(nitroApp => bindToNitro(nitroApp, useBrain().gateway))
