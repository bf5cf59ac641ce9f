package socket

import (
	"net"
	"os"
	"syscall"

	"berth/guest/internal/defence"
)

// gate accepts only peers of user 0, or of this process's own user.
type gate struct{ *net.UnixListener }

// Accept returns the next connection of a permitted peer and closes all others.
func (g gate) Accept() (net.Conn, error) {
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
		return conn, nil
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
