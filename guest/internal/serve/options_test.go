package serve

import (
	"io"
	"slices"
	"testing"
)

func TestOptionsHaveTheDefaultsOfTheProtocol(t *testing.T) {
	o, err := ParseOptions([]string{"--listen", "fd:3"}, io.Discard)
	if err != nil || *o != (Options{Listen: "fd:3", Root: "/workspace", UID: 1000, GID: 1000, Spool: "/run/berth/spool"}) {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestWrongOptionsAreRefused(t *testing.T) {
	for _, wrong := range [][]string{
		{}, {"--root", "x"}, {"--root", "/"}, {"--root", "/a/../b"}, {"--root", "/a/"}, {"--uid", "0"}, {"--gid", "-1"}, {"--uid", "4294967296"},
		{"--expires-at", "-1"}, {"--expires-at", "soon"}, {"--build", "--spool", ""}, {"extra"}, {"--unknown"},
	} {
		arguments := wrong
		if len(wrong) > 0 {
			arguments = slices.Concat([]string{"--listen", "fd:3"}, wrong)
		}
		if o, err := ParseOptions(arguments, io.Discard); err == nil {
			t.Errorf("%v: %+v", arguments, o)
		}
	}
}
