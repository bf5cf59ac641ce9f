package search

import (
	"context"
	"slices"
	"testing"

	"berth/guest/internal/fault"
)

func TestGlobsMatchWholePaths(t *testing.T) {
	for _, c := range []struct {
		glob      string
		yes, not_ []string
	}{
		{"*.py", []string{"a.py", ".py"}, []string{"d/a.py", "a.pyc"}},
		{"**/*.py", []string{"a.py", "d/a.py", "d/e/a.py"}, []string{"a.pyc"}},
		{"src/**", []string{"src/a", "src/b/c"}, []string{"src", "xsrc/a"}},
		{"**", []string{"a", "a/b"}, nil},
		{"a/**/b", []string{"a/b", "a/x/b", "a/x/y/b"}, []string{"ab", "a/xb"}},
		{"a**b", []string{"ab", "axxb"}, []string{"a/b"}},
		{"?.c", []string{"a.c", "ä.c"}, []string{"ab.c", "/.c"}},
		{"[a-c]x", []string{"ax", "cx"}, []string{"dx", "-x"}},
		{"[!a-c]x", []string{"dx"}, []string{"ax", "/x"}},
		{"[]]x", []string{"]x"}, []string{"x"}},
		{`[\d]`, []string{"d", `\`}, []string{"1"}},
		{"*.{js,ts}", []string{"a.js", "a.ts"}, []string{"a.jsx", "a.{js,ts}"}},
		{"{a,b/{c,d}}", []string{"a", "b/c", "b/d"}, []string{"b", "c"}},
		{"{src,test}/**", []string{"src/x", "test/x/y"}, []string{"other/x"}},
		{"{**/x,y}", []string{"x", "a/x", "y"}, []string{"a/y"}},
		{`\*`, []string{"*"}, []string{"a"}},
		{"a.b+c", []string{"a.b+c"}, []string{"aXbbc"}},
		{"a,b}", []string{"a,b}"}, []string{"a"}},
		{"(x|y)$", []string{"(x|y)$"}, []string{"x"}},
	} {
		re, err := compileGlob(c.glob)
		if err != nil {
			t.Errorf("%s: %v", c.glob, err)
			continue
		}
		for _, path := range c.yes {
			if !re.MatchString(path) {
				t.Errorf("%s must match %s", c.glob, path)
			}
		}
		for _, path := range c.not_ {
			if re.MatchString(path) {
				t.Errorf("%s must not match %s", c.glob, path)
			}
		}
	}
	for _, glob := range []string{"", "[a", "{a", `a\`, "[a/b]", "[z-a]"} {
		if _, err := compileGlob(glob); !fault.Is(err, fault.InvalidArgument) {
			t.Errorf("%q: %v", glob, err)
		}
	}
}

func FuzzGlob(f *testing.F) {
	f.Add("**/{a,[b-c]}*?", "x/y/a")
	f.Add("[[:alpha:]]", "a")
	f.Fuzz(func(t *testing.T, glob, path string) {
		if re, err := compileGlob(glob); err == nil {
			re.MatchString(path)
		} else if !fault.Is(err, fault.InvalidArgument) {
			t.Fatal(err)
		}
	})
}

func TestGlobFindsFilesAndLinksBelowThePath(t *testing.T) {
	s := searcher(t, map[string]string{"a.go": "", "d/a.go": "", "d/e/b.go": "", ".git/x.go": "", "d/.hidden.go": ""})
	for _, c := range []struct {
		request GlobRequest
		want    []string
	}{
		{GlobRequest{Pattern: "**/*.go"}, []string{"a.go", "d/.hidden.go", "d/a.go", "d/e/b.go"}},
		{GlobRequest{Pattern: "*.go", Path: "d"}, []string{"d/.hidden.go", "d/a.go"}},
		{GlobRequest{Pattern: "e/*", Path: "d"}, []string{"d/e/b.go"}},
		{GlobRequest{Pattern: "d/e/b.go"}, []string{"d/e/b.go"}},
		{GlobRequest{Pattern: "d"}, []string{}},
	} {
		r, err := s.Glob(context.Background(), c.request)
		if err != nil || !slices.Equal(r.Paths, c.want) || r.Truncated {
			t.Errorf("%+v: %+v, %v", c.request, r, err)
		}
	}
	r, err := s.Glob(context.Background(), GlobRequest{Pattern: "**", Limit: 2})
	if err != nil || len(r.Paths) != 2 || !r.Truncated {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := s.Glob(context.Background(), GlobRequest{Pattern: "*", Path: ".."}); fault.From(err).Code != fault.OutsideRoot {
		t.Error(err)
	}
}

func TestFiltersAreForNamesOrForPaths(t *testing.T) {
	for _, c := range []struct {
		glob, path string
		directory  bool
		want       bool
	}{
		{"*.py", "d/a.py", false, true},
		{"d/*.py", "d/a.py", false, true},
		{"d/*.py", "x/d/a.py", false, false},
		{"/a.py", "a.py", false, true},
		{"/a.py", "d/a.py", false, false},
		{"build/", "x/build", true, true},
		{"build/", "x/build", false, false},
		{"node_modules", "a/node_modules", true, true},
		{"**/test/**", "a/test/b", false, true},
	} {
		f, err := compileFilter([]string{"no-such-name", c.glob})
		if err != nil || f.matches(c.path, c.directory) != c.want {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
