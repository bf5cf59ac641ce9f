package search

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"berth/guest/internal/fault"
)

func grep(t *testing.T, s *Searcher, request GrepRequest) *GrepResult {
	t.Helper()
	r, err := s.Grep(context.Background(), request)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestLinesAreFoundInTheOrderOfPaths(t *testing.T) {
	s := searcher(t, map[string]string{
		"b.txt": "one\r\nTwo\nthree one\n", "a/x.py": "one", "a-.py": "no\none\n", ".git/config": "one", "bin": "one\x00", "vendor/v.py": "one",
	})
	if err := os.Symlink("b.txt", filepath.Join(s.Workspace.Dir(), "link")); err != nil {
		t.Fatal(err)
	}
	r := grep(t, s, GrepRequest{Pattern: "one$"})
	if want := []string{"a-.py:2:one", "a/x.py:1:one", "b.txt:1:one", "b.txt:3:three one", "vendor/v.py:1:one"}; !slices.Equal(brief(r.Matches), want) {
		t.Errorf("%q", brief(r.Matches))
	}
	if r.MatchedFiles != 4 || r.SearchedFiles != 4 || r.SkippedFiles != 1 || r.Truncated || r.TimedOut {
		t.Errorf("%+v", r)
	}
	for _, c := range []struct {
		request GrepRequest
		want    string
	}{
		{GrepRequest{Pattern: "two"}, ""},
		{GrepRequest{Pattern: "two", IgnoreCase: true}, "b.txt:2:Two"},
		{GrepRequest{Pattern: "T.o"}, "b.txt:2:Two"},
		{GrepRequest{Pattern: "T.o", Fixed: true}, ""},
		{GrepRequest{Pattern: "one", Include: []string{"*.py"}, Exclude: []string{"vendor"}}, "a-.py:2:one a/x.py:1:one"},
		{GrepRequest{Pattern: "one", Include: []string{"a/*"}}, "a/x.py:1:one"},
		{GrepRequest{Pattern: "one", Path: "a"}, "a/x.py:1:one"},
		{GrepRequest{Pattern: "three", Path: "b.txt"}, "b.txt:3:three one"},
		{GrepRequest{Pattern: "three", Path: "link"}, "link:3:three one"},
		{GrepRequest{Pattern: "^$"}, ""},
	} {
		if got := strings.Join(brief(grep(t, s, c.request).Matches), " "); got != c.want {
			t.Errorf("%+v: %q", c.request, got)
		}
	}
}

func TestContextIsGivenAcrossBlocks(t *testing.T) {
	var text strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&text, "line %d\n", i+1)
	}
	s := searcher(t, map[string]string{"f": text.String()})
	for _, pattern := range []string{"line 99999$", "line (1|40000|99999)$", "line 1$"} {
		for _, m := range grep(t, s, GrepRequest{Pattern: pattern, Before: 3, After: 2}).Matches {
			var around []string
			for i := int64(-3); i <= 2; i++ {
				if n := m.Line + i; n >= 1 && n <= 100_000 {
					around = append(around, fmt.Sprintf("line %d", n))
				}
			}
			if got := slices.Concat(m.Before, []string{m.Text}, m.After); !slices.Equal(got, around) {
				t.Errorf("%q instead of %q", got, around)
			}
		}
	}
}

func TestLimitsMakeTheAnswerTruncated(t *testing.T) {
	s := searcher(t, map[string]string{"f": strings.Repeat("match\n", 10)})
	for _, c := range []struct {
		request   GrepRequest
		matches   int
		truncated bool
	}{
		{GrepRequest{Pattern: "m", MaxMatches: 10}, 10, false},
		{GrepRequest{Pattern: "m", MaxMatches: 9}, 9, true},
		{GrepRequest{Pattern: "m", MaxBytes: 20}, 3, true},
		{GrepRequest{Pattern: "m", MaxBytes: 60}, 10, false},
	} {
		if r := grep(t, s, c.request); len(r.Matches) != c.matches || r.Truncated != c.truncated {
			t.Errorf("%+v: %d, %v", c.request, len(r.Matches), r.Truncated)
		}
	}
}

func TestALongLineIsCutNearTheMatchAndAGiantOneTakesLittleMemory(t *testing.T) {
	long := strings.Repeat("ä", 1000) + "needle" + strings.Repeat("€", 1000)
	s := searcher(t, map[string]string{"giant": strings.Repeat("x", 100<<20) + "\nneedle\n", "long": "\n" + long + "\n"})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := grep(t, s, GrepRequest{Pattern: "needle", Before: 1})
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 2<<20 {
		t.Errorf("%d bytes were allocated", used)
	}
	if len(r.Matches) != 2 || r.Matches[0].Line != 2 || r.Matches[1].Line != 2 || len(r.Matches[0].Before[0]) != 512 {
		t.Fatalf("%+v", r)
	}
	if text := r.Matches[1].Text; !strings.Contains(text, "ääneedle€€") || len(text) > 512 || !utf8.ValidString(text) {
		t.Errorf("%q", text)
	}
}

func TestPatternsThatCannotBeUsedAreRefused(t *testing.T) {
	s := searcher(t, nil)
	for _, request := range []GrepRequest{
		{Pattern: "("}, {Pattern: `\1`}, {Pattern: "a)(b"}, {Pattern: "(x{1,1000}){1,1000}"}, {Pattern: "([a-z]{1,500}|[0-9]{1,500}){1,3}"},
		{Pattern: "a", Include: []string{"[a"}}, {Pattern: "a", MaxMatches: -1}, {Pattern: "a", Before: 51}, {Pattern: strings.Repeat("a", 5000)},
		{Pattern: "a)|(b", IgnoreCase: true},
	} {
		if _, err := s.Grep(context.Background(), request); !fault.Is(err, fault.InvalidArgument) {
			t.Errorf("%.40q: %v", request.Pattern, err)
		}
	}
	if _, err := s.Grep(context.Background(), GrepRequest{Pattern: "a", Path: "missing"}); fault.From(err).Code != fault.NotFound {
		t.Error(err)
	}
}

func TestASearchEndsAtItsTimeWithWhatItHas(t *testing.T) {
	tree := map[string]string{"a": "needle\n"}
	for i := range 20 {
		tree[fmt.Sprintf("b%d", i)] = strings.Repeat("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", 40_000)
	}
	s := searcher(t, tree)
	began := time.Now()
	r := grep(t, s, GrepRequest{Pattern: `needle|(a?){50}b`, TimeoutMs: 100})
	if took := time.Since(began); !r.TimedOut || len(r.Matches) != 1 || took > 5*time.Second {
		t.Errorf("%v after %v, %d matches", r.TimedOut, took, len(r.Matches))
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Grep(ctx, GrepRequest{Pattern: "a"}); err == nil {
		t.Error("a search for nobody")
	}
}
