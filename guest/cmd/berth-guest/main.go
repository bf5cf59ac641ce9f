// Command berth-guest is the agent inside every sandbox: docs/guest-protocol.md.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"

	"berth/guest/internal/door"
	"berth/guest/internal/idle"
	"berth/guest/internal/install"
	"berth/guest/internal/privatemount"
	"berth/guest/internal/probe"
	"berth/guest/internal/serve"
	"berth/guest/internal/server"
	"berth/guest/internal/socket"
	"berth/guest/internal/starter"
)

// version is set by the linker.
var version = "0.1.0"

const usage = `usage:
  berth-guest serve  --listen fd:3|unix:PATH [--root DIR] [--home DIR] [--uid N] [--gid N] [--allow-root] [--build]
                     [--expires-at UNIX_MS|--expiry-to-come] [--oom-events PATH|fd:N] [--spool DIR] [--open-files N]
                     [--forget-env PREFIX]
  berth-guest dial   unix:PATH
  berth-guest door   --listen [HOST]:PORT --to unix:PATH --secret-sha256 HEX|--binding-key HEX --pod-uid UID [--away] [--also-here HOST:PORT]
  berth-guest install PATH
  berth-guest idle
  berth-guest listen [--socket PATH] [--oom-events FILE] [--overlay OPTIONS --at DIR [--disk FILE --disk-template FILE --disk-at DIR]
                     [--ids FIRST:COUNT [--shift-layer DIR]... [--shift-tree PATH]...]] [--env NAME=VALUE]... -- CMD ...
  berth-guest starter
  berth-guest check-user-namespace --scratch DIR --at DIR [--shift-tree PATH]...
  berth-guest probe
  berth-guest disk   --template FILE [--over DIR]
  berth-guest version
`

const exitUsage = 2

// The first thread is what others see at /proc/1: it keeps root's identity and is not lent to what takes another.
func init() { runtime.LockOSThread() }

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
	case "door":
		return door.Run(args, os.Stderr)
	case "install":
		if len(args) != 1 {
			return fmt.Errorf("install takes one path")
		}
		return install.At(args[0])
	case "idle":
		idle.Wait()
		return nil
	case "listen":
		return listen(args)
	case "starter":
		if len(args) != 0 {
			return fmt.Errorf("starter takes no arguments")
		}
		return starter.Serve(os.Stdin, os.Stdout)
	case "check-user-namespace":
		return checkUserNamespace(args)
	case "probe":
		return probe.Run(os.Stdin, os.Stdout)
	case "disk":
		return disk(args)
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
	path := flags.String("socket", "", "where to listen; empty hands over no socket, for a runtime that takes none")
	events := flags.String("oom-events", "", "file that is handed on as descriptor 4")
	var environment list
	flags.Var(&environment, "env", "NAME=VALUE in CMD's environment")
	var root privatemount.Root
	flags.StringVar(&root.Overlay, "overlay", "", "options of an overlay that only CMD sees")
	flags.StringVar(&root.At, "at", "", "where that overlay is mounted")
	flags.StringVar(&root.Disk, "disk", "", "file that becomes an ext4 file system, mounted before the overlay for CMD alone")
	flags.StringVar(&root.DiskTemplate, "disk-template", "", "file of an ext4 file system, of which --disk is made as a copy")
	flags.StringVar(&root.DiskAt, "disk-at", "", "where that file system is mounted")
	flags.Var(&root.IDs, "ids", "FIRST:COUNT, the ids of the host that those from 0 up stand for")
	flags.Var((*list)(&root.ShiftedLayers), "shift-layer", "folder with layers of the overlay that takes part in --ids")
	flags.Var((*list)(&root.ShiftedTrees), "shift-tree", "file or folder of the host that takes part in --ids")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *path == "" && root.Overlay == "" {
		return fmt.Errorf("--socket or --overlay is required")
	}
	if root.Overlay != "" {
		if err := root.Mount(); err != nil {
			return err
		}
	}
	return socket.Handover(*path, *events, flags.Args(), append(os.Environ(), environment...))
}

func checkUserNamespace(args []string) error {
	flags := flag.NewFlagSet("check-user-namespace", flag.ContinueOnError)
	var trial privatemount.Trial
	flags.StringVar(&trial.Scratch, "scratch", "", "an empty folder where sandboxes will be kept")
	flags.StringVar(&trial.At, "at", "", "where their roots will be mounted")
	flags.Var((*list)(&trial.Trees), "shift-tree", "file or folder of the host that they will see")
	inside := flags.String("inside", "", "what the check itself runs in the namespaces that it made")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *inside != "" {
		return privatemount.TryInside(*inside)
	}
	if trial.Scratch == "" || trial.At == "" {
		return fmt.Errorf("--scratch and --at are required")
	}
	return trial.Run("check-user-namespace", "--inside")
}

// list is a flag that may be given again.
type list []string

func (l *list) String() string { return strings.Join(*l, " ") }

func (l *list) Set(item string) error {
	*l = append(*l, item)
	return nil
}

func disk(args []string) error {
	flags := flag.NewFlagSet("disk", flag.ContinueOnError)
	template := flags.String("template", "", "file of an empty ext4 file system, which is copied")
	over := flags.String("over", "", "folder that the copy is mounted over, with what stands there; without it the disk is only tried")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *template == "" {
		return fmt.Errorf("--template is required")
	}
	if *over == "" {
		return privatemount.TryDisk(*template)
	}
	return privatemount.DiskOver(*template, *over)
}
