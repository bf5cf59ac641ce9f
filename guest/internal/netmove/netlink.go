package netmove

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
)

// conversation is a netlink socket in the network namespace of the thread that opened it.
type conversation struct {
	fd       int
	sequence uint32
}

const (
	receiveBytes = 64 << 10
	// answerTimeout bounds the wait for the kernel, which answers at once.
	answerTimeoutSeconds = 10
)

func open() (*conversation, error) {
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, syscall.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	timeout := syscall.Timeval{Sec: answerTimeoutSeconds}
	if err := syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &timeout); err != nil {
		_ = syscall.Close(fd)
		return nil, err
	}
	if err := syscall.Bind(fd, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
		_ = syscall.Close(fd)
		return nil, err
	}
	return &conversation{fd: fd}, nil
}

func (c *conversation) close() { _ = syscall.Close(c.fd) }

// ask sends one message and returns when the kernel has acknowledged it.
func (c *conversation) ask(kind, flags uint16, body []byte) error {
	if err := c.send(kind, flags|syscall.NLM_F_REQUEST|syscall.NLM_F_ACK, body); err != nil {
		return err
	}
	_, err := c.receive()
	return err
}

// dump returns the bodies of all messages of one kind that the namespace has; each begins with the header of its family.
func (c *conversation) dump(kind uint16, family byte) ([]syscall.NetlinkMessage, error) {
	if err := c.send(kind, syscall.NLM_F_REQUEST|syscall.NLM_F_DUMP, []byte{family}); err != nil {
		return nil, err
	}
	return c.receive()
}

func (c *conversation) send(kind, flags uint16, body []byte) error {
	c.sequence++
	message := make([]byte, syscall.NLMSG_HDRLEN, syscall.NLMSG_HDRLEN+len(body))
	binary.NativeEndian.PutUint32(message[0:], uint32(syscall.NLMSG_HDRLEN+len(body)))
	binary.NativeEndian.PutUint16(message[4:], kind)
	binary.NativeEndian.PutUint16(message[6:], flags)
	binary.NativeEndian.PutUint32(message[8:], c.sequence)
	return syscall.Sendto(c.fd, append(message, body...), 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK})
}

func (c *conversation) receive() ([]syscall.NetlinkMessage, error) {
	var found []syscall.NetlinkMessage
	buffer := make([]byte, receiveBytes)
	for {
		n, _, err := syscall.Recvfrom(c.fd, buffer, 0)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return nil, err
		}
		messages, err := syscall.ParseNetlinkMessage(buffer[:n])
		if err != nil {
			return nil, err
		}
		for _, message := range messages {
			if message.Header.Seq != c.sequence {
				continue
			}
			switch message.Header.Type {
			case syscall.NLMSG_DONE:
				return found, nil
			case syscall.NLMSG_ERROR:
				return found, refusal(message.Data)
			}
			message.Data = append([]byte(nil), message.Data...)
			found = append(found, message)
		}
	}
}

func refusal(data []byte) error {
	if len(data) < 4 {
		return errors.New("the kernel's answer is cut short")
	}
	code := int32(binary.NativeEndian.Uint32(data))
	if code == 0 {
		return nil
	}
	return fmt.Errorf("the kernel refused: %w", syscall.Errno(-code))
}

func attribute(kind uint16, value uint32) []byte {
	const length = 8
	made := make([]byte, length)
	binary.NativeEndian.PutUint16(made[0:], length)
	binary.NativeEndian.PutUint16(made[2:], kind)
	binary.NativeEndian.PutUint32(made[4:], value)
	return made
}
