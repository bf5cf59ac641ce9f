package exec

import (
	"strings"
	"testing"
)

func TestGroupsComeFromWhatTheUserNamespaceMaps(t *testing.T) {
	for gidMap, base := range map[string]int{
		"         0          0 4294967295\n":        preferredGroup,
		"0 100000 65536\n":                          32768,
		"0 1000 1\n1 100000 65536\n":                1 + 65536 - 32768,
		"0 100000 65536\n1073741824 165536 65536\n": preferredGroup,
	} {
		g, err := newGroups(strings.NewReader(gidMap), 0)
		if err != nil || g.take() != base {
			t.Errorf("%q: %+v, %v", gidMap, g, err)
		}
	}
	if _, err := newGroups(strings.NewReader("0 1000 1\n"), 0); err == nil {
		t.Error("one group is enough for nothing")
	}
}

func TestALiveGroupIsNotLentTwice(t *testing.T) {
	g, err := newGroups(strings.NewReader("0 0 8\n"), 3)
	if err != nil {
		t.Fatal(err)
	}
	taken := map[int]bool{}
	for range 4 {
		taken[g.take()] = true
	}
	if len(taken) != 4 {
		t.Fatalf("%v", taken)
	}
	g.release(5)
	if again := g.take(); again != 5 || g.owned(3) {
		t.Errorf("%d was lent", again)
	}
}
