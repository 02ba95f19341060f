import type { CacheLog } from '../cache/layer-cache'
import type { CachedLayer, LayoutKind } from '../../shared/schemas/node'
import type { AgentToBrain, InstanceSpec } from '../../shared/protocol/agent'

/**
 * The seam between layers and runs. Whatever is behind it knows layers, plans and directories and nothing of
 * containers; whoever calls it knows runtimes and nothing of layers.
 *
 * Who proves that a stack can be mounted: the preparer lays out directories and *describes* the mount. It creates no
 * volume. `ContainerRuntime.create` makes the volume, inspects it, creates a container on it and forces the mount with an
 * archive call. The supervisor does this at the end of preparing, with the real run's settings: only then the instance is PREPARED. A
 * start that follows within seconds starts that very container; otherwise it is removed, because a stopped instance has none. Every
 * later run gets its container in the same way, so each begins with the same proof.
 */
export interface Preparer {
  /**
   * null when the overlay layout works on this node; otherwise a sentence that says why not. The answer is remembered.
   *
   * @param ask lets whoever will mount try it with a small overlay, once; resolves to what is in the way. Without it the answer is
   * what the agent by itself can know, or what was found before
   */
  overlayObstacle(ask?: (trial: OverlayTrial) => Promise<string | null>): Promise<string | null>

  /**
   * Fetches what is missing, plans, renders and lays out one instance. Nothing of the instance is mounted or running
   * while this is called. Again with the same input: the same hash and mount, nothing fetched twice (but in dev mode).
   * Whatever an earlier prepare of the instance left, finished or not, is replaced; own files are kept when `spec.persistent`.
   * Throws AppError: CHECKSUM_MISMATCH, DOWNLOAD_FAILED, DISK_FULL, REQUIRED_FILE_MISSING, LAYOUT_FAILED, an archive
   * code, or PREPARE_FAILED; then nothing half-made is left and own files are as they were. An abort rejects with the
   * signal's reason within seconds.
   */
  prepare(spec: InstanceSpec, generation: number, options: PrepareOptions): Promise<Prepared>

  /**
   * Nothing of the instance runs or is mounted until its next prepare: its layers may be evicted and its render directory may go.
   * Own files stay. Unknown instance, or twice: nothing happens.
   */
  release(instanceId: string): Promise<void>

  /** Removes everything of the instance, own files included. Unknown instance, or twice: nothing happens. */
  discard(instanceId: string): Promise<void>

  /** Where the own files of an instance lie; null for one that was never laid out. */
  ownFiles(instanceId: string): OwnFilesPlace | null

  /**
   * At the start of the agent, before anything is prepared: removes staging and half-made directories, and marks as in use
   * the layers of `held`, the instances that are prepared or run. Directories of instances that are in neither
   * `held` nor `known` are left alone and returned: own files are never removed because a record is missing.
   */
  reconcile(instances: { known: readonly string[]; held: readonly string[] }): Promise<{ unknown: string[] }>
}

export interface OwnFilesPlace {
  root: string
  /** What else lies in `root`: the layers' files, by the copy layout's baseline. null: nothing else. */
  baselineFile: string | null
}

export interface OverlayTrial {
  mount: StackMount
  /** A file at the top of the mount. */
  marker: string
}

export interface PrepareOptions {
  layout: LayoutKind
  /** Fetch layers again even when they are cached. */
  devMode: boolean
  /** Called as often as there is something to say; the caller thins it out. */
  onProgress: (progress: PrepareProgress) => void
  signal: AbortSignal
}

export type PrepareProgress = Pick<AgentToBrain['instance.progress'], 'step' | 'doneBytes' | 'totalBytes'>

export interface Prepared {
  /** Hash of the plan: which bytes are at which path, and what is removed. 16 to 64 hexadecimal digits. */
  planHash: string
  layout: LayoutKind
  mount: StackMount
  /** What the operator should know although it worked, one sentence each. */
  notices: string[]
}

/** How the merged directory gets to where the server runs. Stored in the agent's record, so plain data only. */
export type StackMount =
  | {
      /** Overlay: a volume of Docker's `local` driver, mounted with `NoCopy`. Named by instance and plan hash. */
      kind: 'volume'
      name: string
      /** Driver options, exactly: `type`, `device`, `o`. At most 4,095 bytes in `o`; the preparer sees to it. */
      options: { type: 'overlay'; device: 'overlay'; o: string }
    }
  /** Copy: a directory of its own, owned by the node's user. */
  | { kind: 'directory'; path: string }

/** The layer cache as the rest of the agent sees it. */
export interface LayerCache {
  /** Cheap: from memory. Hits and misses since the agent started. */
  figures(): { layers: number; bytes: number; hits: number; misses: number }
  list(): Promise<CachedLayer[]>
  /** Empties what is not in use: the named templates or versions, or everything. */
  purge(
    layers?: readonly { template: string; version?: string | undefined }[],
  ): Promise<{ removedLayers: number; freedBytes: number; keptInUse: number }>
}

/** What `createPreparer` of `create-preparer.ts` is given. */
export interface PreparerContext {
  /** The node's data folder, absolute. The preparer owns `layers/`, `staging/` and `stacks/` in it and touches nothing else. */
  dataDir: string
  /** Everything below belongs to this user and group; the agent's own when it is not root. */
  owner: { uid: number; gid: number }
  cacheLimitBytes: number | null
  /** A fresh address for a layer of one's own instance. Rejects with NODE_UNREACHABLE while the brain is away. */
  layerUrl: (instanceId: string, sha256: string) => Promise<{ url: string; sizeBytes: number }>
  /** What the cache does. */
  log?: CacheLog
  warn: (message: string, error?: unknown) => void
}

/** Opens the data folder (creating what is missing) and counts the cache. */
export type CreatePreparer = (context: PreparerContext) => Promise<{ preparer: Preparer; cache: LayerCache }>
