package files

import (
	"archive/tar"
	"bytes"
	"os"
	"syscall"
	"testing"
	"time"

	"berth/guest/internal/fault"
)

func archive(t *testing.T, headers ...tar.Header) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		content := []byte("content of " + h.Name)
		if h.Typeflag == tar.TypeReg {
			h.Size = int64(len(content))
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := w.Write(content); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

func TestAnArchiveIsUnpackedAndGivenToTheToolUser(t *testing.T) {
	f := newFixture(t)
	when := time.Unix(1_000_000_000, 0)
	stream := archive(t,
		tar.Header{Typeflag: tar.TypeDir, Name: "./dir/", Mode: 0o750},
		tar.Header{Typeflag: tar.TypeReg, Name: "./dir/file", Mode: 0o4755, ModTime: when},
		tar.Header{Typeflag: tar.TypeReg, Name: "made/on/the/way", Mode: 0o644},
		tar.Header{Typeflag: tar.TypeSymlink, Name: "link", Linkname: "/etc/passwd"},
		tar.Header{Typeflag: tar.TypeLink, Name: "hard", Linkname: "dir/file"},
		tar.Header{Typeflag: tar.TypeReg, Name: "latin\xe9", Mode: 0o644},
	)
	done, err := f.Unpack("sub", stream)
	if err != nil || done.Files != 3 {
		t.Fatalf("%+v, %v", done, err)
	}
	if f.content("sub/hard") != "content of ./dir/file" {
		t.Error(f.content("sub/hard"))
	}
	info, err := os.Stat(f.path("sub/dir/file"))
	if err != nil || info.Mode() != 0o755 || !info.ModTime().Equal(when) {
		t.Errorf("%v %v %v", info.Mode(), info.ModTime(), err)
	}
	if err := f.Own("sub"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sub", "sub/dir", "sub/dir/file", "sub/made/on", "sub/link"} {
		info, err := os.Lstat(f.path(name))
		if err != nil || info.Sys().(*syscall.Stat_t).Uid != toolUID {
			t.Errorf("%s: %v", name, err)
		}
	}
	if info, _ := os.Stat("/etc/passwd"); info.Sys().(*syscall.Stat_t).Uid != 0 {
		t.Fatal("a link was followed")
	}
}

func TestAnArchiveWritesNothingOutside(t *testing.T) {
	for name, headers := range map[string][]tar.Header{
		"..":                  {{Typeflag: tar.TypeReg, Name: "../outside"}},
		"absolute":            {{Typeflag: tar.TypeReg, Name: "/etc/x"}},
		"through a link":      {{Typeflag: tar.TypeSymlink, Name: "l", Linkname: ".."}, {Typeflag: tar.TypeReg, Name: "l/outside"}},
		"through an absolute": {{Typeflag: tar.TypeSymlink, Name: "l", Linkname: "/"}, {Typeflag: tar.TypeReg, Name: "l/berth-was-here"}},
		"hard link out":       {{Typeflag: tar.TypeLink, Name: "l", Linkname: "../outside"}},
		"hard by a link":      {{Typeflag: tar.TypeSymlink, Name: "l", Linkname: ".."}, {Typeflag: tar.TypeLink, Name: "h", Linkname: "l/outside"}},
	} {
		f := newFixture(t)
		_, err := f.Unpack("", archive(t, headers...))
		expectCode(t, name, err, fault.OutsideRoot)
		if b, _ := os.ReadFile(f.outside); string(b) != secret {
			t.Errorf("%s: written outside", name)
		}
	}
	f := newFixture(t)
	for name, kind := range map[string]byte{"fifo": tar.TypeFifo, "device": tar.TypeChar} {
		_, err := f.Unpack("", archive(t, tar.Header{Typeflag: kind, Name: name}))
		expectCode(t, name, err, fault.InvalidArgument)
	}
	_, err := f.Unpack("", bytes.NewBufferString("no archive at all, but long enough to be mistaken for the beginning of one"))
	expectCode(t, "no archive", err, fault.InvalidArgument)
}
