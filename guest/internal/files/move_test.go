package files

import (
	"os"
	"testing"

	"berth/guest/internal/fault"
)

func TestAMoveMakesTheFoldersAboveAndKeepsWhatWasThere(t *testing.T) {
	f := newFixture(t)
	f.put("a.txt", "one")
	f.put("b.txt", "two")
	if err := f.Move(background, "a.txt", "new/folder/c.txt"); err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(f.path("new/folder/c.txt")); err != nil || string(content) != "one" {
		t.Fatalf("%q, %v", content, err)
	}
	if err := f.Move(background, "new/folder/c.txt", "b.txt"); !fault.Is(fault.From(err), fault.AlreadyExists) {
		t.Fatalf("replacing gave %v", err)
	}
	if content, _ := os.ReadFile(f.path("b.txt")); string(content) != "two" {
		t.Fatalf("b.txt holds %q", content)
	}
}

func TestAFolderMovesWithAllThatIsInIt(t *testing.T) {
	f := newFixture(t)
	f.put("a.txt", "one")
	for _, step := range [][2]string{{"a.txt", "from/deep/a.txt"}, {"from", "to/here"}} {
		if err := f.Move(background, step[0], step[1]); err != nil {
			t.Fatal(err)
		}
	}
	if content, err := os.ReadFile(f.path("to/here/deep/a.txt")); err != nil || string(content) != "one" {
		t.Fatalf("%q, %v", content, err)
	}
	if err := f.Move(background, "to", "to/inside"); !fault.Is(fault.From(err), fault.InvalidArgument) {
		t.Fatalf("moving into itself gave %v", err)
	}
}

func TestAMoveDoesNotLeaveTheRoot(t *testing.T) {
	f := newFixture(t)
	f.put("a.txt", "one")
	for _, to := range []string{"../a.txt", f.outside, "/etc/a.txt"} {
		if err := f.Move(background, "a.txt", to); !fault.Is(fault.From(err), fault.OutsideRoot) {
			t.Errorf("to %s: %v", to, err)
		}
	}
	if err := f.Move(background, ".", "b"); !fault.Is(fault.From(err), fault.InvalidArgument) {
		t.Errorf("the root: %v", err)
	}
}
