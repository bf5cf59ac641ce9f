package fault

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"berth/guest/internal/beneath"
)

func TestErrorsOfTheSystemGetTheirCodes(t *testing.T) {
	root, err := beneath.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	_, escape := root.Open("../x")
	_, missing := root.Open("x")
	for _, c := range []struct {
		err  error
		code Code
	}{
		{escape, OutsideRoot}, {missing, NotFound}, {syscall.ENOSPC, NoSpace}, {&fs.PathError{Err: syscall.ENOTDIR}, NotDirectory},
		{fmt.Errorf("x: %w", syscall.EACCES), PermissionDenied}, {fs.ErrExist, AlreadyExists}, {errors.New("x"), Internal},
		{fmt.Errorf("x: %w", New(Busy, "%d", 1)), Busy},
	} {
		if got := From(c.err); got.Code != c.code || got.Message == "" {
			t.Errorf("%v: %s", c.err, got.Code)
		}
	}
}
