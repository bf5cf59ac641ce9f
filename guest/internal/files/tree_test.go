package files

import (
	"os"
	"slices"
	"strings"
	"testing"

	"berth/guest/internal/fault"
)

func (f *fixture) tree(options TreeOptions) ([]string, error) {
	var lines []string
	count, err := f.Tree(background, options, func(e *TreeEntry) error {
		line := e.Type + " " + e.Path
		if e.Target != nil {
			line += " -> " + *e.Target
		}
		if e.Sha256 != "" {
			line += " " + e.Sha256[:8]
		}
		lines = append(lines, line)
		return nil
	})
	if err == nil && count != len(lines) {
		f.t.Errorf("count %d of %d", count, len(lines))
	}
	return lines, err
}

var generous = TreeOptions{Exclude: []string{".git"}, MaxEntries: 1000, MaxFileBytes: 1 << 20}

func TestATreeHasWhatCanCrossAndNamesWhatCannot(t *testing.T) {
	f := newFixture(t)
	f.put("a/b", "1")
	f.put("a-b", "2")
	f.put("a.b", "3")
	f.put(".git/config", "x")
	f.put("sub/.git/config", "x")
	f.put("large", strings.Repeat("x", 1<<20+1))
	f.put("secret", "x")
	f.put("closed/file", "x")
	f.put("latin\xe9", "x")
	f.put("latin-\xe9/file", "x")
	f.link("/etc/shadow", "shadow")
	f.link("a", "z")
	f.fifo("fifo")
	chmod(t, f.path("secret"), 0)
	chmod(t, f.path("closed"), 0)
	got, err := f.tree(generous)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"file a-b " + sum("2")[:8], "file a.b " + sum("3")[:8], "file a/b " + sum("1")[:8],
		"other closed", "other fifo", "other large", "other latin-\xe9", "other latin\xe9", "other secret",
		"link shadow -> /etc/shadow", "file sub/.git/config " + sum("x")[:8], "link z -> a",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestATreeBeyondItsLimitIsAnError(t *testing.T) {
	f := newFixture(t)
	f.put("a", "")
	f.put("b", "")
	if got, err := f.tree(TreeOptions{MaxEntries: 2}); err != nil || len(got) != 2 {
		t.Errorf("%v, %v", got, err)
	}
	_, err := f.tree(TreeOptions{MaxEntries: 1})
	expectCode(t, "two of one", err, fault.TooLarge)
	_, err = f.tree(TreeOptions{})
	expectCode(t, "none", err, fault.InvalidArgument)
}

func TestAListingGoesAsDeepAsAsked(t *testing.T) {
	f := newFixture(t)
	f.put("a/b/c", "123")
	f.put("a-b", "")
	f.put(".git/config", "")
	f.put("x/.git/config", "")
	list := func(path string, depth, limit int) string {
		l, err := f.List(background, path, depth, limit)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range l.Entries {
			names = append(names, e.Path)
		}
		if l.Truncated {
			names = append(names, "...")
		}
		return strings.Join(names, " ")
	}
	for _, c := range []struct{ got, want string }{
		{list("", 1, 100), ".git a a-b x"},
		{list("", 2, 6), ".git a a-b a/b x x/.git"},
		{list("", 9, 4), ".git a a-b a/b ..."},
		{list(".", 9, 100), ".git a a-b a/b a/b/c x x/.git"},
		{list("a", 9, 100), "a/b a/b/c"},
		{list(f.Dir()+"/a/", 9, 1), "a/b ..."},
	} {
		if c.got != c.want {
			t.Errorf("%q instead of %q", c.got, c.want)
		}
	}
	_, err := f.List(background, "a-b", 1, 1)
	expectCode(t, "a file", err, fault.NotDirectory)
	if l, _ := f.List(background, "a/b", 1, 10); l.Entries[0] != (Listed{"a/b/c", "file", 3}) {
		t.Errorf("%+v", l.Entries[0])
	}
}

func TestAStatDescribesTheNameItself(t *testing.T) {
	f := newFixture(t)
	f.put("file", "123")
	f.link("/etc/shadow", "link")
	f.fifo("fifo")
	chmod(t, f.path("file"), 0o4711|os.ModeSetuid)
	for name, want := range map[string]Stat{
		"file": {Path: "file", Type: "file", Size: 3, Mode: 0o4711}, "link": {Path: "link", Type: "link", Size: 11, Mode: 0o777, Target: "/etc/shadow"},
		"fifo": {Path: "fifo", Type: "other", Mode: 0o644},
	} {
		s, err := f.Stat(background, name)
		if err != nil {
			t.Fatal(err)
		}
		s.MtimeMs = 0
		if *s != want {
			t.Errorf("%+v", s)
		}
	}
}
