import { chmod, copyFile, mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { runCommand } from './run-command.ts'

const MERGED = ['bin', 'sbin', 'lib', 'lib64']

/** An empty root file system with merged /usr, a passwd with root and uid 1000, and a /tmp for all. */
export async function makeRootTree(root: string): Promise<void> {
  for (const name of MERGED) {
    await mkdir(join(root, 'usr', name), { recursive: true })
    await symlink(`usr/${name}`, join(root, name))
  }
  for (const name of ['etc', 'tmp', 'home', 'usr/local/bin']) await mkdir(join(root, name), { recursive: true })
  await chmod(join(root, 'tmp'), 0o1777)
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home:/bin/sh\n')
  await writeFile(join(root, 'etc/group'), 'root:x:0:\nnode:x:1000:\n')
}

/** Puts the static busybox in place, with a link for each of its commands that the tree does not have. */
export async function addBusybox(root: string, busybox: string): Promise<void> {
  await copyFile(busybox, join(root, 'usr/bin/busybox'))
  await chmod(join(root, 'usr/bin/busybox'), 0o755)
  const commands = (await runCommand(busybox, ['--list'])).split('\n').filter(name => name && name !== 'busybox')
  const there = new Set(await readdir(join(root, 'usr/bin')))
  for (const name of commands) if (!there.has(name)) await symlink('busybox', join(root, 'usr/bin', name))
}

/** Copies a dynamically linked program and every library that `ldd` names for it. */
export async function addProgram(root: string, program: string, as: string): Promise<void> {
  await mkdir(dirname(join(root, as)), { recursive: true })
  await copyFile(program, join(root, as))
  await chmod(join(root, as), 0o755)
  const libraries = await runCommand('ldd', [program])
  for (const [path] of libraries.matchAll(/\/\S+(?= \(0x)/g)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await copyFile(path, join(root, path))
    await chmod(join(root, path), 0o755)
  }
}

/** Unpacks the files of a Debian package; its scripts do not run. */
export async function addPackage(root: string, deb: string): Promise<void> {
  await runCommand('sh', [
    '-c',
    'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C "$2"',
    'sh',
    deb,
    root,
  ])
}
