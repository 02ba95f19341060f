import { readonly, ref } from 'vue'
import { io, type Socket } from 'socket.io-client'
import { brainToPanel, type BrainToPanel } from '../shared/protocol/panel'
import { brainNow } from './api/brain-clock'

type Name = keyof BrainToPanel
type Handler<Of extends Name> = (payload: BrainToPanel[Of]) => void

/** `lost`: what is on screen is the last known state. */
const connection = ref<'idle' | 'connecting' | 'live' | 'lost'>('idle')
const lostSince = ref<number | null>(null)
const handlers = new Map<Name, Set<(payload: never) => void>>()
const afterReconnect = new Set<() => void>()
const watched = new Map<string, number>()
let socket: Socket | undefined
let onRefused: (() => void) | undefined
let retry: ReturnType<typeof setTimeout> | undefined

/** A brain that refuses the handshake is asked again after this long: Socket.IO itself does not try again then. */
const REFUSED_RETRY_MS = 5_000

function open(refused: () => void) {
  onRefused = refused
  if (socket) return
  connection.value = 'connecting'
  socket = io('/panel', { reconnectionDelay: 500, reconnectionDelayMax: 5_000 })
  for (const name of Object.keys(brainToPanel) as Name[]) socket.on(name, (payload: unknown) => receive(name, payload))
  socket.on('connect', connected)
  socket.on('disconnect', lost)
  socket.on('connect_error', () => {
    lost()
    if (socket?.active) return
    onRefused?.()
    clearTimeout(retry)
    retry = setTimeout(() => socket?.connect(), REFUSED_RETRY_MS)
  })
}

function connected() {
  const wasLost = lostSince.value !== null
  connection.value = 'live'
  lostSince.value = null
  for (const instanceId of watched.keys()) socket?.emit('watch', { instanceId })
  if (wasLost) for (const reread of afterReconnect) reread()
}

function lost() {
  connection.value = 'lost'
  lostSince.value ??= brainNow()
  // The brain ended the socket itself: Socket.IO leaves it closed, but the reason may be gone in a moment.
  if (socket && !socket.active) {
    clearTimeout(retry)
    retry = setTimeout(() => socket?.connect(), REFUSED_RETRY_MS)
  }
}

function receive(name: Name, payload: unknown) {
  const parsed = brainToPanel[name].safeParse(payload)
  if (!parsed.success) {
    const fault = `A live message of the brain has a shape this panel does not know: ${name}`
    return reportError(new Error(fault, { cause: parsed.error }))
  }
  for (const handler of handlers.get(name) ?? []) handler(parsed.data as never)
}

function on<Of extends Name>(name: Of, handler: Handler<Of>): () => void {
  const set = handlers.get(name) ?? new Set()
  handlers.set(name, set.add(handler as (payload: never) => void))
  return () => set.delete(handler as (payload: never) => void)
}

/** Streams console and statistics of an instance to this panel until the returned function is called. */
function watchInstance(instanceId: string): () => void {
  const count = watched.get(instanceId) ?? 0
  watched.set(instanceId, count + 1)
  if (count === 0) socket?.emit('watch', { instanceId })
  return () => {
    const left = (watched.get(instanceId) ?? 1) - 1
    if (left > 0) return void watched.set(instanceId, left)
    watched.delete(instanceId)
    socket?.emit('unwatch', { instanceId })
  }
}

/** The brain ended the socket because somebody's rights changed: back at once, with those of now. */
function reopen() {
  clearTimeout(retry)
  socket?.connect()
}

function close() {
  clearTimeout(retry)
  socket?.disconnect()
  socket = undefined
  connection.value = 'idle'
  lostSince.value = null
  watched.clear()
}

/** The one live connection to the brain: namespace `/panel`, every message parsed where it arrives. */
export function usePanelSocket() {
  return {
    connection: readonly(connection),
    lostSince: readonly(lostSince),
    open,
    reopen,
    close,
    on,
    watchInstance,
    /** Called after a lost connection came back: read again what may have been missed. */
    onReconnect(reread: () => void): () => void {
      afterReconnect.add(reread)
      return () => afterReconnect.delete(reread)
    },
  }
}
