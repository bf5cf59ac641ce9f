package privatemount

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Trial finds out whether sandboxes can have user namespaces here, by doing once all that they stand on.
type Trial struct {
	// Scratch is an empty folder on the file system of the layers; At a folder where the root is mounted.
	Scratch, At string
	// Trees are what else of the host the sandboxes see.
	Trees []string
}

const content = "as built"

// Far above the host's users; whether some sandbox has them at the moment does not matter to files that nobody else sees.
var trialIDs = IDRange{First: 0x70000000, Count: 1 << 16}

// Run mounts a root in a namespace of its own and has self run in it, as root of a user namespace, with arguments and then At. Nothing of it
// outlives the process but what is in Scratch.
func (t *Trial) Run(arguments ...string) error {
	for _, folder := range []string{"lower", "upper", "work"} {
		if err := os.Mkdir(filepath.Join(t.Scratch, folder), 0o755); err != nil {
			return err
		}
	}
	for _, folder := range []string{"lower/proc", "lower/sys"} {
		if err := os.Mkdir(filepath.Join(t.Scratch, folder), 0o755); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(t.Scratch, "lower/file"), []byte(content), 0o600); err != nil {
		return err
	}
	// Opened before Mount covers the folder: it shows whose the files are on the disk.
	disk, err := os.OpenRoot(t.Scratch)
	if err != nil {
		return err
	}
	defer disk.Close()
	part := func(name string) string { return escape(filepath.Join(t.Scratch, name)) }
	root := Root{
		Overlay: fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", part("lower"), part("upper"), part("work")),
		At:      t.At, IDs: trialIDs, ShiftedLayers: []string{t.Scratch}, ShiftedTrees: t.Trees,
	}
	if err := root.Mount(); err != nil {
		return err
	}
	child := exec.Command("/proc/self/exe", append(arguments, t.At)...)
	child.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET,
		UidMappings: trialIDs.mappings(), GidMappings: trialIDs.mappings(), Pdeathsig: syscall.SIGKILL,
		Credential: &syscall.Credential{Uid: 0, Gid: 0},
	}
	if said, err := child.CombinedOutput(); err != nil {
		return fmt.Errorf("in a user namespace: %w %s", err, strings.TrimSpace(string(said)))
	}
	written, err := disk.Stat("upper/file")
	if err != nil {
		return err
	}
	if owner := written.Sys().(*syscall.Stat_t).Uid; owner != 0 {
		return fmt.Errorf("what root in a user namespace writes belongs to %d on the disk", owner)
	}
	return nil
}

// TryInside does as root of a user namespace what a sandbox's start does there.
func TryInside(root string) error {
	file := filepath.Join(root, "file")
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if string(text) != content {
		return errors.New("the overlay shows another file")
	}
	if err := os.Chmod(file, 0o640); err != nil {
		return err
	}
	for _, system := range []struct{ kind, at string }{{"proc", "proc"}, {"sysfs", "sys"}} {
		const flags = syscall.MS_NOSUID | syscall.MS_NOEXEC | syscall.MS_NODEV
		if err := syscall.Mount(system.kind, filepath.Join(root, system.at), system.kind, flags, ""); err != nil {
			return fmt.Errorf("a mount of %s: %w", system.kind, err)
		}
	}
	return nil
}

// escape protects what separates the parts of an overlay's options.
func escape(path string) string {
	return strings.NewReplacer(`\`, `\\`, ":", `\:`, ",", `\,`).Replace(path)
}
