package search

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"berth/guest/internal/confine"
	"berth/guest/internal/files"
	"berth/guest/internal/leaktest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m)) }

// searcher searches files that are given by their paths and contents.
func searcher(t *testing.T, tree map[string]string) *Searcher {
	t.Helper()
	dir := t.TempDir()
	for name, content := range tree {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	identity, err := confine.NewIdentity(1, os.Geteuid(), os.Getegid())
	if err != nil {
		t.Fatal(err)
	}
	w, err := files.Open(dir, identity, os.Geteuid(), os.Getegid())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = w.Close()
		identity.Close()
	})
	return &Searcher{Workspace: w}
}

func brief(matches []*Match) []string {
	var lines []string
	for _, m := range matches {
		lines = append(lines, fmt.Sprintf("%s:%d:%s", m.Path, m.Line, m.Text))
	}
	return lines
}
