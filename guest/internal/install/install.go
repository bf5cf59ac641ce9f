// Package install puts this very program where another container finds it.
package install

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const (
	readAndExecute = 0o555
	passable       = 0o755
)

// At copies the running program to path, complete or not at all, for everyone to execute and nobody to write.
func At(path string) error {
	source, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer source.Close()
	folder := filepath.Dir(path)
	if err := os.Chmod(folder, passable); err != nil {
		return err
	}
	draft, err := os.CreateTemp(folder, ".draft-")
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name())
	_, err = io.Copy(draft, source)
	if err == nil {
		err = draft.Chmod(readAndExecute)
	}
	if closed := draft.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.Rename(draft.Name(), path)
}
