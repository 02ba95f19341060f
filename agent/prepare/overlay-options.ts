import { AppError } from '../../shared/errors'

/** The kernel takes mount options from one page; what is beyond is cut off and ends in a wrong or failing mount. */
const OPTIONS_BYTES = 4_095
/** More lower directories than this are refused by the kernel. */
const LOWER_DIRECTORIES = 500

/** Folders of one overlay; `lowers` from the topmost to the first layer. */
export interface OverlayFolders {
  lowers: readonly string[]
  upper: string
  work: string
}

/**
 * The `o=` of an overlay mount (`mount -o`, or the `local` volume driver of Docker).
 *
 * @throws AppError LAYOUT_FAILED when the kernel could not take it
 */
export function overlayOptions({ lowers, upper, work }: OverlayFolders): string {
  for (const folder of [...lowers, upper, work]) {
    if (/[,:\\]/.test(folder)) {
      throw new AppError(
        'LAYOUT_FAILED',
        `The folder ${folder} has a comma, colon or backslash in its name, which an overlay mount cannot take. Give the node another STRATA_NODE_DATA_DIR, or set STRATA_LAYOUT=copy.`,
      )
    }
  }
  const options = `lowerdir=${lowers.join(':')},upperdir=${upper},workdir=${work}`
  if (lowers.length > LOWER_DIRECTORIES || Buffer.byteLength(options) > OPTIONS_BYTES) {
    throw new AppError(
      'LAYOUT_FAILED',
      `${lowers.length} layers are more than one overlay mount can hold (${Buffer.byteLength(options)} of ${OPTIONS_BYTES} bytes of options). Use fewer layers, a shorter STRATA_NODE_DATA_DIR, or STRATA_LAYOUT=copy.`,
    )
  }
  return options
}
