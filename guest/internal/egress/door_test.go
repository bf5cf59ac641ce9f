package egress

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"syscall"
	"testing"
	"time"

	"berth/guest/internal/fault"
)

const soon = 10 * time.Second

// open gives a door on a free port and that port.
func open(t *testing.T, max int) (*Door, int) {
	t.Helper()
	probe, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := probe.Addr().(*net.TCPAddr).Port
	_ = probe.Close()
	door := NewDoor()
	if err := door.Open(port, max); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(door.Close)
	return door, port
}

func dial(t *testing.T, port int) *net.TCPConn {
	t.Helper()
	conn, err := net.DialTimeout("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), soon)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(soon))
	t.Cleanup(func() { _ = conn.Close() })
	return conn.(*net.TCPConn)
}

// expectReset connects and is turned away, which may be noticed in the connecting.
func expectReset(t *testing.T, port int) {
	t.Helper()
	conn, err := net.DialTimeout("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), soon)
	if err == nil {
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(soon))
		_, err = conn.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Error(err)
	}
}

func take(t *testing.T, door *Door) *Connection {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	taken, err := door.Take(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return taken
}

func TestAConnectionIsCarriedBothWaysUntilTheToolEndsIt(t *testing.T) {
	door, port := open(t, 1)
	tool := dial(t, port)
	toTool, controller := io.Pipe()
	var fromTool bytes.Buffer
	done := make(chan struct{})
	go func() {
		defer close(done)
		take(t, door).Carry(&fromTool, toTool, func() {})
	}()
	_, _ = tool.Write([]byte("question"))
	_, _ = controller.Write([]byte("answer"))
	_ = controller.Close()
	answer, err := io.ReadAll(tool)
	if string(answer) != "answer" || err != nil {
		t.Errorf("%q, %v", answer, err)
	}
	_ = tool.Close()
	<-done
	if fromTool.String() != "question" {
		t.Errorf("%q", fromTool.String())
	}
}

func TestAConnectionBeyondTheLimitIsClosedAtOnceAndAnEndedOneMakesRoom(t *testing.T) {
	door, port := open(t, 2)
	first, second := dial(t, port), dial(t, port)
	taken := []*Connection{take(t, door), take(t, door)}
	expectReset(t, port)
	if err := door.Open(port, 3); err != nil {
		t.Fatal(err)
	}
	dial(t, port)
	taken = append(taken, take(t, door))
	for _, connection := range taken {
		connection.Close()
	}
	for _, closed := range []*net.TCPConn{first, second} {
		if _, err := closed.Read(make([]byte, 1)); err != io.EOF {
			t.Error(err)
		}
	}
	dial(t, port)
	take(t, door).Close()
}

func TestAConnectionThatNobodyTakesOrThatStandsStillIsClosed(t *testing.T) {
	door, port := open(t, 2)
	door.Close()
	door.patience, door.idle = 20*time.Millisecond, 50*time.Millisecond
	if err := door.Open(port, 2); err != nil {
		t.Fatal(err)
	}
	if _, err := dial(t, port).Read(make([]byte, 1)); err != io.EOF {
		t.Error(err)
	}
	silent := dial(t, port)
	body, _ := io.Pipe()
	interrupted := make(chan struct{})
	take(t, door).Carry(io.Discard, body, func() { close(interrupted) })
	<-interrupted
	if _, err := silent.Read(make([]byte, 1)); err != io.EOF {
		t.Error(err)
	}
}

func TestClosingEndsTheListenerTheConnectionsAndWhoWaits(t *testing.T) {
	door, port := open(t, 4)
	tool := dial(t, port)
	carried, waiting := make(chan struct{}), make(chan error, 1)
	connection := take(t, door)
	go func() {
		defer close(carried)
		body, _ := io.Pipe()
		connection.Carry(io.Discard, body, func() {})
	}()
	go func() {
		_, err := door.Take(context.Background())
		waiting <- err
	}()
	door.Close()
	<-carried
	if err := <-waiting; !fault.Is(err, fault.PreconditionFailed) {
		t.Error(err)
	}
	if _, err := tool.Read(make([]byte, 1)); err == nil {
		t.Error("the tool's connection goes on")
	}
	if conn, err := net.Dial("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
		_ = conn.Close()
		t.Error("it still listens")
	}
	if _, err := door.Take(context.Background()); !fault.Is(err, fault.PreconditionFailed) {
		t.Error(err)
	}
}

func TestWrongPortsAndLimitsAreRefused(t *testing.T) {
	door, port := open(t, 1)
	for _, wrong := range [][2]int{{0, 1}, {-1, 1}, {1 << 16, 1}, {port, 0}, {port, MaxConnections + 1}} {
		if err := door.Open(wrong[0], wrong[1]); !fault.Is(err, fault.InvalidArgument) {
			t.Errorf("%v: %v", wrong, err)
		}
	}
	if err := door.Open(port%60_000+1, 1); !fault.Is(err, fault.AlreadyExists) {
		t.Error(err)
	}
}
