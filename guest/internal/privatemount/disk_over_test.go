package privatemount

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestAnUnnamedCopyHoldsTheDataAndTheHolesAndLeavesNoName(t *testing.T) {
	dir := t.TempDir()
	template := filepath.Join(dir, "template")
	file, err := os.Create(template)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	const size = 64 << 20
	if err := file.Truncate(size); err != nil {
		t.Fatal(err)
	}
	for _, at := range []int64{0, 10 << 20, 40<<20 + 5} {
		if _, err := file.WriteAt(bytes.Repeat([]byte("berth"), 3000), at); err != nil {
			t.Fatal(err)
		}
	}

	copied, err := unnamedCopy(template)
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	same, err := os.ReadFile(template)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(io.NewSectionReader(copied, 0, 2*size))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, same) {
		t.Fatal("the copy differs")
	}
	var stat syscall.Stat_t
	if err := syscall.Fstat(int(copied.Fd()), &stat); err != nil {
		t.Fatal(err)
	}
	if used := stat.Blocks * 512; used > 1<<20 || stat.Nlink != 0 {
		t.Fatalf("%d bytes in use, %d names", used, stat.Nlink)
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
}
