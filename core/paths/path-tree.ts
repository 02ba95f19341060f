/** One path in a tree: what is there, and what lies below it. */
export class TreeNode<Value> {
  value: Value
  children: Map<string, TreeNode<Value>> | undefined

  constructor(value: Value) {
    this.value = value
  }

  child(name: string): TreeNode<Value> | undefined {
    return this.children?.get(name)
  }

  addChild(name: string, value: Value): TreeNode<Value> {
    const node = new TreeNode(value)
    this.children ??= new Map()
    this.children.set(name, node)
    return node
  }

  removeChild(name: string): void {
    this.children?.delete(name)
  }
}

/** Visits everything below a node with its path, parents before children. Return `false` to leave out what is below. */
export function walkTree<Value>(
  node: TreeNode<Value>,
  path: string,
  visit: (path: string, node: TreeNode<Value>) => boolean | void,
): void {
  if (!node.children) return
  for (const [name, child] of node.children) {
    const childPath = path === '' ? name : `${path}/${name}`
    if (visit(childPath, child) !== false) walkTree(child, childPath, visit)
  }
}

/** Orders things by their path, by code unit: the order of every index and every merged stack. */
export function byPath(a: { path: string }, b: { path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0
}

/** `a/b` for `a/b/c`, the empty string (the root) for `a`. */
export function parentPath(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash < 0 ? '' : path.slice(0, slash)
}
