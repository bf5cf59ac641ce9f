package walk

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"berth/guest/internal/fault"
	"berth/guest/internal/leaktest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m)) }

func openTest(t *testing.T, dir string) int {
	t.Helper()
	fd, err := syscall.Open(dir, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	return fd
}

func TestPathsComeInByteOrder(t *testing.T) {
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	alphabet := []string{"a", "b", "-", ".", "0", "ä", " ", "A", "~", "+"}
	var want []string
	for range 400 {
		var path []string
		for range 1 + random.IntN(5) {
			path = append(path, "x"+alphabet[random.IntN(len(alphabet))]+alphabet[random.IntN(len(alphabet))])
		}
		_ = os.MkdirAll(filepath.Join(dir, filepath.Join(path...)), 0o755)
	}
	_ = filepath.WalkDir(dir, func(path string, _ os.DirEntry, _ error) error {
		if path != dir {
			want = append(want, strings.TrimPrefix(path, dir+"/"))
		}
		return nil
	})
	slices.Sort(want)
	var got []string
	err := Walk(openTest(t, dir), "", Visitor{Visit: func(e *Entry) error {
		got = append(got, e.Path)
		return nil
	}})
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v: %d paths of %d", err, len(got), len(want))
	}
}

// deep makes a chain of directories that no path reaches, with a file on each level.
func deep(t *testing.T, levels int, name string) string {
	t.Helper()
	dir := t.TempDir()
	fd, err := openDir(openTest(t, dir), ".")
	if err != nil {
		t.Fatal(err)
	}
	for range levels {
		if err := syscall.Mkdirat(fd, name, 0o755); err != nil {
			t.Fatal(err)
		}
		file, err := syscall.Openat(fd, "file", syscall.O_CREAT|syscall.O_WRONLY|syscall.O_CLOEXEC, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		syscall.Close(file)
		next, err := openDir(fd, name)
		if err != nil {
			t.Fatal(err)
		}
		syscall.Close(fd)
		fd = next
	}
	syscall.Close(fd)
	return dir
}

func TestADeepTreeIsWalkedAndRemovedWithFewDescriptors(t *testing.T) {
	const levels = 4000
	dir := deep(t, levels, "d")
	fd := openTest(t, dir)
	most, files := 0, 0
	count := func() {
		entries, _ := os.ReadDir("/proc/self/fd")
		most = max(most, len(entries))
	}
	count()
	before := most
	err := Walk(fd, "", Visitor{
		Visit: func(e *Entry) error {
			if e.Type == File {
				files++
				if files%500 == 0 {
					count()
				}
				return e.Remove()
			}
			return nil
		},
		Leave:   func(e *Entry) error { return e.Remove() },
		AnyPath: true,
	})
	if err != nil || files != levels {
		t.Errorf("%v, %d files", err, files)
	}
	if most-before > maxOpen+2 {
		t.Errorf("%d descriptors were open", most-before)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%v are left", left)
	}
}

func TestPathsThatAreTooLongAreReportedNotFollowed(t *testing.T) {
	const nameBytes = 200
	dir := deep(t, maxPathBytes/nameBytes+10, strings.Repeat("d", nameBytes))
	fd := openTest(t, dir)
	reported, longest := 0, 0
	visitor := Visitor{
		Visit: func(e *Entry) error {
			longest = max(longest, len(e.Path))
			return nil
		},
		Unreadable: func(_ string, err error) error {
			reported++
			if !fault.Is(err, fault.TooLarge) {
				t.Error(err)
			}
			return nil
		},
	}
	if err := Walk(fd, "", visitor); err != nil || reported == 0 || longest > maxPathBytes || longest < maxPathBytes-2*nameBytes {
		t.Errorf("%v, reported %d times, %d bytes", err, reported, longest)
	}
	visitor.AnyPath, reported = true, 0
	if err := Walk(fd, "", visitor); err != nil || reported != 0 || longest < maxPathBytes+nameBytes {
		t.Errorf("%v, reported %d times, %d bytes", err, reported, longest)
	}
	if err := Walk(fd, "", Visitor{Visit: func(*Entry) error { return nil }}); !fault.Is(err, fault.TooLarge) {
		t.Errorf("without Unreadable: %v", err)
	}
}

func TestLinksAreNotFollowedAndStopEnds(t *testing.T) {
	dir := t.TempDir()
	for name, target := range map[string]string{"a": "/etc", "b": "."} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	visitor := Visitor{Visit: func(e *Entry) error {
		target, err := e.ReadLink()
		got = append(got, fmt.Sprint(e.Path, e.Type == Link, target, err))
		_, _, err = e.Open()
		if err == nil {
			t.Error("a link was opened")
		}
		return nil
	}}
	if err := Walk(openTest(t, dir), "p/", visitor); err != nil || fmt.Sprint(got) != "[p/atrue/etc<nil> p/btrue.<nil>]" {
		t.Errorf("%v, %v", got, err)
	}
	visited := 0
	err := Walk(openTest(t, dir), "", Visitor{Visit: func(*Entry) error { visited++; return Stop }})
	if err != nil || visited != 1 {
		t.Errorf("%v after %d", err, visited)
	}
	other := errors.New("other")
	if err := Walk(openTest(t, dir), "", Visitor{Visit: func(*Entry) error { return other }}); err != other {
		t.Error(err)
	}
}
