package search

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestFilesThatChangedSinceTheBeginningAreFoundWhateverTheirTimesSay(t *testing.T) {
	s := searcher(t, map[string]string{"old.txt": "old", "kept/old.txt": "old", ".git/index": "x"})
	dir := s.Workspace.Dir()
	clock := filepath.Join(t.TempDir(), "clock")
	// After a first stamp, which may be that of the last file, one that is none of theirs.
	s.Since = later(t, clock, later(t, clock, time.Time{}))
	past := time.Unix(0, 0)
	for _, name := range []string{"old.txt", "kept/new.txt", ".git/index"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("12345"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(dir, name), past, past); err != nil {
			t.Fatal(err)
		}
	}
	result, err := s.Changed(context.Background(), ChangedRequest{Limit: 10})
	if err != nil || len(result.Files) != 2 || result.Truncated {
		t.Fatalf("%+v, %v", result, err)
	}
	if result.Files[0] != (ChangedFile{"kept/new.txt", 5}) || result.Files[1] != (ChangedFile{"old.txt", 5}) {
		t.Errorf("%+v", result.Files)
	}
	if result, err = s.Changed(context.Background(), ChangedRequest{Limit: 1}); err != nil || !result.Truncated {
		t.Errorf("%+v, %v", result, err)
	}
}

func changedAt(t *testing.T, name string) time.Time {
	t.Helper()
	var stat syscall.Stat_t
	if err := syscall.Stat(name, &stat); err != nil {
		t.Fatal(err)
	}
	return time.Unix(stat.Ctim.Unix())
}

// later waits until the file system's clock, which may be coarse, is past a time.
func later(t *testing.T, name string, than time.Time) time.Time {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
		if err := os.WriteFile(name, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
		if at := changedAt(t, name); at.After(than) {
			return at
		}
	}
	t.Fatal("the clock of the file system stands")
	return than
}
