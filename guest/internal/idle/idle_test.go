package idle

import (
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"berth/guest/internal/leaktest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m)) }

func TestItWaitsUntilItIsToldToEnd(t *testing.T) {
	// The first may come before it waits, and must not end the test.
	own := make(chan os.Signal, 1)
	signal.Notify(own, syscall.SIGTERM)
	defer signal.Stop(own)
	ended := make(chan struct{})
	go func() { Wait(); close(ended) }()
	for deadline := time.Now().Add(10 * time.Second); ; {
		if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		select {
		case <-ended:
			return
		case <-time.After(10 * time.Millisecond):
			if time.Now().After(deadline) {
				t.Fatal("it goes on")
			}
		}
	}
}
