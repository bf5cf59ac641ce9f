// Package serve is the guest as init: it puts the parts together, serves, and ends everything when told or when its time is up.
package serve

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"time"
)

// Options are the command line of serve.
type Options struct {
	Listen string
	Root   string
	// Home is made for the tool user where it is missing; empty makes none.
	Home      string
	UID, GID  int
	AllowRoot bool
	// ExpiresAt is zero for never.
	ExpiresAt time.Time
	OOMEvents string
	Spool     string
}

const maxID = 1<<31 - 1

// ParseOptions reads the arguments after "serve".
func ParseOptions(args []string, diagnostics io.Writer) (*Options, error) {
	var o Options
	var expiresAt int64
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.SetOutput(diagnostics)
	flags.StringVar(&o.Listen, "listen", "", "fd:N, a listening socket that was handed over, or unix:PATH")
	flags.StringVar(&o.Root, "root", "/workspace", "the workspace, an absolute path")
	flags.StringVar(&o.Home, "home", "", "the tool user's home, made when it is missing")
	flags.IntVar(&o.UID, "uid", 1000, "user of the tools")
	flags.IntVar(&o.GID, "gid", 1000, "group of the tools")
	flags.BoolVar(&o.AllowRoot, "allow-root", false, "allow commands as root, archives and change of ownership")
	flags.Int64Var(&expiresAt, "expires-at", 0, "when to end, in milliseconds since 1970; 0 is never")
	flags.StringVar(&o.OOMEvents, "oom-events", "", "where OOM kills are counted: a path or fd:N")
	flags.StringVar(&o.Spool, "spool", "/run/berth/spool", "directory for output beyond the caps; empty keeps none")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	switch {
	case flags.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case o.Listen == "":
		return nil, errors.New("--listen is required")
	case !filepath.IsAbs(o.Root) || filepath.Clean(o.Root) != o.Root || o.Root == "/":
		return nil, fmt.Errorf("--root %q: a clean absolute path below / is expected", o.Root)
	case o.UID < 1 || o.UID > maxID || o.GID < 1 || o.GID > maxID:
		return nil, errors.New("--uid and --gid must be above 0: tools never run as root")
	case expiresAt < 0:
		return nil, errors.New("--expires-at must not be negative")
	}
	if expiresAt > 0 {
		o.ExpiresAt = time.UnixMilli(expiresAt)
	}
	return &o, nil
}
