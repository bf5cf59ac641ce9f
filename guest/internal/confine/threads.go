package confine

import (
	"runtime"
	"sync"
)

// PrestartThreads makes the runtime own at least count idle operating-system threads. The runtime never gives an idle thread back and dies
// when it needs a new one that a full pids cgroup refuses, so they must exist before commands can fill it.
func PrestartThreads(count int) {
	var ready, done sync.WaitGroup
	release := make(chan struct{})
	ready.Add(count)
	done.Add(count)
	for range count {
		go func() {
			defer done.Done()
			runtime.LockOSThread()
			ready.Done()
			<-release
			runtime.UnlockOSThread()
		}()
	}
	ready.Wait()
	close(release)
	done.Wait()
}
