import { z } from 'zod'

/** What a template is in a stack; decides its colour and, for a gamemode, the name shown for a server. */
export const templateType = z.enum(['master', 'gamemode', 'map', 'custom'])
export type TemplateType = z.output<typeof templateType>
