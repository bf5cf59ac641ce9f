package socket

import (
	"fmt"
	"io"
	"net"
	"strings"
)

// Dial bridges standard input and output to the guest's socket, and returns when the guest closes, or when the input has ended and
// the guest has closed its direction in answer, or when either fails.
func Dial(address string, in io.Reader, out io.Writer) error {
	path, ok := strings.CutPrefix(address, "unix:")
	if !ok {
		return fmt.Errorf("%s: unix:PATH is expected", address)
	}
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return err
	}
	defer conn.Close()
	failed := make(chan error, 1)
	go func() {
		if _, err := io.Copy(conn, in); err != nil {
			failed <- err
			return
		}
		_ = conn.CloseWrite()
	}()
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(out, conn)
		ended <- err
	}()
	select {
	case err = <-ended:
	case err = <-failed:
	}
	return err
}
