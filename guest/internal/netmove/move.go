// Package netmove takes the interfaces of a network namespace away into a new one, with their addresses and routes: what stays behind has a loopback
// and nothing else.
package netmove

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"syscall"
)

const (
	loopbackIndex = 1
	linkInfoBytes = syscall.SizeofIfInfomsg
	netnsByFd     = 28 // IFLA_NET_NS_FD
	// Neighbours that nobody asked the network for: some networks reach their gateway by them alone.
	permanent      = 0x80
	neighbourBytes = 12
)

// Elsewhere moves every interface but the loopback into a new network namespace and runs work on a thread in that. Sockets that work opens belong
// there, and the namespace lives as long as one of them. CAP_SYS_ADMIN and CAP_NET_ADMIN are needed.
func Elsewhere(work func() error) error {
	result := make(chan error, 1)
	go func() {
		// Never unlocked: the thread ends with the goroutine, so nothing else runs in that namespace.
		runtime.LockOSThread()
		result <- elsewhere(work)
	}()
	return <-result
}

func elsewhere(work func() error) error {
	here, err := open()
	if err != nil {
		return err
	}
	defer here.close()
	state, err := read(here)
	if err != nil {
		return fmt.Errorf("reading the interfaces: %w", err)
	}
	if err := syscall.Unshare(syscall.CLONE_NEWNET); err != nil {
		return fmt.Errorf("making a network namespace: %w", err)
	}
	namespace, err := os.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", syscall.Gettid()))
	if err != nil {
		return err
	}
	defer namespace.Close()
	there, err := open()
	if err != nil {
		return err
	}
	defer there.close()
	for _, index := range state.links {
		if err := here.ask(syscall.RTM_SETLINK, 0, append(link(index, 0), attribute(netnsByFd, uint32(namespace.Fd()))...)); err != nil {
			return fmt.Errorf("moving interface %d: %w", index, err)
		}
	}
	if err := state.restore(there); err != nil {
		return err
	}
	return work()
}

// state is what moving an interface loses.
type state struct {
	links                         []int32
	addresses, routes, neighbours [][]byte
}

func read(c *conversation) (*state, error) {
	var s state
	links, err := c.dump(syscall.RTM_GETLINK, syscall.AF_UNSPEC)
	if err != nil {
		return nil, err
	}
	for _, m := range links {
		if len(m.Data) < linkInfoBytes {
			continue
		}
		if index := int32(binary.NativeEndian.Uint32(m.Data[4:])); index != loopbackIndex && !isTunnelStub(m) {
			s.links = append(s.links, index)
		}
	}
	addresses, err := c.dump(syscall.RTM_GETADDR, syscall.AF_UNSPEC)
	if err != nil {
		return nil, err
	}
	for _, m := range addresses {
		if len(m.Data) >= syscall.SizeofIfAddrmsg && binary.NativeEndian.Uint32(m.Data[4:]) != loopbackIndex && m.Data[3] != syscall.RT_SCOPE_LINK {
			s.addresses = append(s.addresses, m.Data)
		}
	}
	for _, family := range []byte{syscall.AF_INET, syscall.AF_INET6} {
		routes, err := c.dump(syscall.RTM_GETROUTE, family)
		if err != nil {
			return nil, err
		}
		for _, m := range routes {
			// The kernel makes its own again when the addresses come.
			if len(m.Data) >= syscall.SizeofRtMsg && m.Data[4] == syscall.RT_TABLE_MAIN && m.Data[5] != syscall.RTPROT_KERNEL {
				s.routes = append(s.routes, m.Data)
			}
		}
	}
	neighbours, err := c.dump(syscall.RTM_GETNEIGH, syscall.AF_UNSPEC)
	if err != nil {
		return nil, err
	}
	for _, m := range neighbours {
		if len(m.Data) >= neighbourBytes && binary.NativeEndian.Uint16(m.Data[8:]) == permanent {
			s.neighbours = append(s.neighbours, m.Data)
		}
	}
	return &s, nil
}

// isTunnelStub tells the devices that the kernel makes in every namespace by itself (tunl0, sit0 and the like): down, bound to where they are, and
// leading nowhere.
func isTunnelStub(m syscall.NetlinkMessage) bool {
	return binary.NativeEndian.Uint32(m.Data[8:])&syscall.IFF_UP == 0
}

func (s *state) restore(c *conversation) error {
	for _, index := range s.links {
		if err := c.ask(syscall.RTM_NEWLINK, 0, link(index, syscall.IFF_UP)); err != nil {
			return fmt.Errorf("starting interface %d: %w", index, err)
		}
	}
	const fresh = syscall.NLM_F_CREATE | syscall.NLM_F_REPLACE
	for _, address := range s.addresses {
		if err := c.ask(syscall.RTM_NEWADDR, fresh, address); err != nil {
			return fmt.Errorf("giving an address: %w", err)
		}
	}
	for _, neighbour := range s.neighbours {
		if err := c.ask(syscall.RTM_NEWNEIGH, fresh, neighbour); err != nil {
			return fmt.Errorf("naming a neighbour: %w", err)
		}
	}
	return s.restoreRoutes(c)
}

// restoreRoutes tries again what a later route makes possible: a gateway must be reachable before a route goes through it.
func (s *state) restoreRoutes(c *conversation) error {
	left := s.routes
	for len(left) > 0 {
		var refused [][]byte
		var last error
		for _, route := range left {
			if err := c.ask(syscall.RTM_NEWROUTE, syscall.NLM_F_CREATE|syscall.NLM_F_REPLACE, route); err != nil {
				refused, last = append(refused, route), err
			}
		}
		if len(refused) == len(left) {
			return fmt.Errorf("making a route: %w", last)
		}
		left = refused
	}
	return nil
}

func link(index int32, flags uint32) []byte {
	message := make([]byte, linkInfoBytes)
	binary.NativeEndian.PutUint32(message[4:], uint32(index))
	binary.NativeEndian.PutUint32(message[8:], flags)
	binary.NativeEndian.PutUint32(message[12:], flags)
	return message
}
