export interface FileNode {
  readonly type: "file";
  bytes: Buffer;
  mode: number;
}
export interface DirectoryNode {
  readonly type: "directory";
  readonly children: Map<string, TreeNode>;
}
export interface LinkNode {
  readonly type: "link";
  readonly target: string;
}
/** A FIFO or a device: it has a name and nothing that can be read. */
export interface OtherNode {
  readonly type: "other";
}
export type TreeNode = FileNode | DirectoryNode | LinkNode | OtherNode;

export function emptyDirectory(): DirectoryNode {
  return { type: "directory", children: new Map() };
}

/** A deep copy; contents are shared, as nobody writes into a buffer. */
export function copyOf(node: DirectoryNode): DirectoryNode {
  const children = new Map<string, TreeNode>();
  for (const [name, child] of node.children)
    children.set(name, child.type === "directory" ? copyOf(child) : { ...child });
  return { type: "directory", children };
}

export function sizeOf(node: TreeNode): number {
  if (node.type === "file") return node.bytes.length;
  if (node.type !== "directory") return 0;
  let bytes = 0;
  for (const child of node.children.values()) bytes += sizeOf(child);
  return bytes;
}

/** How many there are, the one given included. */
export function countOf(node: TreeNode): number {
  if (node.type !== "directory") return 1;
  let nodes = 1;
  for (const child of node.children.values()) nodes += countOf(child);
  return nodes;
}

/** Names in the order of their bytes. */
export function sortedNames(node: DirectoryNode): string[] {
  return [...node.children.keys()].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
