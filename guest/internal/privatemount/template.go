package privatemount

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

const (
	seekData = 3
	seekHole = 4
	tmpfile  = 0o20000000 | syscall.O_DIRECTORY
)

// namedCopy makes the file path, which must not be there yet, of the data of a sparse one.
func namedCopy(template, path string) error {
	to, err := openCopy(template, path, os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	return to.Close()
}

// unnamedCopy copies the data of a sparse file to one without a name in the same folder.
func unnamedCopy(template string) (*os.File, error) {
	return openCopy(template, filepath.Dir(template), os.O_RDWR|tmpfile)
}

func openCopy(template, path string, flags int) (*os.File, error) {
	from, err := os.Open(template)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	stat, err := from.Stat()
	if err != nil {
		return nil, err
	}
	to, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return nil, err
	}
	if err := copyData(to, from, stat.Size()); err != nil {
		to.Close()
		return nil, err
	}
	return to, nil
}

func copyData(to, from *os.File, size int64) error {
	if err := to.Truncate(size); err != nil {
		return err
	}
	for end := int64(0); ; {
		start, err := from.Seek(end, seekData)
		if errors.Is(err, syscall.ENXIO) {
			return nil
		}
		if err != nil {
			return err
		}
		if end, err = from.Seek(start, seekHole); err != nil {
			return err
		}
		if _, err := from.Seek(start, io.SeekStart); err != nil {
			return err
		}
		if _, err := to.Seek(start, io.SeekStart); err != nil {
			return err
		}
		if _, err := io.CopyN(to, from, end-start); err != nil {
			return err
		}
	}
}
