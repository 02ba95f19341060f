import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { AppError } from '../../shared/errors'
import { layerIndex } from '../../shared/schemas/layer-index'
import type { LayerIndex } from '../../shared/schemas/layer-index'

/** More than an index within the archive limits can take. */
const MAX_JSON_BYTES = 512 * 1024 ** 2

/** An index as the bytes to keep: JSON in a zstd frame with a checksum. */
export async function encodeIndex(index: LayerIndex): Promise<Buffer> {
  return promisify(zlib.zstdCompress)(JSON.stringify(index), {
    params: { [zlib.constants.ZSTD_c_compressionLevel]: 3, [zlib.constants.ZSTD_c_checksumFlag]: 1 },
  })
}

/**
 * The way back.
 *
 * @throws AppError ARCHIVE_CORRUPT when the bytes are damaged or from another version of Strata. The index can always
 *   be made again from the archive.
 */
export async function decodeIndex(bytes: Uint8Array): Promise<LayerIndex> {
  try {
    const json = await promisify(zlib.zstdDecompress)(bytes, { maxOutputLength: MAX_JSON_BYTES })
    return layerIndex.parse(JSON.parse(json.toString('utf8')))
  } catch (error) {
    throw new AppError(
      'ARCHIVE_CORRUPT',
      'The index of a layer cannot be read; it has to be made again from the archive.',
      { cause: error },
    )
  }
}
