import { z } from 'zod'

/** Kinds of values in the environment that several settings share. */
export const onOff = z.enum(['on', 'off'], 'must be on or off').transform(value => value === 'on')

export const portNumber = z.coerce
  .number('must be a port number')
  .int('must be a port number')
  .min(0)
  .max(65_535, 'must be a port number up to 65535')

export const httpUrl = z.string().transform((text, context) => {
  const url = URL.parse(text)
  if (
    url &&
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    url.pathname === '/' &&
    !url.search &&
    !url.hash &&
    !url.username
  )
    return url
  context.addIssue('must be an address such as https://strata.example.org, without a path')
  return z.NEVER
})
