import manifest from '../../package.json'

/** The version of Strata this is. */
export const VERSION: string = manifest.version
