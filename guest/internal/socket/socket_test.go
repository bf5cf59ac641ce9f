package socket

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"berth/guest/internal/leaktest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m)) }

func TestOnlyRootAndTheGuestsOwnUserArePermitted(t *testing.T) {
	for uid, want := range map[uint32]bool{0: true, uint32(os.Geteuid()): true, 61238: false, 65534: false} {
		if permitted(&syscall.Ucred{Uid: uid}) != want {
			t.Errorf("user %d", uid)
		}
	}
}

func TestASocketIsMadeInAFolderOfItsOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "socket")
	listener, err := Listen("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if info, err := os.Stat(filepath.Dir(path)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info, err)
	}
	client, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
}

func TestADescriptorThatDoesNotListenIsRefused(t *testing.T) {
	f, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, address := range []string{"fd:99", "fd:x", "fd:0", "tcp:1", ""} {
		if l, err := Listen(address); err == nil {
			l.Close()
			t.Errorf("%s", address)
		}
	}
}

// echo answers each connection with what it got, once its input has ended.
func echo(t *testing.T) (address string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "socket")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all, _ := io.ReadAll(conn)
			_, _ = conn.Write(all)
			_ = conn.Close()
		}
	}()
	return "unix:" + path
}

func TestABridgePassesTheEndOfInputOnAndWaitsForTheAnswer(t *testing.T) {
	var out bytes.Buffer
	content := strings.Repeat("x", 1<<20)
	if err := Dial(echo(t), strings.NewReader(content), &out); err != nil || out.String() != content {
		t.Errorf("%d bytes, %v", out.Len(), err)
	}
}

func TestABridgeEndsWhenTheGuestDoes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		if conn, err := listener.Accept(); err == nil {
			_ = conn.Close()
		}
	}()
	in, writer := io.Pipe()
	defer writer.Close()
	var out bytes.Buffer
	if err := Dial("unix:"+path, in, &out); err != nil {
		t.Error(err)
	}
	if err := Dial("unix:"+path+"-missing", in, &out); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
