import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasImage, importImage, tagImage } from './engine-api.ts'
import type { EngineAddress } from './engine-api.ts'
import { addBusybox, addPackage, addProgram, makeRootTree } from './root-tree.ts'
import { runCommand } from './run-command.ts'

const BUSYBOX = '/bin/busybox'

interface TestImage {
  repository: string
  tag: string
  changes: readonly string[]
  fill: (root: string) => Promise<void>
}

/** What a server depends on by its package and never opens: a gigabyte of sounds and fonts. */
const FOR_A_SCREEN = /soundfont|^x?fonts-|^ttf-|^xkb-data$|^timgm/

/** Debian's packages with everything they depend on, unpacked; none of their install scripts runs. */
async function fillPackages(root: string, ...packages: string[]): Promise<void> {
  const debs = await mkdtemp(join(tmpdir(), 'strata-debs-'))
  try {
    const listed = await runCommand('apt-cache', [
      'depends',
      '--recurse',
      ...['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map(kind => `--no-${kind}`),
      ...packages,
    ])
    // Unindented lines are packages; `<name>` is a virtual one.
    const names = [...new Set(listed.split('\n').filter(line => /^[a-z0-9]/.test(line) && !FOR_A_SCREEN.test(line)))]
    await runCommand('apt-get', ['-o', 'APT::Sandbox::User=root', 'download', ...names], { cwd: debs })
    for (const deb of await readdir(debs)) await addPackage(root, join(debs, deb))
    await addBusybox(root, BUSYBOX)
  } finally {
    await rm(debs, { recursive: true, force: true })
  }
}

/** A game server of Debian's, which nobody here wrote. */
const gameImage = (game: string, ...packages: string[]): TestImage => ({
  repository: `strata-test/${game}`,
  tag: '1',
  changes: ['CMD ["sh"]', 'ENV PATH=/usr/games:/usr/bin:/bin'],
  fill: root => fillPackages(root, ...packages),
})

/**
 * The images that tests run, made from this machine's own files and Debian's packages: no registry of images is asked.
 * `busybox`: a shell and the usual commands. `node`: Node 24 at /usr/local/bin/node, and a shell.
 * `teeworlds`, `luanti`, `openttd`: real game servers.
 */
const TEST_IMAGES: readonly TestImage[] = [
  {
    repository: 'strata-test/busybox',
    tag: '1',
    changes: ['CMD ["sh"]', 'ENV PATH=/usr/bin:/bin'],
    fill: root => addBusybox(root, BUSYBOX),
  },
  {
    repository: 'strata-test/node',
    tag: '24',
    changes: ['CMD ["node"]', 'ENV PATH=/usr/local/bin:/usr/bin:/bin'],
    fill: async root => {
      await addProgram(root, process.execPath, 'usr/local/bin/node')
      await addBusybox(root, BUSYBOX)
    },
  },
  gameImage('teeworlds', 'teeworlds-server'),
  gameImage('luanti', 'minetest-server'),
  gameImage('openttd', 'openttd', 'openttd-opengfx'),
]

async function makeImage(address: EngineAddress, image: TestImage): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'strata-image-'))
  try {
    const root = join(scratch, 'root')
    await mkdir(root)
    await makeRootTree(root)
    await image.fill(root)
    const tar = spawn('tar', ['-C', root, '--owner=0', '--group=0', '--numeric-owner', '-cf', '-', '.'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await importImage(address, { ...image, tarball: tar.stdout })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/**
 * Makes the test images that the engine does not have yet.
 * `publicNames` also tags the Node image `node:24-slim`, the name that the example asks for. Only for an engine that
 * is thrown away after the tests: on anybody's own engine it would stand in the place of the real one.
 */
export async function ensureTestImages(address: EngineAddress, options: { publicNames: boolean }): Promise<void> {
  for (const image of TEST_IMAGES)
    if (!(await hasImage(address, `${image.repository}:${image.tag}`))) await makeImage(address, image)
  if (options.publicNames) await tagImage(address, 'strata-test/node:24', 'node', '24-slim')
}
