// Package egress is the way of tools to the controller's proxy: a listener on the sandbox's own loopback whose connections the controller
// takes one by one. It resolves and reaches nothing itself.
package egress

import (
	"context"
	"net"
	"strconv"
	"sync"
	"time"

	"berth/guest/internal/fault"
)

const (
	// MaxConnections bounds what the controller may ask for: each connection is a stream of one HTTP/2 connection.
	MaxConnections = 100
	maxPort        = 1<<16 - 1
	// A connection that the controller does not take within this time is closed: it may be connecting anew.
	takenWithin = 10 * time.Second
	idleExpiry  = 10 * time.Minute
)

// Door is where tools connect. It is closed until Open, and tools reach nothing but it.
type Door struct {
	mu       sync.Mutex
	opening  *opening
	idle     time.Duration
	patience time.Duration
}

// opening is one listener and all that came through it.
type opening struct {
	listener net.Listener
	port     int
	offers   chan *net.TCPConn
	ended    chan struct{}

	mu   sync.Mutex
	max  int
	open map[*net.TCPConn]struct{}
}

// NewDoor makes a closed one.
func NewDoor() *Door {
	return &Door{idle: idleExpiry, patience: takenWithin}
}

// Open listens on 127.0.0.1. Again with the same port changes how many connections there may be; a connection beyond max is closed at once.
func (d *Door) Open(port, max int) error {
	if port < 1 || port > maxPort {
		return fault.New(fault.InvalidArgument, "port must be from 1 to %d", maxPort)
	}
	if max < 1 || max > MaxConnections {
		return fault.New(fault.InvalidArgument, "max_connections must be from 1 to %d", MaxConnections)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.opening != nil {
		if d.opening.port != port {
			return fault.New(fault.AlreadyExists, "it is open on port %d", d.opening.port)
		}
		d.opening.allow(max)
		return nil
	}
	var config net.ListenConfig
	// Nothing but TCP is expected here, and a system call filter may refuse more.
	config.SetMultipathTCP(false)
	listener, err := config.Listen(context.Background(), "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return err
	}
	d.opening = &opening{
		listener: listener, port: port, max: max,
		offers: make(chan *net.TCPConn), ended: make(chan struct{}), open: map[*net.TCPConn]struct{}{},
	}
	go d.opening.accept(d.patience)
	return nil
}

// Close ends the listener, every connection and every Take. Open opens it again.
func (d *Door) Close() {
	d.mu.Lock()
	opening := d.opening
	d.opening = nil
	d.mu.Unlock()
	if opening != nil {
		opening.close()
	}
}

// Take waits for the next connection of a tool. Whoever takes it carries it.
func (d *Door) Take(ctx context.Context) (*Connection, error) {
	d.mu.Lock()
	opening := d.opening
	d.mu.Unlock()
	if opening == nil {
		return nil, closed()
	}
	select {
	case conn := <-opening.offers:
		return &Connection{conn: conn, opening: opening, idle: d.idle}, nil
	case <-opening.ended:
		return nil, closed()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func closed() error {
	return fault.New(fault.PreconditionFailed, "no port is open for egress")
}

func (o *opening) accept(patience time.Duration) {
	for {
		conn, err := o.listener.Accept()
		if err != nil {
			select {
			case <-o.ended:
				return
			// No descriptors are left, or the peer went away: neither ends the door.
			case <-time.After(10 * time.Millisecond):
				continue
			}
		}
		tcp := conn.(*net.TCPConn)
		if !o.admit(tcp) {
			// Reset, so that the tool does not wait for an answer.
			_ = tcp.SetLinger(0)
			_ = tcp.Close()
			continue
		}
		go o.offer(tcp, patience)
	}
}

func (o *opening) offer(conn *net.TCPConn, patience time.Duration) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case o.offers <- conn:
	case <-o.ended:
		o.dismiss(conn)
	case <-timer.C:
		o.dismiss(conn)
	}
}

func (o *opening) admit(conn *net.TCPConn) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.open == nil || len(o.open) >= o.max {
		return false
	}
	o.open[conn] = struct{}{}
	return true
}

func (o *opening) dismiss(conn *net.TCPConn) {
	_ = conn.Close()
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.open, conn)
}

func (o *opening) allow(max int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.max = max
}

func (o *opening) close() {
	close(o.ended)
	_ = o.listener.Close()
	o.mu.Lock()
	open := o.open
	o.open = nil
	o.mu.Unlock()
	for conn := range open {
		_ = conn.Close()
	}
}
