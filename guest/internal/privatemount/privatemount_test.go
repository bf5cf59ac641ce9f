package privatemount

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const insideArgument = "inside"

// TestMain is also what a trial runs in the namespaces that it made.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == insideArgument {
		if err := TryInside(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// onOwnThread runs work where it may change the thread's namespace and identity: the thread ends with it, and its mounts with the thread.
func onOwnThread(t *testing.T, work func() error) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: mounts need root")
	}
	done := make(chan error)
	go func() { done <- work() }()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

var ids = IDRange{First: 0x70000000, Count: 1 << 16}

func layers(t *testing.T) (folder string, root Root) {
	t.Helper()
	folder = t.TempDir()
	for _, name := range []string{"lower", "upper", "work", "at"} {
		if err := os.Mkdir(filepath.Join(folder, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(folder, "lower/file")
	if err := os.WriteFile(file, []byte("below"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Lchown(file, 1000, 1001); err != nil && os.Geteuid() == 0 {
		t.Fatal(err)
	}
	return folder, Root{
		Overlay: fmt.Sprintf("lowerdir=%[1]s/lower,upperdir=%[1]s/upper,workdir=%[1]s/work", folder),
		At:      filepath.Join(folder, "at"), IDs: ids, ShiftedLayers: []string{folder},
	}
}

func ownedBy(info os.FileInfo, err error, uid, gid int) error {
	if err != nil {
		return err
	}
	if owner := info.Sys().(*syscall.Stat_t); int(owner.Uid) != uid || int(owner.Gid) != gid {
		return fmt.Errorf("%s belongs to %d:%d and not to %d:%d", info.Name(), owner.Uid, owner.Gid, uid, gid)
	}
	return nil
}

func TestAShiftedRootHasTheRangesOwnersAndTheDiskPlainOnes(t *testing.T) {
	folder, root := layers(t)
	onOwnThread(t, func() error {
		disk, err := os.OpenRoot(folder)
		if err != nil {
			return err
		}
		defer disk.Close()
		// Not in the folder that is covered, or the overlay would lie beneath the cover.
		root.At = t.TempDir()
		if err := root.Mount(); err != nil {
			return err
		}
		below := filepath.Join(root.At, "file")
		info, err := os.Stat(below)
		if err := ownedBy(info, err, ids.First+1000, ids.First+1001); err != nil {
			return err
		}
		if err := os.WriteFile(below, []byte("above"), 0); err != nil {
			return err
		}
		info, err = disk.Stat("upper/file")
		if err := ownedBy(info, err, 1000, 1001); err != nil {
			return err
		}
		// By descriptor: the range's root cannot pass the folders above.
		seen, err := os.OpenRoot(root.At)
		if err != nil {
			return err
		}
		defer seen.Close()
		fileIdentity(ids.First)
		err = seen.Mkdir("new", 0o755)
		fileIdentity(0)
		if err != nil {
			return err
		}
		info, err = disk.Stat("upper/new")
		return ownedBy(info, err, 0, 0)
	})
	if info, err := os.Stat(filepath.Join(folder, "at", "file")); err == nil {
		t.Errorf("the mount shows on the host: %v", info)
	}
}

func TestNobodyOutsideTheRangeMakesFilesInAShiftedRoot(t *testing.T) {
	_, root := layers(t)
	onOwnThread(t, func() error {
		root.At = t.TempDir()
		if err := root.Mount(); err != nil {
			return err
		}
		if err := os.Mkdir(filepath.Join(root.At, "new"), 0o755); !errors.Is(err, syscall.EOVERFLOW) {
			return fmt.Errorf("the host's root made a folder: %w", err)
		}
		return nil
	})
}

func TestMountingAShiftedRootLeavesTheThreadAsItWas(t *testing.T) {
	_, root := layers(t)
	state := func() (string, error) {
		status, err := os.ReadFile("/proc/thread-self/status")
		if err != nil {
			return "", err
		}
		bits, _, _ := syscall.RawSyscall(syscall.SYS_PRCTL, prGetSecurebits, 0, 0)
		kept := fmt.Sprintln("securebits", bits)
		for line := range strings.Lines(string(status)) {
			if strings.HasPrefix(line, "Uid:") || strings.HasPrefix(line, "Gid:") || strings.HasPrefix(line, "Cap") {
				kept += line
			}
		}
		return kept, nil
	}
	onOwnThread(t, func() error {
		root.At = t.TempDir()
		before, err := state()
		if err != nil {
			return err
		}
		if err := root.Mount(); err != nil {
			return err
		}
		after, err := state()
		if err == nil && after != before {
			return fmt.Errorf("before\n%safter\n%s", before, after)
		}
		return err
	})
}

func TestATreeKeepsWhatIsMountedBelowIt(t *testing.T) {
	folder := t.TempDir()
	onOwnThread(t, func() error {
		if err := Enter(); err != nil {
			return err
		}
		below := filepath.Join(folder, "below")
		if err := os.Mkdir(below, 0o755); err != nil {
			return err
		}
		if err := syscall.Mount("tmpfs", below, "tmpfs", 0, ""); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(below, "file"), nil, 0o600); err != nil {
			return err
		}
		shift, err := NewShift(ids)
		if err != nil {
			return err
		}
		defer shift.Close()
		if err := shift.Tree(folder); err != nil {
			return err
		}
		info, err := os.Stat(filepath.Join(below, "file"))
		return ownedBy(info, err, ids.First, ids.First)
	})
}

func TestAFileSystemThatCannotBeShiftedIsNamed(t *testing.T) {
	onOwnThread(t, func() error {
		if err := Enter(); err != nil {
			return err
		}
		shift, err := NewShift(ids)
		if err != nil {
			return err
		}
		defer shift.Close()
		if err := shift.Layer("/proc"); err == nil || !strings.Contains(err.Error(), "/proc takes no idmapped mounts") {
			return fmt.Errorf("proc was shifted: %w", err)
		}
		return nil
	})
}

func TestATrialSaysYesWhereTheRestWorks(t *testing.T) {
	trial := Trial{Scratch: t.TempDir(), At: "/tmp", Trees: []string{"/usr"}}
	onOwnThread(t, func() error { return trial.Run(insideArgument) })
}

func TestATrialFailsWhereTheRootIsOutOfReach(t *testing.T) {
	at := t.TempDir()
	if err := os.Chmod(filepath.Dir(at), 0o700); err != nil {
		t.Fatal(err)
	}
	trial := Trial{Scratch: t.TempDir(), At: at}
	onOwnThread(t, func() error {
		if err := trial.Run(insideArgument); err == nil || !strings.Contains(err.Error(), "permission denied") {
			return fmt.Errorf("the range's root passed a folder of the host's root: %w", err)
		}
		return nil
	})
}

func TestARangeIsReadOnlyWhereItIsAboveTheHostsUsers(t *testing.T) {
	var r IDRange
	if err := r.Set("1879048192:65536"); err != nil || r != ids || r.String() != "1879048192:65536" {
		t.Errorf("%v, %v", r, err)
	}
	for _, wrong := range []string{"", "0:65536", "1000:1", "65535:2", "70000", "70000:0", "70000:-1", "70000:1x", "4294967295:1", "4294000000:65536000", " 70000:1"} {
		if err := r.Set(wrong); err == nil {
			t.Errorf("%q was taken as %v", wrong, r)
		}
	}
}
