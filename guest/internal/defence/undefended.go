//go:build undefended

package defence

import (
	"slices"
	"strings"
)

// without is set by the linker: names separated by commas.
var without string

var (
	KillTree         = on("kill_tree")
	BeneathRoot      = on("beneath_root")
	RegularFiles     = on("regular_files")
	FileIdentity     = on("file_identity")
	OutputCaps       = on("output_caps")
	NoNewPrivileges  = on("no_new_privileges")
	NotDumpable      = on("not_dumpable")
	SocketGate       = on("socket_gate")
	RestrictedMounts = on("restricted_mounts")
	FileBounds       = on("file_bounds")
)

func on(name string) bool { return !slices.Contains(strings.Split(without, ","), name) }
