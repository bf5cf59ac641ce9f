// Package idle does nothing until it is told to end: a node that runs it in a container of some image keeps that image.
package idle

import (
	"os"
	"os/signal"
	"syscall"
)

// Wait returns when the process is told to end. As init it would be told of nothing that it does not ask for.
func Wait() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM, syscall.SIGINT)
	<-told
	signal.Stop(told)
}
