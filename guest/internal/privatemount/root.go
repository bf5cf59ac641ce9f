package privatemount

import "fmt"

// Root is what a sandbox sees as /: an overlay, the disk beneath it, and whose ids its files have.
type Root struct {
	// Overlay is the options of the mount; empty mounts nothing.
	Overlay, At string
	// Disk is a file with an ext4 file system, mounted at DiskAt first; empty for none. It is made as a copy of DiskTemplate.
	Disk, DiskTemplate, DiskAt string
	// IDs is the range that the ids in the sandbox stand for; without one they are the host's.
	IDs IDRange
	// ShiftedLayers are the folders that hold the overlay's layers; ShiftedTrees what else of the host the sandbox sees.
	ShiftedLayers, ShiftedTrees []string
}

// Mount moves the calling thread to a mount namespace of its own (see Enter) and mounts the root there.
func (r *Root) Mount() error {
	if err := Enter(); err != nil {
		return err
	}
	if r.Disk != "" {
		if err := namedCopy(r.DiskTemplate, r.Disk); err != nil {
			return fmt.Errorf("a copy of the disk %s: %w", r.DiskTemplate, err)
		}
		if err := Disk(r.Disk, r.DiskAt); err != nil {
			return err
		}
	}
	if r.IDs.Count == 0 {
		return Overlay(r.Overlay, r.At)
	}
	shift, err := NewShift(r.IDs)
	if err != nil {
		return err
	}
	defer shift.Close()
	for _, layer := range r.ShiftedLayers {
		if err := shift.Layer(layer); err != nil {
			return err
		}
	}
	for _, tree := range r.ShiftedTrees {
		if err := shift.Tree(tree); err != nil {
			return err
		}
	}
	return shift.Overlay(r.Overlay, r.At)
}
