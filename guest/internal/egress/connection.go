package egress

import (
	"io"
	"net"
	"time"
)

// What a tool may take to read the last bytes after the controller has ended its side.
const afterEnd = 30 * time.Second

// Connection is one connection of a tool that was taken.
type Connection struct {
	conn    *net.TCPConn
	opening *opening
	idle    time.Duration
}

// Carry copies until the tool ends its side, either side fails, or nothing has moved for too long; then the connection is closed. The end of
// toTool ends only that direction. It closes toTool; interrupt must end a write of fromTool that waits for its reader.
func (c *Connection) Carry(fromTool io.Writer, toTool io.ReadCloser, interrupt func()) {
	idle := time.AfterFunc(c.idle, func() {
		_ = c.conn.Close()
		interrupt()
	})
	defer idle.Stop()
	moved := func() { idle.Reset(c.idle) }
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, err := io.Copy(c.conn, &watched{toTool, moved}); err != nil {
			_ = c.conn.Close()
			return
		}
		_ = c.conn.CloseWrite()
		_ = c.conn.SetDeadline(time.Now().Add(afterEnd))
	}()
	_, _ = io.Copy(fromTool, &watched{c.conn, moved})
	c.Close()
	_ = toTool.Close()
	<-done
}

// Close ends a connection that is not carried.
func (c *Connection) Close() {
	c.opening.dismiss(c.conn)
}

// watched tells of every piece that was read. It hides the reader's other methods, so that all goes through it.
type watched struct {
	reader io.Reader
	moved  func()
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.reader.Read(p)
	if n > 0 {
		w.moved()
	}
	return n, err
}
