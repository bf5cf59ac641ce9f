import type { FileTree } from "../tree/file-tree.ts";
import type { DirectoryNode, TreeNode } from "../tree/nodes.ts";

export interface Entry {
  /** Relative to the workspace. */
  readonly path: string;
  readonly node: TreeNode;
}

/** Everything at or below `path`, without following links, in the order of the paths' bytes. */
export function walkTree(
  tree: FileTree,
  workspace: string,
  path: string,
  skip: (path: string, name: string) => boolean,
): Entry[] {
  const entries: Entry[] = [];
  const top = tree.find(path, { beneath: workspace });
  const prefix = top.path === workspace ? "" : top.path.slice(workspace.length + 1);
  const visit = (directory: DirectoryNode, above: string) => {
    for (const [name, node] of directory.children) {
      const here = above === "" ? name : `${above}/${name}`;
      if (skip(here, name)) continue;
      entries.push({ path: here, node });
      if (node.type === "directory") visit(node, here);
    }
  };
  if (top.node.type === "directory") visit(top.node, prefix);
  else entries.push({ path: prefix, node: top.node });
  return entries.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}
