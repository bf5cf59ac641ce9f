package beneath

import (
	"io/fs"
	"slices"
	"strings"
	"syscall"
)

const (
	maxLinks = 40
	// A path may be long, or go up often, but not both: going up begins anew from the root.
	maxSteps    = 255
	maxRestarts = 8
	// How often a link may take the place of what was no link just before.
	maxRaces = 8
)

type options struct {
	// keepLink leaves a last link for what it is.
	keepLink bool
	// make is the mode of directories that are made where they are missing, the last one excepted; nil makes none.
	make *uint32
}

// at resolves name and calls do with an open directory beneath the root and a name in it that is no path: "." for the directory itself.
// Where do meets a link with ELOOP although it was to be followed, the name is resolved again.
func (r *Root) at(op, name string, o options, do func(dir int, base string) error) error {
	var err error
	for range maxRaces {
		w := &walker{root: r.fd, dir: r.fd, options: o}
		var base string
		if base, err = w.resolve(name); err == nil {
			err = do(w.dir, base)
		}
		w.leave()
		if err != syscall.ELOOP || o.keepLink || w.links > maxLinks {
			break
		}
	}
	if err == nil {
		return nil
	}
	if _, described := err.(*fs.PathError); described {
		return err
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// walker goes from the root to where a path leads, one directory at a time.
type walker struct {
	options
	root, dir int
	// passed are the directories between the root and dir, none of them a link.
	passed                 []string
	links, steps, restarts int
}

func (w *walker) leave() {
	if w.dir != w.root {
		syscall.Close(w.dir)
		w.dir = w.root
	}
}

func (w *walker) resolve(name string) (base string, err error) {
	parts, err := split(name)
	if err != nil {
		return "", err
	}
	for len(parts) > 0 {
		if w.steps++; w.steps > maxSteps && w.restarts > maxRestarts {
			return "", syscall.ENAMETOOLONG
		}
		part := parts[0]
		parts = parts[1:]
		switch {
		case part == ".":
			// Only at the end: the directory itself is meant.
			return ".", nil
		case part == "..":
			if parts, err = w.up(parts); err != nil {
				return "", err
			}
			continue
		case len(parts) == 0 && w.keepLink:
			return part, nil
		}
		rest, err := w.down(part, parts)
		if err != nil {
			return "", err
		}
		if rest == nil {
			return part, nil
		}
		parts = rest
	}
	return ".", nil
}

// split gives the names of a path. One that ends in "/" or "." ends in ".", because it means a directory.
func split(name string) ([]string, error) {
	if strings.HasPrefix(name, "/") {
		return nil, ErrEscapes
	}
	if name == "" || strings.ContainsRune(name, 0) {
		return nil, syscall.EINVAL
	}
	all := strings.Split(name, "/")
	parts := slices.DeleteFunc(slices.Clone(all), func(part string) bool { return part == "" || part == "." })
	if last := all[len(all)-1]; last == "" || last == "." {
		parts = append(parts, ".")
	}
	return parts, nil
}

// up begins again at the root, with one directory less: ".." of a directory that was moved meanwhile may be anywhere.
func (w *walker) up(parts []string) ([]string, error) {
	if len(w.passed) == 0 {
		return nil, ErrEscapes
	}
	parts = slices.Concat(w.passed[:len(w.passed)-1], parts)
	w.passed = nil
	w.restarts++
	w.leave()
	return parts, nil
}

// down enters part, or gives what is to be resolved in its stead when it is a link. It gives nil when part is the last and no link, or is missing.
func (w *walker) down(part string, rest []string) ([]string, error) {
	fd, mode, err := look(w.dir, part)
	if err == syscall.ENOENT && len(rest) == 0 {
		return nil, nil
	}
	if err == syscall.ENOENT && w.make != nil {
		if err = syscall.Mkdirat(w.dir, part, *w.make); err != nil && err != syscall.EEXIST {
			return nil, err
		}
		fd, mode, err = look(w.dir, part)
	}
	if err != nil {
		return nil, err
	}
	switch {
	case mode == syscall.S_IFLNK:
		syscall.Close(fd)
		return w.follow(part, rest)
	case len(rest) == 0:
		syscall.Close(fd)
		return nil, nil
	case mode != syscall.S_IFDIR:
		syscall.Close(fd)
		return nil, syscall.ENOTDIR
	}
	w.leave()
	w.dir = fd
	w.passed = append(w.passed, part)
	return rest, nil
}

func (w *walker) follow(link string, rest []string) ([]string, error) {
	if w.links++; w.links > maxLinks {
		return nil, syscall.ELOOP
	}
	target, err := readlinkat(w.dir, link)
	if err == syscall.EINVAL {
		// It was a link just before.
		err = syscall.ELOOP
	}
	if err != nil {
		return nil, err
	}
	parts, err := split(target)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 && parts[len(parts)-1] == "." {
		parts = parts[:len(parts)-1]
	}
	parts = append(parts, rest...)
	if len(parts) == 0 {
		parts = []string{"."}
	}
	return parts, nil
}
