package probe

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"berth/guest/internal/mountinfo"
)

// Mount is a line of mountinfo.
type Mount struct {
	Target string `json:"target"`
	// Root is what of its file system is mounted.
	Root     string `json:"root"`
	Type     string `json:"type"`
	ReadOnly bool   `json:"read_only"`
}

// Node is a device node.
type Node struct {
	Path  string `json:"path"`
	Block bool   `json:"block"`
	Major uint64 `json:"major"`
	Minor uint64 `json:"minor"`
}

// Disk is the file system of a path.
type Disk struct {
	Path  string `json:"path"`
	Bytes uint64 `json:"bytes"`
	// Inodes is 0 where there is no fixed number.
	Inodes uint64 `json:"inodes"`
}

const (
	maxMounts  = 1024
	maxDevices = 4096
	// Fields of mountinfo before the optional ones.
	mountFields = 6
)

func mounts() ([]Mount, error) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	found := []Mount{}
	for line := range strings.Lines(string(text)) {
		before, after, _ := strings.Cut(line, " - ")
		fields := strings.Fields(before)
		if len(fields) < mountFields || len(found) == maxMounts {
			return nil, fmt.Errorf("mountinfo: %d mounts, then %q", len(found), line)
		}
		fsType, rest, _ := strings.Cut(after, " ")
		_, super, _ := strings.Cut(strings.TrimSpace(rest), " ")
		found = append(found, Mount{
			Target: mountinfo.Unescape(fields[4]), Root: mountinfo.Unescape(fields[3]), Type: fsType,
			ReadOnly: hasOption(fields[5], "ro") || hasOption(super, "ro"),
		})
	}
	return found, nil
}

func hasOption(options, name string) bool {
	for option := range strings.SplitSeq(options, ",") {
		if option == name {
			return true
		}
	}
	return false
}

// devices lists the device nodes below /dev. What is in a folder that may not be entered cannot be opened either.
func devices() ([]Node, error) {
	found := []Node{}
	err := filepath.WalkDir("/dev", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type()&fs.ModeDevice == 0 {
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return nil
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok || len(found) == maxDevices {
			return fmt.Errorf("/dev: more than %d device nodes", maxDevices)
		}
		device := stat.Rdev
		found = append(found, Node{
			Path: path, Block: entry.Type()&fs.ModeCharDevice == 0,
			Major: device>>8&0xfff | device>>32&^0xfff, Minor: device&0xff | device>>12&^0xff,
		})
		return nil
	})
	return found, err
}

func interfaces() ([]string, error) {
	text, err := os.ReadFile("/proc/net/dev")
	if err != nil {
		return nil, err
	}
	found := []string{}
	for line := range strings.Lines(string(text)) {
		if name, _, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) != "lo" {
			found = append(found, strings.TrimSpace(name))
		}
	}
	return found, nil
}

func disks(paths ...string) ([]Disk, error) {
	found := make([]Disk, 0, len(paths))
	for _, path := range paths {
		absolute, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		var stat syscall.Statfs_t
		if err := syscall.Statfs(absolute, &stat); err != nil {
			return nil, fmt.Errorf("statfs %s: %w", absolute, err)
		}
		found = append(found, Disk{Path: absolute, Bytes: stat.Blocks * uint64(stat.Bsize), Inodes: stat.Files})
	}
	return found, nil
}
