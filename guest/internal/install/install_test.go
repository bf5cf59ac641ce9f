package install

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestTheProgramIsCopiedForEveryoneToExecuteAndReplacesWhatWasThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "guest")
	for range 2 {
		if err := At(path); err != nil {
			t.Fatal(err)
		}
	}
	own, _ := os.ReadFile("/proc/self/exe")
	copied, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(own, copied) {
		t.Errorf("%d bytes, %v", len(copied), err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o555 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("%v", entries)
	}
}

func TestAFolderThatIsNotThereIsAnError(t *testing.T) {
	if err := At(filepath.Join(t.TempDir(), "missing", "guest")); err == nil {
		t.Error("no error")
	}
}
