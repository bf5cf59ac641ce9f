package door

import (
	"errors"
	"flag"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"

	"berth/guest/internal/confine"
	"berth/guest/internal/netmove"
)

// Run is the command: it listens where args say until a signal ends it. Having opened, it holds no capability any more.
func Run(args []string, diagnostics io.Writer) error {
	flags := flag.NewFlagSet("door", flag.ContinueOnError)
	flags.SetOutput(diagnostics)
	address := flags.String("listen", "", "where connections are taken: [HOST]:PORT")
	to := flags.String("to", "", "the guest: unix:PATH")
	hash := flags.String("secret-sha256", "", "the SHA-256 of the secret with which a connection begins, in hexadecimal digits")
	key := flags.String("binding-key", "", "in the place of --secret-sha256, the key of whoever names the secret once the door is there, in hexadecimal digits")
	pod := flags.String("pod-uid", "", "of the pod, which such a binding is for")
	away := flags.Bool("away", false, "take the interfaces into a network namespace of the door's own, so that the guest's has a loopback only")
	here := flags.String("also-here", "", "listen there too, in the namespace where the command was started")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *address == "" || flags.NArg() > 0 {
		return errors.New("--listen is required, and no arguments are taken")
	}
	d, err := made(*hash, *key, *pod, *to)
	if err != nil {
		return err
	}
	var listeners []net.Listener
	if *here != "" {
		if err := listen(&listeners, *here); err != nil {
			return err
		}
	}
	outside := func() error { return listen(&listeners, *address) }
	if *away {
		err = netmove.Elsewhere(outside)
	} else {
		err = outside()
	}
	if err != nil {
		return err
	}
	if err := confine.DropAll(); err != nil {
		return err
	}
	return serve(d, listeners)
}

func made(hash, key, pod, to string) (*Door, error) {
	switch {
	case (hash == "") == (key == ""):
		return nil, errors.New("one of --secret-sha256 and --binding-key is required")
	case key != "":
		return NewUnbound(key, pod, to)
	}
	return New(hash, to)
}

func listen(listeners *[]net.Listener, address string) error {
	listener, err := net.Listen("tcp", address)
	*listeners = append(*listeners, listener)
	return err
}

func serve(d *Door, listeners []net.Listener) error {
	// Init of a container hears only the signals that it asks for.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	failed := make(chan error, len(listeners))
	for _, listener := range listeners {
		go func() { failed <- d.Serve(listener) }()
	}
	select {
	case <-signals:
		return nil
	case err := <-failed:
		return err
	}
}
