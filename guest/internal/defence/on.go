//go:build !undefended

// Package defence names what the guest defends itself and the controller with, one constant for each. All are true in every build but
// one with the tag `undefended`, which the attack suite makes to prove that an attack works where the defence is missing.
package defence

const (
	// KillTree: what a call started ends with it, sessions of their own and orphans too; and all with the end of the turn.
	KillTree = true
	// BeneathRoot: file access stays beneath the workspace's descriptor, whatever links there are.
	BeneathRoot = true
	// RegularFiles: content is read from regular files only.
	RegularFiles = true
	// FileBounds: what is read of a file, and what is listed of a tree, has limits.
	FileBounds = true
	// FileIdentity: file access happens with the tool user's identity.
	FileIdentity = true
	// OutputCaps: what is kept of an output is bounded while it streams, and what is kept of finished calls.
	OutputCaps = true
	// NoNewPrivileges: set-user-id bits mean nothing to commands.
	NoNewPrivileges = true
	// NotDumpable: the guest cannot be traced or read, by nobody.
	NotDumpable = true
	// SocketGate: a socket inside the sandbox answers root alone.
	SocketGate = true
	// RestrictedMounts: set-user-id bits and device nodes mean nothing in the root that a launcher mounts.
	RestrictedMounts = true
)
