package probe

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Guest is what can be seen of the process that started this one.
type Guest struct {
	PID int `json:"pid"`
	// UID owns its folder in /proc.
	UID *int `json:"uid"`
	// Capabilities are what it holds and could gain.
	Capabilities *Capabilities `json:"capabilities"`
	// Opened names the files of that folder which show its inside and could be opened.
	Opened []string `json:"opened"`
}

func lookAtGuest() Guest {
	guest := Guest{PID: os.Getppid(), Opened: []string{}}
	folder := filepath.Join("/proc", strconv.Itoa(guest.PID))
	if info, err := os.Stat(folder); err == nil {
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			uid := int(stat.Uid)
			guest.UID = &uid
		}
	}
	if status, err := os.ReadFile(filepath.Join(folder, "status")); err == nil {
		guest.Capabilities = capabilitiesIn(fieldsOf(string(status)))
	}
	for _, name := range []string{"environ", "mem", "maps", "fd", "root", "cwd"} {
		if canLookInto(filepath.Join(folder, name)) {
			guest.Opened = append(guest.Opened, name)
		}
	}
	return guest
}

// canLookInto reads: some of these files open for everyone and then give nothing. Of the memory, opening it is enough.
func canLookInto(path string) bool {
	if filepath.Base(path) != "mem" {
		return readable(path)
	}
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	_ = file.Close()
	return true
}
