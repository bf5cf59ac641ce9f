package exec

import (
	"os"
	"syscall"
)

// openPipe makes a pipe of which the guest's end does not block while the command's does: they are two open files. The tool user
// owns it, so that a command may open /dev/stdout anew.
func openPipe(uid, gid int) (read, write int, err error) {
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
		return -1, -1, err
	}
	_ = syscall.Fchown(fds[0], uid, gid)
	return fds[0], fds[1], nil
}

// standardInput gives a descriptor to read the text from. Without a text it is /dev/null where there is one: some
// programs take a pipe as a sign that they are meant to read it.
func standardInput(text string, uid, gid int) (fd int, stop func(), err error) {
	if text == "" {
		if fd, err := syscall.Open("/dev/null", syscall.O_RDONLY|syscall.O_CLOEXEC, 0); err == nil {
			return fd, func() {}, nil
		}
	}
	read, write, err := openPipe(uid, gid)
	if err != nil {
		return -1, nil, err
	}
	if text == "" {
		syscall.Close(write)
		return read, func() {}, nil
	}
	if err := syscall.SetNonblock(write, true); err != nil {
		syscall.Close(read)
		syscall.Close(write)
		return -1, nil, err
	}
	file := os.NewFile(uintptr(write), "stdin")
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = file.WriteString(text)
		_ = file.Close()
	}()
	return read, func() {
		_ = file.Close()
		<-done
	}, nil
}

// outputPipe makes a pipe for a command to write to, and pumps it.
func outputPipe(into *capture, uid, gid int) (write int, p *pump, err error) {
	read, write, err := openPipe(uid, gid)
	if err != nil {
		return -1, nil, err
	}
	if err := syscall.SetNonblock(read, true); err != nil {
		syscall.Close(read)
		syscall.Close(write)
		return -1, nil, err
	}
	return write, startPump(read, into), nil
}
