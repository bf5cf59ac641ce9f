package serve

import (
	"crypto/rand"
	"encoding/hex"
	"os"
	"time"

	"berth/guest/internal/confine"
	"berth/guest/internal/egress"
	"berth/guest/internal/exec"
	"berth/guest/internal/expiry"
	"berth/guest/internal/files"
	"berth/guest/internal/layer"
	"berth/guest/internal/oom"
	"berth/guest/internal/proc"
	"berth/guest/internal/search"
	"berth/guest/internal/server"
	"berth/guest/internal/session"
	"berth/guest/internal/socket"
	"berth/guest/internal/spawn"
)

const (
	// fileThreads bounds how many file operations run at once; the others wait for one to end.
	fileThreads  = 4
	bootIDBytes  = 16
	initPID      = 1
	groupSpacing = 1 << 8
)

// Run serves until a signal or the expiry ends it, and then ends everything that it started. It returns an error only when it cannot serve.
func Run(o *Options, version string) error {
	since := time.Now()
	boundingDropped, err := confineSelf(o)
	if err != nil {
		return err
	}
	root, err := rootBefore(o)
	if err != nil {
		return err
	}
	if o.Home != "" {
		if err := makeFolder(o.Home, o); err != nil {
			return err
		}
	}
	if err := makeFolder(o.Root, o); err != nil {
		return err
	}
	listener, err := socket.Listen(o.Listen)
	if err != nil {
		return err
	}
	identity, err := confine.NewIdentity(fileThreads, o.UID, o.GID)
	if err != nil {
		return err
	}
	workspace, err := files.Open(o.Root, identity, o.UID, o.GID)
	if err != nil {
		return err
	}
	table, err := proc.Open()
	if err != nil {
		return err
	}
	counter := oom.Open(o.OOMEvents)
	bootID := newBootID()
	runner, err := exec.New(exec.Config{
		BootID: bootID, ToolUID: o.UID, ToolGID: o.GID, AllowRoot: o.AllowRoot, SpoolDir: o.Spool,
		OpenDir: workspace.OpenDir, OOMKills: counter.Kills, GroupStart: groupStart(),
	}, spawn.NewChildren(), table)
	if err != nil {
		return err
	}
	background := exec.NewBackground(runner)
	door := egress.NewDoor()
	expires := expiry.At(o.ExpiresAt)
	if o.ExpiryToCome {
		expires = expiry.ToCome()
	}
	http := server.New(server.Config{
		Version: version, BootID: bootID, ToolUID: o.UID, ToolGID: o.GID, AllowRoot: o.AllowRoot,
		BoundingDropped: boundingDropped, Runner: runner, Background: background, Workspace: workspace,
		Sessions: session.New(session.Config{Runner: runner, ToolUID: o.UID, ToolGID: o.GID, AsTool: identity.Do}),
		Search:   &search.Searcher{Workspace: workspace, Since: since}, Egress: door, Root: root, Expiry: expires, OOMKills: counter.Kills,
	})
	if err := confine.SilenceStdio(); err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- http.Serve(listener) }()
	err = untilEnd(expires, failed)
	_ = http.Close()
	door.Close()
	_, _ = runner.Quiesce()
	return err
}

// rootBefore lists the image's files before the guest makes any of its own: what it makes is part of what is built.
func rootBefore(o *Options) (*layer.Root, error) {
	if !o.Build {
		return nil, nil
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return layer.List("/", o.Spool, self)
}

func newBootID() string {
	var id [bootIDBytes]byte
	_, _ = rand.Read(id[:])
	return hex.EncodeToString(id[:])
}

// groupStart keeps guests that are not init, and so share a pid namespace, from lending the same group ids.
func groupStart() int {
	if os.Getpid() == initPID {
		return 0
	}
	return os.Getpid() * groupSpacing
}
