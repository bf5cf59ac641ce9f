import { GuestFault } from "./fault.ts";
import { copyOf, countOf, emptyDirectory, sizeOf, type DirectoryNode, type TreeNode } from "./nodes.ts";

const maxLinks = 40;

/** Where a path leads: the directory that holds it, its name there (empty for the top), and what is there, if anything. */
export interface Place {
  readonly path: string;
  readonly parent: DirectoryNode;
  readonly name: string;
  readonly node: TreeNode | undefined;
}

export interface LookupOptions {
  /** Where a relative path starts, without links; `beneath` when it is left out. */
  readonly from?: string;
  /** Without links. Nothing above it is reached, by `..` or by a link; unless it is "/", an absolute link is taken to leave it. */
  readonly beneath?: string;
  readonly followLast?: boolean;
}

/** What a tree may hold. */
export interface TreeLimits {
  readonly bytes: number;
  /** Files, folders and links. */
  readonly nodes: number;
}

/** A file system in memory. It knows no users; sizes are bounded. */
export class FileTree {
  readonly root: DirectoryNode;
  readonly limits: TreeLimits;

  constructor(limits: TreeLimits, root: DirectoryNode = emptyDirectory()) {
    this.limits = limits;
    this.root = root;
  }

  copy(limits = this.limits): FileTree {
    return new FileTree(limits, copyOf(this.root));
  }

  /**
   * The place that a path names; its node is undefined when only its directory exists.
   * @throws GuestFault `outside_root`, `not_found`, `not_directory`, `invalid_argument`
   */
  lookup(path: string, { from, beneath = "/", followLast = true }: LookupOptions = {}): Place {
    if (path.includes("\0")) throw new GuestFault("invalid_argument", "A path cannot hold NUL.");
    if (path.startsWith("/") && !isBeneath(path, beneath)) throw leaves(path);
    const floor = partsOf(beneath).length;
    const reached = this.#descend(path.startsWith("/") ? beneath : (from ?? beneath));
    const todo = partsOf(path.startsWith("/") ? path.slice(beneath.length) : path);
    let links = 0;
    for (let name = todo.shift(); name !== undefined; name = todo.shift()) {
      const holder = directoryAt(reached.length === 0 ? this.root : reached.at(-1)?.node, path);
      if (name === "..") {
        if (reached.length === floor && beneath !== "/") throw leaves(path);
        reached.pop();
        continue;
      }
      const node = holder.children.get(name);
      if (node?.type !== "link" || (todo.length === 0 && !followLast)) {
        reached.push({ name, node });
        continue;
      }
      if (++links > maxLinks) throw new GuestFault("invalid_argument", `${path} has too many links.`);
      if (node.target.startsWith("/")) {
        if (beneath !== "/") throw leaves(path);
        reached.length = 0;
      }
      todo.unshift(...partsOf(node.target));
    }
    const last = reached.at(-1);
    if (last === undefined) return { path: "/", parent: this.root, name: "", node: this.root };
    const parent = directoryAt(reached.length > 1 ? reached.at(-2)?.node : this.root, path);
    return { path: `/${reached.map((part) => part.name).join("/")}`, parent, name: last.name, node: last.node };
  }

  /** A path that was resolved before: it holds no link. */
  #descend(path: string): { name: string; node: TreeNode | undefined }[] {
    let holder = this.root;
    return partsOf(path).map((name) => {
      const node = holder.children.get(name);
      holder = directoryAt(node, path);
      return { name, node };
    });
  }

  /** As `lookup`, of something that must be there. @throws GuestFault `not_found` */
  find(path: string, options?: LookupOptions): Place & { readonly node: TreeNode } {
    const place = this.lookup(path, options);
    if (place.node === undefined) throw new GuestFault("not_found", `${path} does not exist.`);
    return { ...place, node: place.node };
  }

  /** Replaces what is at a place. @throws GuestFault `no_space` */
  put(place: Place, node: TreeNode): void {
    const before = place.node === undefined ? 0 : sizeOf(place.node);
    this.assertRoom(sizeOf(node) - before);
    const more = countOf(node) - (place.node === undefined ? 0 : countOf(place.node));
    if (more > 0 && countOf(this.root) + more > this.limits.nodes) throw full();
    place.parent.children.set(place.name, node);
  }

  /** @throws GuestFault `no_space` */
  assertRoom(growth: number): void {
    if (growth > 0 && sizeOf(this.root) + growth > this.limits.bytes) throw full();
  }

  makeDirectories(path: string, options: LookupOptions = {}): void {
    const parts = partsOf(path);
    for (let depth = 1; depth <= parts.length; depth++) {
      const prefix = `${path.startsWith("/") ? "/" : ""}${parts.slice(0, depth).join("/")}`;
      const place = this.lookup(prefix, options);
      if (place.node === undefined) this.put(place, emptyDirectory());
      else if (place.node.type !== "directory") throw new GuestFault("not_directory", `${prefix} is no directory.`);
    }
  }
}

export function isBeneath(path: string, top: string): boolean {
  return path === top || path.startsWith(top.endsWith("/") ? top : `${top}/`);
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

function full(): GuestFault {
  return new GuestFault("no_space", "The sandbox's disk is full.");
}

function leaves(path: string): GuestFault {
  return new GuestFault("outside_root", `${path} leaves the workspace.`);
}

function directoryAt(node: TreeNode | undefined, path: string): DirectoryNode {
  if (node === undefined) throw new GuestFault("not_found", `${path} does not exist.`);
  if (node.type !== "directory") throw new GuestFault("not_directory", `${path} runs through what is no directory.`);
  return node;
}
