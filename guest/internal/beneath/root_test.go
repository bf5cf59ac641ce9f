package beneath

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"berth/guest/internal/leaktest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m)) }

// tree makes a root beside a secret: file, dir/file, dir/deep/, and links to all sorts of places.
func tree(t *testing.T) (root *Root, dir string) {
	t.Helper()
	outer := t.TempDir()
	dir = filepath.Join(outer, "root")
	for _, d := range []string{filepath.Join(outer, "secrets"), filepath.Join(dir, "dir", "deep")} {
		must(t, os.MkdirAll(d, 0o755))
	}
	must(t, os.WriteFile(filepath.Join(outer, "secrets", "file"), []byte("secret"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "file"), []byte("file"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "dir", "file"), []byte("dir/file"), 0o600))
	for name, target := range map[string]string{
		"inside": "dir/file", "folder": "dir", "dir/up": "../file", "again": "inside", "loop": "loop", "dangling": "dir/new", "slash": "dir/",
		"here": ".", "absolute": filepath.Join(outer, "secrets"), "own": dir, "relative": "../secrets", "chain": "relative", "dir/deep/out": "../../../secrets",
	} {
		must(t, os.Symlink(target, filepath.Join(dir, name)))
	}
	root, err := Open(dir)
	must(t, err)
	t.Cleanup(func() { _ = root.Close() })
	return root, dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var paths = []string{
	"file", "dir", "dir/", "dir/.", ".", "./file", "dir//file", "dir/../file", "dir/deep/../../file", "inside", "folder/file", "folder/up", "dir/up",
	"again", "slash/file", "here/file", "here/here/dir/file", "folder/../file", "dangling", "missing", "missing/file", "file/file", "file/",
	"loop", "loop/file", "..", "../secrets/file", "dir/../../secrets/file", "/etc/passwd", "absolute", "absolute/file", "own/file", "relative/file",
	"chain/file", "dir/deep/out/file", "folder/deep/out/file", "inside/", "inside/file", "dir/..", "folder/..",
}

// What os.Root does where it holds is what is meant.
func TestPathsLeadWhereThoseOfTheStandardLibraryLead(t *testing.T) {
	ours, dir := tree(t)
	theirs, err := os.OpenRoot(dir)
	must(t, err)
	defer theirs.Close()
	type reader interface {
		OpenFile(name string, flag int, perm fs.FileMode) (*os.File, error)
		Stat(name string) (fs.FileInfo, error)
		Lstat(name string) (fs.FileInfo, error)
		Readlink(name string) (string, error)
	}
	kind := func(err error) string {
		var errno syscall.Errno
		switch {
		case err == nil:
			return "works"
		case errors.Is(err, ErrEscapes) || strings.Contains(err.Error(), "escapes"):
			return "escapes"
		case errors.As(err, &errno):
			return errno.Error()
		}
		return err.Error()
	}
	seen := func(r reader, name string) string {
		var b strings.Builder
		for _, flag := range []int{os.O_RDONLY, os.O_RDONLY | syscall.O_DIRECTORY} {
			file, err := r.OpenFile(name, flag, 0)
			b.WriteString(kind(err) + " ")
			if err == nil {
				content, _ := io.ReadAll(file)
				b.WriteString(string(content) + ", ")
				_ = file.Close()
			}
		}
		for _, stat := range []func(string) (fs.FileInfo, error){r.Stat, r.Lstat} {
			info, err := stat(name)
			b.WriteString(kind(err))
			if err == nil {
				b.WriteString(" " + info.Mode().String())
			}
			b.WriteString(", ")
		}
		target, err := r.Readlink(name)
		return b.String() + kind(err) + " " + target
	}
	for _, name := range paths {
		if got, want := seen(ours, name), seen(theirs, name); got != want {
			t.Errorf("%q:\n got %s\nwant %s", name, got, want)
		}
	}
}

func TestWhatIsMadeStaysInside(t *testing.T) {
	root, dir := tree(t)
	for _, name := range []string{"absolute/x", "relative/x", "chain/x", "dir/deep/out/x", "../secrets/x", "own/x"} {
		for what, err := range map[string]error{
			"create": create(root, name), "mkdir": root.MkdirAll(name, 0o755), "symlink": root.Symlink("x", name), "link": root.Link("file", name),
			"chown": root.Lchown(name, os.Getuid(), os.Getgid()), "utimes": root.SetModified(name, time.Unix(1, 0)), "remove": root.Remove(name),
			"chmod": root.Chmod(name, 0o600),
		} {
			if !errors.Is(err, ErrEscapes) {
				t.Errorf("%s %s: %v", what, name, err)
			}
		}
	}
	entries, err := os.ReadDir(filepath.Join(dir, "..", "secrets"))
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

func create(root *Root, name string) error {
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		_ = file.Close()
	}
	return err
}

func TestFilesAreMadeChangedAndRemoved(t *testing.T) {
	root, dir := tree(t)
	must(t, root.MkdirAll("folder/a/b/c", 0o755))
	must(t, root.MkdirAll("folder/a/b/c", 0o755))
	must(t, create(root, "dir/a/b/c/new"))
	must(t, root.SetModified("dir/a/b/c/new", time.Unix(1000, 0)))
	must(t, root.Chmod("dir/a/b/c/new", 0o640))
	info, err := os.Stat(filepath.Join(dir, "dir/a/b/c/new"))
	if err != nil || info.ModTime().Unix() != 1000 || info.Mode() != 0o640 {
		t.Errorf("%v, %v", info, err)
	}
	inner, err := root.OpenRoot("folder/a/b/c")
	must(t, err)
	defer inner.Close()
	must(t, inner.Rename("new", "newer"))
	must(t, inner.Link("newer", "twice"))
	must(t, inner.Symlink("newer", "link"))
	for _, name := range []string{"newer", "twice", "link"} {
		must(t, inner.Remove(name))
	}
	must(t, root.Remove("dir/a/b/c"))
	for what, err := range map[string]error{
		"a full directory": root.Remove("dir"), "a file as a directory": root.MkdirAll("file", 0o755), "beneath a file": root.MkdirAll("file/x", 0o755),
		"the root": root.Remove("."), "one that is there": create(root, "file"), "a link that is there": create(root, "dangling"),
	} {
		if err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, "inside")); err != nil {
		t.Error(err)
	}
}

func TestASwappedDirectoryIsNeverLeft(t *testing.T) {
	root, dir := tree(t)
	must(t, os.Mkdir(filepath.Join(dir, "real"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "real", "file"), []byte("mine"), 0o600))
	must(t, os.Symlink("../secrets", filepath.Join(dir, "other")))
	stop := make(chan struct{})
	var swapping sync.WaitGroup
	swapping.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				_ = exchange(filepath.Join(dir, "real"), filepath.Join(dir, "other"))
			}
		}
	})
	for range 5000 {
		file, err := root.Open("real/file")
		if err != nil {
			continue
		}
		content, _ := io.ReadAll(file)
		_ = file.Close()
		if string(content) != "mine" {
			t.Errorf("read %q", content)
			break
		}
	}
	close(stop)
	swapping.Wait()
}

func TestAPathThatIsLongAndGoesUpOftenHasAnEnd(t *testing.T) {
	root, _ := tree(t)
	if _, err := root.Stat(strings.Repeat("dir/../", 300) + "file"); !errors.Is(err, syscall.ENAMETOOLONG) {
		t.Error(err)
	}
	if _, err := root.Stat(strings.Repeat("here/", 300) + "file"); !errors.Is(err, syscall.ELOOP) {
		t.Error(err)
	}
}
