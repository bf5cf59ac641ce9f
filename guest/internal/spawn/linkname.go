package spawn

import _ "unsafe" // for linkname

// The runtime keeps these three for those that fork by themselves (go.dev/issue/67401). An empty assembly file in this package
// lets the declarations have no body.

//go:linkname runtimeBeforeFork syscall.runtime_BeforeFork
func runtimeBeforeFork()

//go:linkname runtimeAfterFork syscall.runtime_AfterFork
func runtimeAfterFork()

//go:linkname runtimeAfterForkInChild syscall.runtime_AfterForkInChild
func runtimeAfterForkInChild()
