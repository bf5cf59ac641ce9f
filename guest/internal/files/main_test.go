package files

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"berth/guest/internal/confine"
	"berth/guest/internal/fault"
	"berth/guest/internal/leaktest"
)

const toolUID = 61237

var background = context.Background()

func TestMain(m *testing.M) {
	if os.Geteuid() != 0 {
		fmt.Println("SKIPPED: the tests of files need root, for a tool user")
		os.Exit(0)
	}
	os.Exit(leaktest.Run(m))
}

type fixture struct {
	*Workspace
	t *testing.T
	// outside is a file beside the root that any user may read.
	outside string
}

const secret = "outside the root"

func newFixture(t *testing.T) *fixture {
	t.Helper()
	base := t.TempDir()
	chmod(t, filepath.Dir(base), 0o755)
	chmod(t, base, 0o755)
	root := filepath.Join(base, "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(root, toolUID, toolUID); err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(base, "outside")
	if err := os.WriteFile(outside, []byte(secret), 0o644); err != nil {
		t.Fatal(err)
	}
	identity, err := confine.NewIdentity(2, toolUID, toolUID)
	if err != nil {
		t.Fatal(err)
	}
	w, err := Open(root, identity, toolUID, toolUID)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = w.Close()
		identity.Close()
	})
	return &fixture{w, t, outside}
}

func chmod(t *testing.T, name string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(name, mode); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) path(name string) string { return filepath.Join(f.Dir(), name) }

// put makes a file of the tool user.
func (f *fixture) put(name, content string) {
	f.t.Helper()
	if err := os.MkdirAll(filepath.Dir(f.path(name)), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(f.path(name), []byte(content), 0o644); err != nil {
		f.t.Fatal(err)
	}
	for dir := name; dir != "."; dir = filepath.Dir(dir) {
		if err := os.Chown(f.path(dir), toolUID, toolUID); err != nil {
			f.t.Fatal(err)
		}
	}
}

func (f *fixture) link(target, name string) {
	f.t.Helper()
	if err := os.Symlink(target, f.path(name)); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) fifo(name string) {
	f.t.Helper()
	if err := syscall.Mkfifo(f.path(name), 0o666); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) content(name string) string {
	f.t.Helper()
	b, err := os.ReadFile(f.path(name))
	if err != nil {
		f.t.Fatal(err)
	}
	return string(b)
}

func (f *fixture) readAll(name string) (string, error) {
	c, err := f.Read(background, name, 0, 0)
	if err != nil {
		return "", err
	}
	defer c.Close()
	var out strings.Builder
	err = c.Send(background, &out)
	return out.String(), err
}

func expectCode(t *testing.T, what string, err error, code fault.Code) {
	t.Helper()
	if err == nil || fault.From(err).Code != code {
		t.Errorf("%s: %v instead of %s", what, err, code)
	}
}
