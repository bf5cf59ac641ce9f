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
	// Build lists the root first, so that what changes can be told as a layer.
	Build bool
	// ExpiresAt is zero for never.
	ExpiresAt time.Time
	// ExpiryToCome is for a guest that waits to be a sandbox's: the first who puts its expiry off sets it.
	ExpiryToCome bool
	OOMEvents    string
	Spool        string
	// OpenFiles limits the descriptors of the guest and of each command, which leave no core dumps then; zero leaves both limits as they are.
	OpenFiles uint64
	// ForgetEnv is the beginning of names that the guest's environment, and with it every command's, is cleared of; empty clears nothing.
	ForgetEnv string
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
	flags.BoolVar(&o.Build, "build", false, "list the root first, for a layer of what changes; needs --spool")
	flags.Int64Var(&expiresAt, "expires-at", 0, "when to end, in milliseconds since 1970; 0 is never")
	flags.BoolVar(&o.ExpiryToCome, "expiry-to-come", false, "never end until the expiry is put off, which sets it; with no --expires-at")
	flags.StringVar(&o.OOMEvents, "oom-events", "", "where OOM kills are counted: a path or fd:N")
	flags.StringVar(&o.Spool, "spool", "/run/berth/spool", "directory for output beyond the caps; empty keeps none")
	flags.Uint64Var(&o.OpenFiles, "open-files", 0, "limit of open files, and no core dumps; 0 leaves the limits as they are")
	flags.StringVar(&o.ForgetEnv, "forget-env", "", "beginning of the names of variables that commands do not get")
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
	case o.Build && o.Spool == "":
		return nil, errors.New("--build needs --spool")
	case expiresAt < 0:
		return nil, errors.New("--expires-at must not be negative")
	case expiresAt > 0 && o.ExpiryToCome:
		return nil, errors.New("--expiry-to-come is no expiry: --expires-at must be 0")
	}
	if expiresAt > 0 {
		o.ExpiresAt = time.UnixMilli(expiresAt)
	}
	return &o, nil
}
