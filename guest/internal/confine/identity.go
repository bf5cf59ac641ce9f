package confine

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"

	"berth/guest/internal/defence"
)

// Identity runs functions on threads that have the effective identity of one user and no other groups: what the kernel
// refuses to that user, it refuses to the function. The threads keep the identity for as long as they live, so
// there is nothing to restore and to get wrong. Their number bounds how many functions run at once.
type Identity struct {
	jobs    chan job
	workers sync.WaitGroup
}

type job struct {
	run  func() error
	done chan error
}

// NewIdentity starts the threads. Only root can take another identity than its own.
func NewIdentity(threads, uid, gid int) (*Identity, error) {
	id := &Identity{jobs: make(chan job)}
	started := make(chan error, threads)
	for range threads {
		id.workers.Go(func() { id.work(uid, gid, started) })
	}
	var failed error
	for range threads {
		if err := <-started; err != nil {
			failed = err
		}
	}
	if failed != nil {
		id.Close()
		return nil, failed
	}
	if !defence.NotDumpable {
		// By taking another identity a process stops being dumpable.
		return id, setDumpable(1)
	}
	return id, nil
}

// Do runs fn on one of the threads and returns its error, or the context's when it ends before a thread is free.
// A function that has begun is waited for: it must heed the context itself.
func (id *Identity) Do(ctx context.Context, fn func() error) error {
	j := job{run: fn, done: make(chan error, 1)}
	select {
	case id.jobs <- j:
		return <-j.done
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close ends the threads after what they are doing. No Do may follow.
func (id *Identity) Close() {
	close(id.jobs)
	id.workers.Wait()
}

func (id *Identity) work(uid, gid int, started chan<- error) {
	// Never unlocked: the thread ends with the goroutine and its identity is never lent to another.
	runtime.LockOSThread()
	err := assume(uid, gid)
	started <- err
	if err != nil {
		return
	}
	for j := range id.jobs {
		j.done <- guarded(j.run)
	}
}

func guarded(fn func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return fn()
}

// assume gives the calling thread alone the user's effective ids, which are what file access is checked against, and no other groups. With the
// effective user root's capabilities leave the effective set. The real and saved ids stay root's, so that the user may not signal the thread.
func assume(uid, gid int) error {
	if syscall.Geteuid() == uid && syscall.Getegid() == gid {
		return nil
	}
	const same = ^uintptr(0)
	if _, _, errno := syscall.RawSyscall(syscall.SYS_SETGROUPS, 0, 0, 0); errno != 0 {
		return fmt.Errorf("setgroups: %w", errno)
	}
	if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESGID, same, uintptr(gid), same); errno != 0 {
		return fmt.Errorf("setresgid: %w", errno)
	}
	if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, same, uintptr(uid), same); errno != 0 {
		return fmt.Errorf("setresuid: %w", errno)
	}
	// The kernel makes a process dumpable as its host's fs.suid_dumpable says when an effective id of it changes.
	return NotDumpable()
}
