// Command berth-guest is the agent inside every sandbox: docs/guest-protocol.md.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"berth/guest/internal/privatemount"
	"berth/guest/internal/serve"
	"berth/guest/internal/server"
	"berth/guest/internal/socket"
)

// version is set by the linker.
var version = "0.1.0"

const usage = `usage:
  berth-guest serve  --listen fd:3|unix:PATH [--root DIR] [--home DIR] [--uid N] [--gid N] [--allow-root]
                     [--expires-at UNIX_MS] [--oom-events PATH|fd:N] [--spool DIR]
  berth-guest dial   unix:PATH
  berth-guest listen --socket PATH [--oom-events FILE] [--overlay OPTIONS --at DIR [--disk FILE --disk-at DIR]] -- CMD ...
  berth-guest version
`

const exitUsage = 2

func main() {
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(exitUsage)
	}
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "berth-guest:", err)
		os.Exit(1)
	}
}

func run(command string, args []string) error {
	switch command {
	case "serve":
		options, err := serve.ParseOptions(args, os.Stderr)
		if err != nil {
			return err
		}
		return serve.Run(options, version)
	case "dial":
		if len(args) != 1 {
			return fmt.Errorf("dial takes one address")
		}
		return socket.Dial(args[0], os.Stdin, os.Stdout)
	case "listen":
		return listen(args)
	case "version":
		return json.NewEncoder(os.Stdout).Encode(struct {
			Version  string `json:"version"`
			Protocol int    `json:"protocol"`
		}{version, server.Protocol})
	}
	fmt.Fprint(os.Stderr, usage)
	return fmt.Errorf("unknown command %q", command)
}

func listen(args []string) error {
	flags := flag.NewFlagSet("listen", flag.ContinueOnError)
	path := flags.String("socket", "", "where to listen")
	events := flags.String("oom-events", "", "file that is handed on as descriptor 4")
	mount := flags.String("overlay", "", "options of an overlay that only CMD sees")
	disk := flags.String("disk", "", "file of an ext4 file system that is mounted before the overlay, for CMD alone")
	diskAt := flags.String("disk-at", "", "where that file system is mounted")
	at := flags.String("at", "", "where that overlay is mounted")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *path == "" {
		return fmt.Errorf("--socket is required")
	}
	if *mount != "" {
		if err := privatemount.Enter(); err != nil {
			return err
		}
		if *disk != "" {
			if err := privatemount.Disk(*disk, *diskAt); err != nil {
				return err
			}
		}
		if err := privatemount.Overlay(*mount, *at); err != nil {
			return err
		}
	}
	return socket.Handover(*path, *events, flags.Args())
}
