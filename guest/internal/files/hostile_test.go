package files

import (
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"berth/guest/internal/fault"
)

func TestNothingOutsideTheRootIsRead(t *testing.T) {
	f := newFixture(t)
	f.put("dir/file", "inside")
	f.link(f.outside, "absolute")
	f.link("../outside", "relative")
	f.link("absolute", "chain")
	f.link("..", "up")
	f.link("/", "slash")
	f.link("loop", "loop")
	f.link("dir/../dir/file", "good")
	for path, code := range map[string]fault.Code{
		"../outside": fault.OutsideRoot, "dir/../../outside": fault.OutsideRoot, "absolute": fault.OutsideRoot, "relative": fault.OutsideRoot,
		"chain": fault.OutsideRoot, "up/outside": fault.OutsideRoot, "slash/etc/passwd": fault.OutsideRoot, f.outside: fault.OutsideRoot,
		f.Dir() + "/../outside": fault.OutsideRoot, f.Dir() + "x": fault.OutsideRoot, "/etc/passwd": fault.OutsideRoot, "..": fault.OutsideRoot,
		"loop": fault.InvalidArgument, "a\x00b": fault.InvalidArgument, "missing": fault.NotFound, "dir/file/x": fault.NotDirectory,
		strings.Repeat("x", 300): fault.InvalidArgument,
	} {
		content, err := f.readAll(path)
		expectCode(t, path, err, code)
		if strings.Contains(content, secret) {
			t.Errorf("%s was read", path)
		}
	}
	for _, path := range []string{"good", "dir/../dir/file", f.Dir() + "/dir/file", "./dir//file", f.Dir() + "//dir/file"} {
		if content, err := f.readAll(path); content != "inside" {
			t.Errorf("%s: %q, %v", path, content, err)
		}
	}
}

func TestOnlyRegularFilesAreReadAndNothingBlocks(t *testing.T) {
	f := newFixture(t)
	f.fifo("fifo")
	if err := syscall.Mknod(f.path("zero"), syscall.S_IFCHR|0o666, 1<<8|5); err != nil {
		t.Fatal(err)
	}
	socket, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(socket)
	if err := syscall.Bind(socket, &syscall.SockaddrUnix{Name: f.path("socket")}); err != nil {
		t.Fatal(err)
	}
	chmod(t, f.path("zero"), 0o666)
	for _, name := range []string{"fifo", "socket", "zero", "."} {
		_, err := f.readAll(name)
		if name == "socket" && fault.From(err).Code == fault.PermissionDenied {
			continue
		}
		expectCode(t, name, err, fault.NotRegularFile)
		_, err = f.Lines(background, name, LineRange{Start: 1, Count: 1, MaxBytes: 1, MaxLineBytes: 1})
		expectCode(t, name, err, fault.NotRegularFile)
		_, err = f.Write(background, name, strings.NewReader("x"), WriteOptions{})
		expectCode(t, name, err, fault.NotRegularFile)
	}
}

func TestTheGuestCanDoNothingThatTheToolUserCouldNot(t *testing.T) {
	f := newFixture(t)
	if err := os.WriteFile(f.path("private"), []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(f.path("closed"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.path("closed/file"), []byte(secret), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := f.readAll("private")
	expectCode(t, "read", err, fault.PermissionDenied)
	_, err = f.readAll("closed/file")
	expectCode(t, "read beneath", err, fault.PermissionDenied)
	_, err = f.Write(background, "closed/new", strings.NewReader("x"), WriteOptions{CreateParents: true})
	expectCode(t, "write", err, fault.PermissionDenied)
	expectCode(t, "delete", f.Remove(background, "closed/file", false), fault.PermissionDenied)
	expectCode(t, "delete a tree", f.Remove(background, "closed", true), fault.PermissionDenied)
	_, err = f.OpenDir(background, "closed/x", false)
	expectCode(t, "start in", err, fault.PermissionDenied)
}

func TestADirectoryThatIsSwappedForALinkLeadsNowhere(t *testing.T) {
	f := newFixture(t)
	if err := os.Mkdir(f.path("../elsewhere"), 0o777); err != nil {
		t.Fatal(err)
	}
	chmod(t, f.path("../elsewhere"), 0o777)
	for _, name := range []string{"../elsewhere/file"} {
		if err := os.WriteFile(f.path(name), []byte(secret), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	f.put("real/file", "inside")
	f.link("../elsewhere", "bait")
	stop := make(chan struct{})
	var swapping sync.WaitGroup
	swapping.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			_ = os.Rename(f.path("real"), f.path("place"))
			_ = os.Rename(f.path("place"), f.path("real"))
			_ = os.Rename(f.path("bait"), f.path("place"))
			_ = os.Rename(f.path("place"), f.path("bait"))
		}
	})
	read := 0
	for range 3000 {
		if content, err := f.readAll("place/file"); err == nil {
			read++
			if content != "inside" {
				t.Fatalf("read %q", content)
			}
		}
		_, _ = f.Write(background, "place/written", strings.NewReader("x"), WriteOptions{})
		_ = f.Remove(background, "place/file2", false)
	}
	close(stop)
	swapping.Wait()
	if read == 0 {
		t.Error("the file was never read: the race proves nothing")
	}
	names, err := os.ReadDir(f.path("../elsewhere"))
	if err != nil || len(names) != 1 {
		t.Errorf("written outside: %v, %v", names, err)
	}
}

func FuzzAPathStaysInside(f *testing.F) {
	for _, seed := range []string{"a", "../x", "/root/../x", "a/../../x", "./..", "up/x", "\x00", "//", "a/./b/..//../../outside"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		w := newFixture(t)
		w.put("a/b/file", "inside")
		w.link("..", "up")
		w.link("../..", "a/up")
		for _, p := range []string{path, w.Dir() + "/" + path} {
			if content, err := w.readAll(p); err == nil && content != "inside" {
				t.Fatalf("%q read %q", p, content)
			}
		}
	})
}
