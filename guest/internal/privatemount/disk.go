package privatemount

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"
)

const (
	loopControl    = "/dev/loop-control"
	loopGetFree    = 0x4C82
	loopConfigure  = 0x4C0A
	flagAutoclear  = 4
	attachAttempts = 200
)

// loopConfig is struct loop_config of linux/loop.h.
type loopConfig struct {
	fd        uint32
	blockSize uint32
	info      struct {
		device, inode, rdevice, offset, sizeLimit  uint64
		number, encryptType, encryptKeySize, flags uint32
		fileName, cryptName                        [64]byte
		encryptKey                                 [32]byte
		init                                       [2]uint64
	}
	reserved [8]uint64
}

// Disk mounts the ext4 file system in the file image at target. The kernel lets go of the loop device when the mount ends.
func Disk(image, target string) error {
	backing, err := os.OpenFile(image, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer backing.Close()
	device, err := attach(backing)
	if err != nil {
		return fmt.Errorf("a loop device for %s: %w", image, err)
	}
	defer device.Close()
	// discard: blocks that the sandbox frees go back to the host.
	if err := syscall.Mount(device.Name(), target, "ext4", syscall.MS_NODEV|syscall.MS_NOSUID, "discard"); err != nil {
		return fmt.Errorf("the disk %s at %s: %w", image, target, err)
	}
	return nil
}

// attach gives the file a free loop device. Between finding one and taking it another process may be quicker.
func attach(backing *os.File) (*os.File, error) {
	control, err := os.OpenFile(loopControl, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer control.Close()
	for range attachAttempts {
		number, _, errno := syscall.Syscall(syscall.SYS_IOCTL, control.Fd(), loopGetFree, 0)
		if errno != 0 {
			return nil, errno
		}
		device, err := os.OpenFile(fmt.Sprintf("/dev/loop%d", number), os.O_RDWR, 0)
		if err != nil {
			return nil, err
		}
		config := loopConfig{fd: uint32(backing.Fd())}
		config.info.flags = flagAutoclear
		_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, device.Fd(), loopConfigure, uintptr(unsafe.Pointer(&config)))
		if errno == 0 {
			return device, nil
		}
		device.Close()
		if errno != syscall.EBUSY {
			return nil, errno
		}
		time.Sleep(time.Millisecond)
	}
	return nil, errors.New("every free one was taken by somebody else")
}
