package session

import (
	"context"
	"os"
	"strconv"
	"strings"
)

const (
	maxPathBytes = 4 << 10
	maxNameShown = 64
)

// lookAt tells which program has the terminal and where it is, from the terminal and from /proc as the tool user sees it: what is on the screen
// says nothing for sure. Not every kernel tells.
func (s *Sessions) lookAt(ctx context.Context, one *session, told *State) {
	first := one.held.PID()
	front := first
	if one.kind == Terminal {
		front = one.foreground()
	}
	if front == 0 {
		return
	}
	told.Busy = front != first
	for _, pid := range []int{front, first} {
		folder := "/proc/" + strconv.Itoa(pid)
		name, err := os.ReadFile(folder + "/comm")
		if err != nil {
			continue
		}
		told.Foreground = shown(strings.TrimRight(string(name[:min(len(name), maxNameShown)]), "\n"))
		_ = s.config.AsTool(ctx, func() error {
			if cwd, err := os.Readlink(folder + "/cwd"); err == nil && len(cwd) <= maxPathBytes {
				told.Cwd = shown(cwd)
			}
			return nil
		})
		return
	}
}

func (s *session) foreground() (group int) {
	_ = s.onMaster(func(fd int) error {
		group = foreground(fd)
		return nil
	})
	return group
}

func shown(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
