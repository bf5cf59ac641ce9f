package layer

import (
	"os"
	"strings"

	"berth/guest/internal/mountinfo"
)

const mountInfo = "/proc/self/mountinfo"

// mountPoints are the paths, relative to top, of what is mounted beneath it: the runtime's and the kernel's, and no part of the image.
func mountPoints(top string) (map[string]bool, error) {
	text, err := os.ReadFile(mountInfo)
	if err != nil {
		return nil, err
	}
	prefix := strings.TrimRight(top, "/") + "/"
	found := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		// "36 35 98:0 /in/the/file/system /mount/point options …": what is no plain character is written as \ooo.
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		if path, ok := strings.CutPrefix(mountinfo.Unescape(fields[4]), prefix); ok && path != "" {
			found[path] = true
		}
	}
	return found, nil
}
