package oom

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTheCountIsReadAnewEachTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "memory.events")
	write := func(content string) {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("low 0\noom 5\noom_kill 2\noom_group_kill 9\n")
	c := Open(path)
	defer c.Close()
	if n, ok := c.Kills(); n != 2 || !ok {
		t.Errorf("%d, %v", n, ok)
	}
	write("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n")
	if n, ok := c.Kills(); n != 3 || !ok {
		t.Errorf("%d, %v", n, ok)
	}
	for _, content := range []string{"", "oom 1\n", "oom_kill x\n"} {
		write(content)
		if n, ok := c.Kills(); ok {
			t.Errorf("%q: %d", content, n)
		}
	}
}

func TestAMissingCounterIsNotKnown(t *testing.T) {
	for _, source := range []string{"/no/such/file", "fd:x", "fd:999"} {
		if n, ok := Open(source).Kills(); ok {
			t.Errorf("%s: %d", source, n)
		}
	}
}
