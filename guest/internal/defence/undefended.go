//go:build undefended

package defence

import (
	"slices"
	"strings"
)

// without is set by the linker: names separated by commas.
var without string

var (
	KillTree        = on("kill_tree")
	BeneathRoot     = on("beneath_root")
	RegularFiles    = on("regular_files")
	FileBounds      = on("file_bounds")
	FileIdentity    = on("file_identity")
	OutputCaps      = on("output_caps")
	NoNewPrivileges = on("no_new_privileges")
	NotDumpable     = on("not_dumpable")
	SocketGate      = on("socket_gate")
)

func on(name string) bool { return !slices.Contains(strings.Split(without, ","), name) }
