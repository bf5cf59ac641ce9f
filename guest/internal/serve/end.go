package serve

import (
	"os"
	"os/signal"
	"syscall"
	"time"

	"berth/guest/internal/expiry"
)

// longestNap bounds how late an expiry is noticed after the machine was suspended: timers stand still then, the clock does not.
const longestNap = 10 * time.Second

// untilEnd returns at a signal, at the expiry, or with the error that ended the server.
func untilEnd(expires *expiry.Expiry, failed <-chan error) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	defer signal.Stop(signals)
	set := expires.Set()
	for {
		nap := longestNap
		if left, ok := expires.Left(); ok {
			if left <= 0 {
				return nil
			}
			nap = min(nap, left)
		}
		timer := time.NewTimer(nap)
		select {
		case <-signals:
			timer.Stop()
			return nil
		case err := <-failed:
			timer.Stop()
			return err
		case <-set:
			timer.Stop()
			set = nil
		case <-timer.C:
		}
	}
}
