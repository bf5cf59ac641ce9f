package privatemount

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"unsafe"
)

// Numbers of the mount interface of Linux 5.2, the same on every architecture.
const (
	sysFsopen   = 430
	sysFsconfig = 431
	sysFsmount  = 432

	configFlag       = 0
	configString     = 1
	configCreate     = 6
	closeOnExec      = 1
	attributeNosuid  = 2
	attributeNodev   = 4
	currentDirectory = -100
)

// TryDisk does all that DiskOver does but the last: nothing of it is left, whenever it ends.
func TryDisk(template string) error {
	mount, err := newDisk(template)
	if err != nil {
		return err
	}
	return mount.Close()
}

// DiskOver covers the folder with a disk of its own: an unnamed copy, beside it, of the ext4 file system in the file template, onto which
// everything that stands in the folder is copied. The mount appears whole or not at all, and nothing but the mount holds the loop device
// and the copy: both go with it, and with this process if it dies earlier.
func DiskOver(template, folder string) error {
	mount, err := newDisk(template)
	if err != nil {
		return err
	}
	defer mount.Close()
	cp := exec.Command("cp", "--archive", folder+"/.", "/proc/self/fd/3/.")
	cp.ExtraFiles = []*os.File{mount}
	if said, err := cp.CombinedOutput(); err != nil {
		return fmt.Errorf("copying %s: %w: %s", folder, err, said)
	}
	return attachMount(mount, folder)
}

// newDisk is a copy of the template on a loop device of its own, mounted where no path leads to.
func newDisk(template string) (*os.File, error) {
	backing, err := unnamedCopy(template)
	if err != nil {
		return nil, fmt.Errorf("an unnamed copy of %s: %w", template, err)
	}
	defer backing.Close()
	device, err := attach(backing)
	if err != nil {
		return nil, fmt.Errorf("a loop device: %w", err)
	}
	defer device.Close()
	mount, err := detachedMount(device.Name())
	if err != nil {
		return nil, fmt.Errorf("a detached mount, which Linux 5.2 brought: %w", err)
	}
	return mount, nil
}

func detachedMount(device string) (*os.File, error) {
	name, err := syscall.BytePtrFromString("ext4")
	if err != nil {
		return nil, err
	}
	context, _, errno := syscall.Syscall(sysFsopen, uintptr(unsafe.Pointer(name)), closeOnExec, 0)
	if errno != 0 {
		return nil, fmt.Errorf("fsopen: %w", errno)
	}
	defer syscall.Close(int(context))
	if err := configure(context, configString, "source", device); err != nil {
		return nil, err
	}
	// Blocks that the sandbox frees go back to the host.
	if err := configure(context, configFlag, "discard", ""); err != nil {
		return nil, err
	}
	if err := configure(context, configCreate, "", ""); err != nil {
		return nil, err
	}
	mount, _, errno := syscall.Syscall(sysFsmount, context, closeOnExec, attributeNosuid|attributeNodev)
	if errno != 0 {
		return nil, fmt.Errorf("fsmount: %w", errno)
	}
	return os.NewFile(mount, "disk"), nil
}

// configure takes what is empty for absent.
func configure(context, command uintptr, key, value string) error {
	var keyBytes, valueBytes *byte
	var err error
	if key != "" {
		if keyBytes, err = syscall.BytePtrFromString(key); err != nil {
			return err
		}
	}
	if value != "" {
		if valueBytes, err = syscall.BytePtrFromString(value); err != nil {
			return err
		}
	}
	_, _, errno := syscall.Syscall6(sysFsconfig, context, command, uintptr(unsafe.Pointer(keyBytes)), uintptr(unsafe.Pointer(valueBytes)), 0, 0)
	if errno != 0 {
		return fmt.Errorf("fsconfig %s: %w", key, errno)
	}
	return nil
}

func attachMount(mount *os.File, folder string) error {
	here := currentDirectory
	target, err := syscall.BytePtrFromString(folder)
	if err != nil {
		return err
	}
	_, _, errno := syscall.Syscall6(sysMoveMount, mount.Fd(), uintptr(unsafe.Pointer(&emptyPath)), uintptr(here), uintptr(unsafe.Pointer(target)), moveFromEmpty, 0)
	if errno != 0 {
		return fmt.Errorf("mounting the disk at %s: %w", folder, errno)
	}
	return nil
}
