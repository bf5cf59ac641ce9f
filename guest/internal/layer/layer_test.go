package layer

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"berth/guest/internal/fault"
	"berth/guest/internal/leaktest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m)) }

var roomy = Limits{Entries: 100_000, Bytes: 1 << 30}

// tree is a root in a temporary folder, beside a copy of it to unpack layers on.
type tree struct {
	*testing.T
	top, copy string
}

func newTree(t *testing.T, files ...string) *tree {
	dir := t.TempDir()
	tr := &tree{t, filepath.Join(dir, "root"), filepath.Join(dir, "copy")}
	tr.must(os.Mkdir(tr.top, 0o755))
	for _, file := range files {
		tr.write(file, "as it was in "+file)
	}
	return tr
}

func (t *tree) must(err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (t *tree) at(name string) string { return filepath.Join(t.top, name) }

func (t *tree) write(name, text string) {
	t.Helper()
	t.must(os.MkdirAll(filepath.Dir(t.at(name)), 0o755))
	t.must(os.WriteFile(t.at(name), []byte(text), 0o644))
}

// listed takes the root as it is for the image's. What was made a moment ago does not look as if it had changed just now.
func (t *tree) listed() *Root {
	t.Helper()
	if out, err := exec.Command("cp", "--archive", t.top, t.copy).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	root, err := List(t.top, filepath.Join(filepath.Dir(t.top), "scratch"))
	t.must(err)
	t.Cleanup(root.Close)
	root.began = 1 << 62
	return root
}

func (t *tree) export(root *Root, limits Limits) ([]byte, error) {
	var layer bytes.Buffer
	err := root.Export(context.Background(), &layer, limits)
	return layer.Bytes(), err
}

func (t *tree) layer(root *Root) []byte {
	t.Helper()
	layer, err := t.export(root, roomy)
	t.must(err)
	return layer
}

// names are the entries of a layer in their order.
func (t *tree) names(layer []byte) []string {
	t.Helper()
	found := []string{}
	t.each(layer, func(h *tar.Header, _ io.Reader) { found = append(found, h.Name) })
	return found
}

func (t *tree) each(layer []byte, visit func(*tar.Header, io.Reader)) {
	t.Helper()
	archive := tar.NewReader(bytes.NewReader(layer))
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		t.must(err)
		visit(h, archive)
	}
}

// applied unpacks a layer on the copy as the specification of OCI images says, and describes what there is then.
func (t *tree) applied(layer []byte) string {
	t.Helper()
	t.each(layer, func(h *tar.Header, content io.Reader) {
		path := filepath.Join(t.copy, h.Name)
		if name, ok := strings.CutPrefix(filepath.Base(path), whiteoutPrefix); ok {
			t.must(os.RemoveAll(filepath.Join(filepath.Dir(path), name)))
			return
		}
		if info, err := os.Lstat(path); err == nil && !(info.IsDir() && h.Typeflag == tar.TypeDir) {
			t.must(os.RemoveAll(path))
		}
		switch h.Typeflag {
		case tar.TypeDir:
			if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
				t.Fatal(err)
			}
		case tar.TypeReg:
			data, err := io.ReadAll(content)
			t.must(err)
			t.must(os.WriteFile(path, data, 0o600))
		case tar.TypeLink:
			t.must(os.Link(filepath.Join(t.copy, h.Linkname), path))
			return
		case tar.TypeSymlink:
			t.must(os.Symlink(h.Linkname, path))
			return
		case tar.TypeFifo:
			t.must(syscall.Mkfifo(path, 0o600))
		}
		for name, value := range h.PAXRecords {
			if key, ok := strings.CutPrefix(name, paxAttribute); ok {
				t.must(syscall.Setxattr(path, key, []byte(value), 0))
			}
		}
		t.must(syscall.Chmod(path, uint32(h.Mode)))
	})
	return t.described(t.copy)
}

func (t *tree) described(top string) string {
	t.Helper()
	var lines []string
	t.must(filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == top {
			return err
		}
		info, err := entry.Info()
		t.must(err)
		line := fmt.Sprintf("%s %v", strings.TrimPrefix(path, top), info.Mode())
		switch {
		case info.Mode().IsRegular():
			text, err := os.ReadFile(path)
			t.must(err)
			line += fmt.Sprintf(" %q %d", text, info.Sys().(*syscall.Stat_t).Nlink)
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			t.must(err)
			line += " " + target
		}
		lines = append(lines, line)
		return nil
	}))
	return strings.Join(lines, "\n")
}

// expectSame compares what the layer makes of the copy with the root.
func (t *tree) expectSame(layer []byte) {
	t.Helper()
	if got, want := t.applied(layer), t.described(t.top); got != want {
		t.Errorf("the layer gives\n%s\nand the root is\n%s", got, want)
	}
}

func TestARootThatDidNotChangeGivesAnEmptyLayer(t *testing.T) {
	tr := newTree(t, "a", "b/c", "b-d")
	if names := tr.names(tr.layer(tr.listed())); len(names) != 0 {
		t.Errorf("%q", names)
	}
}

func TestWhatWasChangedOrMadeIsInTheLayerWithTheFoldersAbove(t *testing.T) {
	tr := newTree(t, "etc/hosts", "etc/passwd", "usr/bin/tool", "usr/lib/x")
	root := tr.listed()
	tr.write("etc/passwd", "root and another")
	tr.write("usr/bin/deep/er/new", "new")
	layer := tr.layer(root)
	want := []string{"etc/", "etc/passwd", "usr/", "usr/bin/", "usr/bin/deep/", "usr/bin/deep/er/", "usr/bin/deep/er/new"}
	if names := tr.names(layer); !slices.Equal(names, want) {
		t.Errorf("%q", names)
	}
	tr.expectSame(layer)
}

func TestWhatIsGoneIsOneWhiteout(t *testing.T) {
	tr := newTree(t, "keep/x", "keep/y", "dir/a", "dir/sub/b", "dir-like", "last")
	root := tr.listed()
	for _, gone := range []string{"keep/y", "dir", "dir-like", "last"} {
		tr.must(os.RemoveAll(tr.at(gone)))
	}
	layer := tr.layer(root)
	want := []string{".wh.dir", ".wh.dir-like", "keep/", "keep/.wh.y", ".wh.last"}
	if names := tr.names(layer); !slices.Equal(names, want) {
		t.Errorf("%q", names)
	}
	tr.expectSame(layer)
}

func TestAFolderThatBecameAFileAndAFileThatBecameAFolderAreReplaced(t *testing.T) {
	tr := newTree(t, "folder/a", "folder/b/c", "file", "again/old")
	root := tr.listed()
	tr.must(os.RemoveAll(tr.at("folder")))
	tr.write("folder", "a file now")
	tr.must(os.Remove(tr.at("file")))
	tr.write("file/inside", "a folder now")
	tr.must(os.RemoveAll(tr.at("again")))
	tr.write("again/new", "made anew")
	tr.expectSame(tr.layer(root))
}

func TestContentThatKeepsItsSizeAndTimeIsSeen(t *testing.T) {
	tr := newTree(t, "program")
	info, err := os.Stat(tr.at("program"))
	tr.must(err)
	root := tr.listed()
	tr.write("program", strings.ToUpper("as it was in program"))
	tr.must(os.Chtimes(tr.at("program"), info.ModTime(), info.ModTime()))
	tr.expectSame(tr.layer(root))
}

func TestModesLinksAndHardLinksAreKept(t *testing.T) {
	tr := newTree(t, "plain", "script", "one")
	tr.must(os.Symlink("plain", tr.at("link")))
	root := tr.listed()
	tr.must(syscall.Chmod(tr.at("script"), 0o4755))
	tr.must(os.Remove(tr.at("link")))
	tr.must(os.Symlink("/etc/elsewhere", tr.at("link")))
	tr.must(os.Mkdir(tr.at("sticky"), 0o755))
	tr.must(syscall.Chmod(tr.at("sticky"), 0o1777))
	tr.must(os.Link(tr.at("one"), tr.at("two")))
	tr.must(os.Link(tr.at("one"), tr.at("sticky/three")))
	tr.must(syscall.Mkfifo(tr.at("pipe"), 0o600))
	tr.expectSame(tr.layer(root))
}

func TestOwnersAreKept(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: changing owners takes root")
	}
	tr := newTree(t, "file")
	root := tr.listed()
	tr.must(os.Chown(tr.at("file"), 1000, 70_000))
	tr.each(tr.layer(root), func(h *tar.Header, _ io.Reader) {
		if h.Name == "file" && (h.Uid != 1000 || h.Gid != 70_000) {
			t.Errorf("%d:%d", h.Uid, h.Gid)
		}
	})
}

func TestCapabilitiesOfProgramsAndUsersAttributesAreKept(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: giving a program capabilities takes root")
	}
	tr := newTree(t, "ping")
	root := tr.listed()
	// struct vfs_cap_data, revision 2: effective, CAP_NET_RAW.
	capability := string([]byte{1, 0, 0, 2, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	tr.must(syscall.Setxattr(tr.at("ping"), "security.capability", []byte(capability), 0))
	want := map[string]string{paxAttribute + "security.capability": capability}
	if err := syscall.Setxattr(tr.at("ping"), "user.note", []byte("kept"), 0); err == nil {
		want[paxAttribute+"user.note"] = "kept"
	}
	tr.each(tr.layer(root), func(h *tar.Header, _ io.Reader) {
		for name, value := range want {
			if h.Name == "ping" && h.PAXRecords[name] != value {
				t.Errorf("%q: %q", name, h.PAXRecords)
			}
		}
	})
}

func TestWhatIsMountedIsNoPartOfTheLayer(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: mounting takes root")
	}
	tr := newTree(t, "etc/hosts", "proc/of the image")
	from := filepath.Join(filepath.Dir(tr.top), "from")
	tr.must(os.MkdirAll(from, 0o755))
	for source, target := range map[string]string{from: tr.at("proc"), tr.at("etc/hosts"): tr.at("etc/hosts")} {
		if err := syscall.Mount(source, target, "", syscall.MS_BIND, ""); err != nil {
			t.Skipf("SKIPPED: no bind mount can be made here: %v", err)
		}
		defer syscall.Unmount(target, syscall.MNT_DETACH)
	}
	root := tr.listed()
	tr.write("etc/hosts", "the runtime's")
	tr.write("proc/1/status", "the kernel's")
	if names := tr.names(tr.layer(root)); len(names) != 0 {
		t.Errorf("%q", names)
	}
}

func TestWhatTheGuestKeepsForItselfIsNoPartOfTheLayer(t *testing.T) {
	tr := newTree(t, "a")
	scratch := tr.at("run/own")
	tr.must(os.MkdirAll(scratch, 0o700))
	root, err := List(tr.top, scratch, tr.at("guest"))
	tr.must(err)
	defer root.Close()
	tr.write("guest/binary", "x")
	tr.write("run/own/spool", "x")
	root.began = 1 << 62
	if names := tr.names(tr.layer(root)); len(names) != 0 {
		t.Errorf("%q", names)
	}
}

func TestWhatIsAsYoungAsTheListingCountsAsChanged(t *testing.T) {
	tr := newTree(t, "a")
	root := tr.listed()
	root.began = 0
	if names := tr.names(tr.layer(root)); !slices.Equal(names, []string{"a"}) {
		t.Errorf("%q", names)
	}
}

func TestWhatNoLayerCanHoldIsRefused(t *testing.T) {
	for name, change := range map[string]func(*tree){
		"a name that means a removal": func(tr *tree) { tr.write("dir/.wh.a", "") },
		"a device":                    func(tr *tree) { tr.must(syscall.Mknod(tr.at("null"), syscall.S_IFCHR|0o666, 1<<8|3)) },
	} {
		t.Run(name, func(t *testing.T) {
			if os.Getuid() != 0 {
				t.Skip("SKIPPED: making devices takes root")
			}
			tr := newTree(t, "a")
			root := tr.listed()
			change(tr)
			if _, err := tr.export(root, roomy); !fault.Is(err, fault.InvalidArgument) {
				t.Error(err)
			}
		})
	}
}

func TestASocketIsLeftOut(t *testing.T) {
	tr := newTree(t, "a")
	root := tr.listed()
	tr.must(syscall.Mknod(tr.at("socket"), syscall.S_IFSOCK|0o600, 0))
	if names := tr.names(tr.layer(root)); len(names) != 0 {
		t.Errorf("%q", names)
	}
}

func TestEntriesAndBytesHaveALimit(t *testing.T) {
	tr := newTree(t, "a")
	root := tr.listed()
	tr.write("b", "12345")
	tr.must(os.Truncate(tr.at("b"), 1<<40))
	tr.write("c", "")
	for _, limits := range []Limits{{Entries: 1, Bytes: 1 << 42}, {Entries: 10, Bytes: 1<<30 - 1}} {
		limits.Bytes = min(limits.Bytes, maxLayerBytes)
		if _, err := tr.export(root, limits); !fault.Is(err, fault.TooLarge) {
			t.Error(limits, err)
		}
	}
	if _, err := tr.export(root, Limits{Entries: 0}); !fault.Is(err, fault.InvalidArgument) {
		t.Error(err)
	}
}

func TestALayerIsMadeAgainAlike(t *testing.T) {
	tr := newTree(t, "a", "b/c")
	root := tr.listed()
	tr.write("b/d", "new")
	tr.must(os.Remove(tr.at("a")))
	if first, second := tr.layer(root), tr.layer(root); !bytes.Equal(first, second) {
		t.Error("two layers of one root differ")
	}
}

func TestWhoeverAskedMayLeave(t *testing.T) {
	tr := newTree(t, "a")
	root := tr.listed()
	tr.write("b", "new")
	gone, leave := context.WithCancel(context.Background())
	leave()
	if err := root.Export(gone, io.Discard, roomy); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestManyChangesAtRandomGiveTheSameTree(t *testing.T) {
	const seeds, steps = 40, 60
	for seed := range uint64(seeds) {
		random := rand.New(rand.NewPCG(seed, 1))
		parts := []string{"a", "a-b", "a.b", "b", "c", "é"}
		pick := func() string {
			name := parts[random.IntN(len(parts))]
			for random.IntN(2) == 0 {
				name += "/" + parts[random.IntN(len(parts))]
			}
			return name
		}
		tr := newTree(t)
		change := func() {
			name := tr.at(pick())
			switch random.IntN(6) {
			case 0:
				_ = os.RemoveAll(name)
			case 1:
				_ = os.MkdirAll(name, 0o755)
			case 2:
				_ = os.Chmod(name, 0o700)
			case 3:
				_ = os.Symlink("a", name)
			case 4:
				_ = os.Rename(name, tr.at(pick()))
			default:
				_ = os.MkdirAll(filepath.Dir(name), 0o755)
				_ = os.WriteFile(name, fmt.Append(nil, random.Uint64()), 0o644)
			}
		}
		for range steps {
			change()
		}
		root := tr.listed()
		for range steps {
			change()
		}
		tr.expectSame(tr.layer(root))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
