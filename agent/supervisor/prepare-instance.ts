import { setTimeout as delay } from 'node:timers/promises'
import { POLICY } from '../../shared/domain/policy'
import { AppError } from '../../shared/errors'
import type { InstanceSpec } from '../../shared/protocol/agent'
import type { LayoutKind, RuntimeKind } from '../../shared/schemas/node'
import { failpoint } from '../failpoint'
import type { OverlayTrial, PrepareProgress, Preparer } from '../prepare/port'
import type { InstanceRecord, Notice } from '../record'
import { RunAlive } from '../runtime/container-runtime'
import type { ContainerRuntime, EnsureImage } from '../runtime/container-runtime'
import { newRunId } from './run-id'
import { fitSpec, runSpecOf } from './run-spec'
import type { NodeBinds } from './run-spec'

type Home = NonNullable<InstanceRecord['home']>
type Image = Awaited<ReturnType<ContainerRuntime['ensureImage']>>

export interface PrepareContext {
  preparer: Preparer
  runtimes: Readonly<Record<RuntimeKind, ContainerRuntime>>
  /** The runtime that the node's settings name. */
  runtime: RuntimeKind
  layout: 'auto' | LayoutKind
  binds: NodeBinds
}

export interface PrepareJob {
  spec: InstanceSpec
  generation: number
  home: Home | null
  devMode: boolean
  signal: AbortSignal
  onProgress: (progress: PrepareProgress) => void
  /** Something is waited for; null: no more. */
  onWait: (reason: Notice | null) => void
  /** What a registry is told before it gives an image. */
  registryLogin: EnsureImage['credentials']
  /** Runtime and layout were chosen; resolves when that is written down. From here on there may be something to clean up there. */
  onHome: (home: Home) => Promise<void>
}

/**
 * Lays out one instance and proves that it can be mounted by creating the container of its next run. Throws what went wrong as AppError; an abort
 * rejects with the signal's reason.
 */
export async function prepareInstance(
  job: PrepareJob,
  context: PrepareContext,
): Promise<{ prepared: NonNullable<InstanceRecord['prepared']>; runId: string }> {
  const { home, image, notices } = await chooseHome(job, context)
  await job.onHome(home)
  await failpoint('prepare.afterHome')
  const runtime = context.runtimes[home.runtime]
  await clearTheWay(runtime, job.spec.id)
  const options = { layout: home.layout, devMode: job.devMode, onProgress: job.onProgress, signal: job.signal }
  const laid = await context.preparer.prepare(fitSpec(job.spec, home.runtime), job.generation, options)
  await failpoint('prepare.afterLayout')
  job.onProgress({ step: 'mount', doneBytes: 0, totalBytes: null })
  const proof = runSpecOf(
    job.spec,
    { ...laid, image: image?.reference ?? null },
    { runId: newRunId(), generation: job.generation, runtime: home.runtime },
    context.binds,
  )
  await runtime.create(proof)
  await failpoint('prepare.afterProof')
  job.signal.throwIfAborted()
  const more = [...(image?.notice ? [image.notice] : []), ...laid.notices]
  const said = [...notices, ...more.map(message => ({ code: 'NOTICE', message }))]
  const prepared = { planHash: laid.planHash, mount: laid.mount, image: image?.reference ?? null, notices: said }
  return { prepared, runId: proof.runId }
}

/** Layers are never exchanged under a server that runs, whoever started it. What a prepare that was cut off left, goes: it proves nothing. */
async function clearTheWay(runtime: ContainerRuntime, instanceId: string): Promise<void> {
  const found = await runtime.look(instanceId)
  if (found?.state === 'running' || found?.state === 'paused') throw new RunAlive(instanceId, found.runId)
  if (found) await runtime.remove(instanceId)
}

/** A proven home stays: own files lie in it. Otherwise the node's runtime, or a plain process where the spec allows that and Docker or the image is missing. */
async function chooseHome(
  job: PrepareJob,
  context: PrepareContext,
): Promise<{ home: Home; image: Image; notices: Notice[] }> {
  if (job.home?.isProven) {
    const image = await makeRunnable(context.runtimes[job.home.runtime], job)
    return { home: job.home, image, notices: noticesOf(context.runtimes[job.home.runtime]) }
  }
  const wanted = context.runtimes[context.runtime]
  try {
    if (job.spec.allowProcessFallback && !wanted.engine().available)
      throw new AppError('ENGINE_UNAVAILABLE', wanted.engine().message ?? 'Docker does not answer.')
    const image = await makeRunnable(wanted, job)
    return { home: await homeIn(wanted, image, context), image, notices: noticesOf(wanted) }
  } catch (error) {
    const isMissing =
      error instanceof AppError && (error.code === 'ENGINE_UNAVAILABLE' || error.code === 'IMAGE_MISSING')
    if (!isMissing || !job.spec.allowProcessFallback || wanted.kind === 'process') throw error
    const plain = context.runtimes.process
    const message = `${plain.notice ?? ''} Why: ${error.detail}`
    return { home: await homeIn(plain, null, context), image: null, notices: [{ code: 'PROCESS_RUNTIME', message }] }
  }
}

/** Resolves to what names the image's bytes from now on; null for a runtime without images. */
async function makeRunnable(runtime: ContainerRuntime, job: PrepareJob): Promise<Image> {
  await waitForEngine(runtime, job)
  job.onProgress({ step: 'image', doneBytes: 0, totalBytes: null })
  const onProgress = (doneBytes: number, totalBytes: number | null) =>
    job.onProgress({ step: 'image', doneBytes, totalBytes })
  return runtime.ensureImage(job.spec.runtime.image, {
    onProgress,
    onWait: job.onWait,
    signal: job.signal,
    fresh: job.spec.freshImage ?? false,
    // The example has another way to run.
    isPatient: !job.spec.allowProcessFallback,
    credentials: registry => job.registryLogin(registry),
  })
}

/** An engine that is just being restarted is waited for; one that stays away is an error of the wish. */
async function waitForEngine(runtime: ContainerRuntime, job: PrepareJob): Promise<void> {
  const until = performance.now() + POLICY.engine.waitMs
  let isSaid = false
  while (!runtime.engine().available) {
    const message = runtime.engine().message ?? 'The engine does not answer.'
    if (performance.now() > until) throw new AppError('ENGINE_UNAVAILABLE', message)
    if (!isSaid) job.onWait({ code: 'ENGINE_UNAVAILABLE', message })
    isSaid = true
    await delay(200, undefined, { signal: job.signal })
  }
  if (isSaid) job.onWait(null)
}

async function homeIn(runtime: ContainerRuntime, image: Image, { layout, preparer }: PrepareContext): Promise<Home> {
  const kind = { runtime: runtime.kind, isProven: false }
  if (!runtime.layouts.includes('overlay') || layout === 'copy') return { ...kind, layout: 'copy' }
  const tryOut = ({ mount, marker }: OverlayTrial) =>
    image ? runtime.tryMount(mount, { image: image.reference, marker }) : Promise.resolve(null)
  const obstacle = runtime.overlayObstacle() ?? (await preparer.overlayObstacle(tryOut))
  if (!obstacle) return { ...kind, layout: 'overlay' }
  if (layout === 'overlay')
    throw new AppError('LAYOUT_FAILED', `STRATA_LAYOUT asks for overlay, which does not work on this node: ${obstacle}`)
  return { ...kind, layout: 'copy' }
}

function noticesOf(runtime: ContainerRuntime): Notice[] {
  return runtime.notice ? [{ code: 'PROCESS_RUNTIME', message: runtime.notice }] : []
}
