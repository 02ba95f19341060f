import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import type { S3Client } from '@aws-sdk/client-s3'

export interface CopyRequest {
  bucket: string
  from: string
  to: string
  sizeBytes: number
  /** Above this an object is copied in parts of this size: one call of the S3 API copies 5 GiB at most. */
  partBytes: number
}

/** Copies an object inside its bucket, without the bytes passing here. Throws what the client throws. */
export async function copyObject(client: S3Client, request: CopyRequest): Promise<void> {
  const { bucket, from, to, sizeBytes, partBytes } = request
  const CopySource = `${bucket}/${from}`
  if (sizeBytes <= partBytes) {
    await client.send(new CopyObjectCommand({ Bucket: bucket, Key: to, CopySource }))
    return
  }
  const target = { Bucket: bucket, Key: to }
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(target))
  try {
    const Parts: { PartNumber: number; ETag: string | undefined }[] = []
    for (let start = 0; start < sizeBytes; start += partBytes) {
      const PartNumber = Parts.length + 1
      const end = Math.min(start + partBytes, sizeBytes) - 1
      const { CopyPartResult } = await client.send(
        new UploadPartCopyCommand({
          ...target,
          UploadId,
          PartNumber,
          CopySource,
          CopySourceRange: `bytes=${start}-${end}`,
        }),
      )
      Parts.push({ PartNumber, ETag: CopyPartResult?.ETag })
    }
    await client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }))
  } catch (error) {
    // Else the parts stay, and cost, until a rule of the bucket removes them: they lie under a key, where `tidy` does not look.
    await client.send(new AbortMultipartUploadCommand({ ...target, UploadId })).catch(() => undefined)
    throw error
  }
}
