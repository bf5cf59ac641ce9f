// Package door is where a controller comes in over a network: it lets those through to the guest's socket who begin with the sandbox's secret.
package door

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"time"
)

// SecretBytes is the length of the secret that a connection begins with. Nothing is answered to it.
const SecretBytes = 32

const (
	// strangers is how many connections may be about to name the secret; more are closed at once.
	strangers = 32
	// guests is how many may be let through at the same time.
	guests = 128
	// patience is how long a connection may take to name the secret.
	patience = 5 * time.Second
	// dialing is how long the guest may take to accept.
	dialing = 5 * time.Second
)

// digest is the SHA-256 of a secret.
type digest [sha256.Size]byte

// Door lets connections through to a guest.
type Door struct {
	// hash is nil until the door is bound to a sandbox.
	hash     atomic.Pointer[digest]
	binding  *binding
	path     string
	patience time.Duration
	waiting  chan struct{}
	inside   chan struct{}
}

// New makes the door to a guest at unix:PATH. hash is the SHA-256 of the secret in hexadecimal digits: who reads it cannot open the door with it.
func New(hash, to string) (*Door, error) {
	d, err := doorTo(to)
	if err != nil {
		return nil, err
	}
	known, err := hex.DecodeString(hash)
	if err != nil || len(known) != sha256.Size {
		return nil, errors.New("the hash of the secret: 64 hexadecimal digits are expected")
	}
	d.hash.Store((*digest)(known))
	return d, nil
}

func doorTo(to string) (*Door, error) {
	path, ok := strings.CutPrefix(to, "unix:")
	if !ok || path == "" {
		return nil, fmt.Errorf("%s: unix:PATH is expected", to)
	}
	return &Door{path: path, patience: patience, waiting: make(chan struct{}, strangers), inside: make(chan struct{}, guests)}, nil
}

// Serve lets connections of the listener through until it fails or is closed.
func (d *Door) Serve(listener net.Listener) error {
	for {
		conn, err := listener.Accept()
		if err != nil {
			var temporary interface{ Temporary() bool }
			if errors.As(err, &temporary) && temporary.Temporary() {
				continue
			}
			return err
		}
		select {
		case d.waiting <- struct{}{}:
			go d.receive(conn)
		default:
			_ = conn.Close()
		}
	}
}

func (d *Door) receive(conn net.Conn) {
	defer conn.Close()
	known := d.isKnown(conn)
	<-d.waiting
	if !known {
		return
	}
	select {
	case d.inside <- struct{}{}:
		defer func() { <-d.inside }()
	default:
		return
	}
	guest, err := net.DialTimeout("unix", d.path, dialing)
	if err != nil {
		return
	}
	defer guest.Close()
	bridge(conn, guest)
}

// isKnown also binds the door, for who may: nobody is let through by that.
func (d *Door) isKnown(conn net.Conn) bool {
	var beginning [SecretBytes]byte
	if err := conn.SetDeadline(time.Now().Add(d.patience)); err != nil {
		return false
	}
	if _, err := io.ReadFull(conn, beginning[:]); err != nil {
		return false
	}
	if d.opensTo(beginning) {
		return conn.SetDeadline(time.Time{}) == nil
	}
	if d.binding != nil {
		d.bind(conn, beginning)
	}
	return false
}

func (d *Door) opensTo(secret [SecretBytes]byte) bool {
	known := d.hash.Load()
	hash := sha256.Sum256(secret[:])
	return known != nil && subtle.ConstantTimeCompare(hash[:], known[:]) == 1
}

// bridge returns when the guest has closed, or when either direction has failed.
func bridge(outside, guest net.Conn) {
	go func() {
		_, err := io.Copy(guest, outside)
		if half, ok := guest.(interface{ CloseWrite() error }); ok && err == nil {
			_ = half.CloseWrite()
			return
		}
		_ = guest.Close()
	}()
	_, _ = io.Copy(outside, guest)
}
