package door

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"berth/guest/internal/leaktest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m)) }

var secret = bytes.Repeat([]byte{7}, SecretBytes)

func hashOf(secret []byte) string {
	hash := sha256.Sum256(secret)
	return hex.EncodeToString(hash[:])
}

// open makes a door to a guest that answers each connection with what it got, once its input has ended.
func open(t *testing.T, change func(*Door)) (address string) {
	t.Helper()
	// The name of a socket must be shorter than the folder of a test often is.
	folder, err := os.MkdirTemp("", "door-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	path := filepath.Join(folder, "guest")
	guest, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { guest.Close() })
	go func() {
		for {
			conn, err := guest.Accept()
			if err != nil {
				return
			}
			go func() {
				all, _ := io.ReadAll(conn)
				_, _ = conn.Write(all)
				_ = conn.Close()
			}()
		}
	}()
	d, err := New(hashOf(secret), "unix:"+path)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(d)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- d.Serve(listener) }()
	t.Cleanup(func() {
		listener.Close()
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

func dial(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	return conn.(*net.TCPConn)
}

// said is everything that the door lets out to who begins so.
func said(t *testing.T, address string, beginning []byte) string {
	t.Helper()
	conn := dial(t, address)
	_, _ = conn.Write(beginning)
	_ = conn.CloseWrite()
	all, _ := io.ReadAll(conn)
	return string(all)
}

func TestWhoNamesTheSecretReachesTheGuestAndTheSecretDoesNot(t *testing.T) {
	address := open(t, nil)
	if got := said(t, address, append(bytes.Clone(secret), "hello"...)); got != "hello" {
		t.Errorf("%q", got)
	}
}

func TestWhoDoesNotNameTheSecretGetsNothing(t *testing.T) {
	address := open(t, nil)
	almost := bytes.Clone(secret)
	almost[SecretBytes-1]++
	for _, beginning := range [][]byte{nil, secret[:SecretBytes-1], append(almost, "hello"...), []byte(hashOf(secret) + "hello")} {
		if got := said(t, address, beginning); got != "" {
			t.Errorf("%q got %q", beginning, got)
		}
	}
}

func TestWhoSaysNothingIsClosedAfterAWhile(t *testing.T) {
	conn := dial(t, open(t, func(d *Door) { d.patience = 10 * time.Millisecond }))
	if all, err := io.ReadAll(conn); err != nil || len(all) != 0 {
		t.Errorf("%q, %v", all, err)
	}
}

func TestManyWhoSayNothingKeepNoSecretHolderOutForLongerThanTheirPatience(t *testing.T) {
	address := open(t, func(d *Door) { d.patience = 50 * time.Millisecond })
	for range 4 * strangers {
		dial(t, address)
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		if said(t, address, append(bytes.Clone(secret), "hello"...)) == "hello" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the door stays shut")
		}
	}
}

func TestADoorNeedsAGuestAndAHash(t *testing.T) {
	for _, wrong := range [][2]string{{"", "unix:/x"}, {hashOf(secret)[2:], "unix:/x"}, {hashOf(secret) + "00", "unix:/x"}, {hashOf(secret), "/x"}, {hashOf(secret), "unix:"}} {
		if _, err := New(wrong[0], wrong[1]); err == nil {
			t.Errorf("%q", wrong)
		}
	}
}
