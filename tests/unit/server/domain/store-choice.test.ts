import { describe, expect, it } from 'vitest'
import { chooseStore } from '../../../../server/domain/store-choice'
import type { StoreChoice } from '../../../../server/domain/store-choice'

const bucket = { bucket: 'strata', prefix: '' }
const choose = (change: Partial<StoreChoice>) =>
  chooseStore({
    setting: null,
    remembered: undefined,
    objects: { disk: 0, s3: 0 },
    bucket: null,
    usedBucket: undefined,
    ...change,
  })

describe('which store is the brain’s', () => {
  it.each<[string, Partial<StoreChoice>, 'disk' | 's3']>([
    ['nothing said, nothing stored', {}, 'disk'],
    ['s3 said, nothing stored', { setting: 's3', bucket }, 's3'],
    ['disk said, nothing stored, s3 once', { setting: 'disk', remembered: 's3', bucket }, 'disk'],
    ['nothing said, nothing stored, s3 once but no bucket', { remembered: 's3' }, 'disk'],
    ['from before there was a choice', { objects: { disk: 3, s3: 0 } }, 'disk'],
    ['moved, nothing said', { remembered: 's3', objects: { disk: 0, s3: 3 }, bucket, usedBucket: bucket }, 's3'],
    [
      'half moved',
      { setting: 'disk', remembered: 'disk', objects: { disk: 2, s3: 3 }, bucket, usedBucket: bucket },
      'disk',
    ],
  ])('%s', (_, change, expected) => expect(choose(change)).toEqual({ current: expected }))

  it.each<[string, Partial<StoreChoice>, string]>([
    [
      's3 said, stored on disk',
      { setting: 's3', bucket, objects: { disk: 3, s3: 0 } },
      'objects of this brain are in disk',
    ],
    [
      'disk said, all moved to s3',
      { setting: 'disk', remembered: 's3', bucket, usedBucket: bucket, objects: { disk: 0, s3: 3 } },
      'Set it to s3 or leave it out',
    ],
    [
      'the bucket is not told of any more',
      { objects: { disk: 1, s3: 3 }, usedBucket: bucket },
      '3 objects are in the bucket strata',
    ],
    [
      'another bucket',
      { objects: { disk: 1, s3: 3 }, usedBucket: bucket, bucket: { bucket: 'other', prefix: 'p/' } },
      'says other (p/), but 3 objects are in strata',
    ],
    ['s3 in use without a bucket', { remembered: 's3', objects: { disk: 1, s3: 0 } }, 'new objects go to s3'],
  ])('refuses: %s', (_, change, words) =>
    expect(choose(change)).toEqual({ fault: expect.stringContaining(words) as string }),
  )
})
