package confine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"berth/guest/internal/leaktest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m)) }

const toolUID = 61239

func newIdentity(t *testing.T, threads int) *Identity {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: another identity needs root")
	}
	id, err := NewIdentity(threads, toolUID, toolUID)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(id.Close)
	return id
}

func TestFilesAreMadeAndRefusedAsForTheUser(t *testing.T) {
	id := newIdentity(t, 2)
	dir := t.TempDir()
	for _, d := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(d, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	private := filepath.Join(dir, "private")
	if err := os.WriteFile(private, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		err := id.Do(context.Background(), func() error {
			if _, err := os.ReadFile(private); !errors.Is(err, os.ErrPermission) {
				t.Errorf("read as another: %v", err)
			}
			return os.WriteFile(filepath.Join(dir, "own"), nil, 0o600)
		})
		if err != nil {
			t.Fatal(err)
		}
		// The goroutines of the rest keep theirs.
		if _, err := os.ReadFile(private); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "own")); err != nil || info.Sys().(*syscall.Stat_t).Uid != toolUID {
		t.Errorf("%v", err)
	}
}

func TestOnlyTheEffectiveUserIsAnother(t *testing.T) {
	id := newIdentity(t, 1)
	err := id.Do(context.Background(), func() error {
		status, err := os.ReadFile("/proc/thread-self/status")
		if err != nil {
			return err
		}
		for _, line := range []string{"Uid:\t0\t61239\t0\t61239\n", "Gid:\t0\t61239\t0\t61239\n", "Groups:\t \n", "CapEff:\t0000000000000000\n"} {
			if !strings.Contains(string(status), line) {
				t.Errorf("%q is not in %s", line, status)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if dumpable, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_GET_DUMPABLE, 0, 0); dumpable != 0 || errno != 0 {
		t.Errorf("dumpable %d, %v", dumpable, errno)
	}
}

func TestAPanicIsAnErrorAndTheThreadGoesOn(t *testing.T) {
	id := newIdentity(t, 1)
	if err := id.Do(context.Background(), func() error { panic("oh") }); err == nil || !strings.Contains(err.Error(), "oh") {
		t.Error(err)
	}
	if err := id.Do(context.Background(), func() error { return nil }); err != nil {
		t.Error(err)
	}
}

func TestWaitingForAThreadEndsWithTheContext(t *testing.T) {
	id := newIdentity(t, 1)
	release, busy := make(chan struct{}), make(chan struct{})
	go func() {
		_ = id.Do(context.Background(), func() error {
			close(busy)
			<-release
			return nil
		})
	}()
	<-busy
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := id.Do(ctx, func() error { return nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(release)
}
