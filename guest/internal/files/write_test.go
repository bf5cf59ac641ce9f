package files

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"berth/guest/internal/fault"
)

func (f *fixture) write(name, content string, options WriteOptions) (*Written, error) {
	return f.Write(background, name, strings.NewReader(content), options)
}

func sum(content string) string {
	hash := sha256.Sum256([]byte(content))
	return hex.EncodeToString(hash[:])
}

func TestAFileIsMadeWithItsParentsAndReplacedWithItsMode(t *testing.T) {
	f := newFixture(t)
	_, err := f.write("a/b/file", "one", WriteOptions{})
	expectCode(t, "without parents", err, fault.NotFound)
	w, err := f.write("a/b/file", "one", WriteOptions{CreateParents: true})
	if err != nil || *w != (Written{Bytes: 3, Sha256: sum("one"), Created: true}) {
		t.Fatalf("%+v, %v", w, err)
	}
	chmod(t, f.path("a/b/file"), 0o4750)
	if w, err = f.write("a/b/file", "second", WriteOptions{}); err != nil || w.Created {
		t.Fatalf("%+v, %v", w, err)
	}
	info, err := os.Stat(f.path("a/b/file"))
	if err != nil || info.Mode() != 0o750 || info.Sys().(*syscall.Stat_t).Uid != toolUID || f.content("a/b/file") != "second" {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	yes, no := true, false
	for want, executable := range map[os.FileMode]*bool{0o755: &yes, 0o644: &no} {
		if _, err := f.write("a/b/file", "x", WriteOptions{Executable: executable}); err != nil {
			t.Fatal(err)
		}
		if info, _ := os.Stat(f.path("a/b/file")); info.Mode() != want {
			t.Errorf("%v instead of %v", info.Mode(), want)
		}
	}
}

func TestAPreconditionHoldsOrNothingIsWritten(t *testing.T) {
	f := newFixture(t)
	f.put("file", "one")
	_, err := f.write("file", "two", WriteOptions{IfSha256: sum("other")})
	expectCode(t, "another content", err, fault.PreconditionFailed)
	_, err = f.write("new", "two", WriteOptions{IfSha256: sum("")})
	expectCode(t, "no file", err, fault.PreconditionFailed)
	if _, err := f.write("file", "two", WriteOptions{IfSha256: strings.ToUpper(sum("one"))}); err != nil || f.content("file") != "two" {
		t.Error(err)
	}
	expectNames(t, f, "file")
}

func expectNames(t *testing.T, f *fixture, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(f.Dir())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if strings.Join(names, " ") != strings.Join(want, " ") {
		t.Errorf("there are %v instead of %v", names, want)
	}
}

func TestALinkIsFollowedInsideAndKept(t *testing.T) {
	f := newFixture(t)
	f.put("dir/target", "old")
	f.link("dir/target", "link")
	f.link("new", "dangling")
	f.link("../outside", "bad")
	f.link("dir", "way")
	for _, name := range []string{"link", "dangling", "way/other"} {
		if _, err := f.write(name, "content", WriteOptions{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := f.write("bad", "x", WriteOptions{})
	expectCode(t, "out", err, fault.OutsideRoot)
	for _, name := range []string{"dir/target", "new", "dir/other"} {
		if f.content(name) != "content" {
			t.Errorf("%s: %q", name, f.content(name))
		}
	}
	if b, _ := os.ReadFile(f.outside); string(b) != secret {
		t.Error("written outside")
	}
	expectNames(t, f, "bad", "dangling", "dir", "link", "new", "way")
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("gone") }

func TestABodyThatBreaksOffLeavesTheOldContent(t *testing.T) {
	f := newFixture(t)
	f.put("file", "old")
	if _, err := f.Write(background, "file", broken{}, WriteOptions{}); err == nil || f.content("file") != "old" {
		t.Error(err)
	}
	expectNames(t, f, "file")
}

func TestPathsThatNameNoFileAreRefused(t *testing.T) {
	f := newFixture(t)
	f.put("dir/file", "")
	for path, code := range map[string]fault.Code{
		"": fault.NotRegularFile, ".": fault.NotRegularFile, "dir": fault.NotRegularFile, "dir/": fault.NotRegularFile, "dir/..": fault.NotRegularFile,
		"..": fault.OutsideRoot, "../x": fault.OutsideRoot, "dir/file/x": fault.NotDirectory,
	} {
		_, err := f.write(path, "x", WriteOptions{CreateParents: true})
		expectCode(t, path, err, code)
	}
}

func TestRemovalTakesALinkItselfAndATreeOnlyWhenAsked(t *testing.T) {
	f := newFixture(t)
	f.put("dir/sub/file", "x")
	f.put("file", "x")
	f.link("dir", "link")
	f.link(f.outside, "dir/out")
	expectCode(t, "a full directory", f.Remove(background, "dir", false), fault.PreconditionFailed)
	expectCode(t, "the root", f.Remove(background, "", true), fault.InvalidArgument)
	expectCode(t, "the root by its name", f.Remove(background, f.Dir(), true), fault.InvalidArgument)
	expectCode(t, "nothing", f.Remove(background, "none", true), fault.NotFound)
	expectCode(t, "outside", f.Remove(background, "../outside", false), fault.OutsideRoot)
	for _, name := range []string{"link", "file"} {
		if err := f.Remove(background, name, true); err != nil {
			t.Error(err)
		}
	}
	if f.content("dir/sub/file") != "x" {
		t.Error("the link was followed")
	}
	if err := f.Remove(background, "dir/", true); err != nil {
		t.Error(err)
	}
	if b, _ := os.ReadFile(f.outside); string(b) != secret {
		t.Error("removed outside")
	}
	expectNames(t, f)
}
