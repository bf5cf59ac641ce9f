package socket

import (
	"net"
	"os"
	"sync"
	"syscall"

	"berth/guest/internal/defence"
)

// Gate accepts only peers of user 0, or of this process's own user, and remembers their pids while they are connected.
type Gate struct {
	*net.UnixListener
	mu    sync.Mutex
	peers map[int]int
}

func newGate(listener *net.UnixListener) *Gate {
	return &Gate{UnixListener: listener, peers: map[int]int{}}
}

// Accept returns the next connection of a permitted peer and closes all others.
func (g *Gate) Accept() (net.Conn, error) {
	for {
		conn, err := g.AcceptUnix()
		if err != nil {
			return nil, err
		}
		peer, err := credentials(conn)
		if err != nil || !permitted(peer) {
			_ = conn.Close()
			continue
		}
		g.count(int(peer.Pid), 1)
		return &gatedConn{UnixConn: conn, gate: g, pid: int(peer.Pid)}, nil
	}
}

// Connected reports whether pid holds a connection: it is a bridge of the controller.
func (g *Gate) Connected(pid int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.peers[pid] > 0
}

func (g *Gate) count(pid, change int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.peers[pid] += change
	if g.peers[pid] == 0 {
		delete(g.peers, pid)
	}
}

func permitted(peer *syscall.Ucred) bool {
	return !defence.SocketGate || peer.Uid == 0 || int(peer.Uid) == os.Geteuid()
}

func credentials(conn *net.UnixConn) (*syscall.Ucred, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	var peer *syscall.Ucred
	var failed error
	if err := raw.Control(func(fd uintptr) {
		peer, failed = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	}); err != nil {
		return nil, err
	}
	return peer, failed
}

type gatedConn struct {
	*net.UnixConn
	gate *Gate
	pid  int
	once sync.Once
}

// Close forgets the peer before it closes.
func (c *gatedConn) Close() error {
	c.once.Do(func() { c.gate.count(c.pid, -1) })
	return c.UnixConn.Close()
}
