package test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// startBuild runs a guest in a root of its own that holds little but its binary, and gives that root.
func startBuild(t *testing.T, arguments ...string) (*guest, string) {
	t.Helper()
	root := t.TempDir()
	for _, dir := range []string{"proc", "etc", "opt/tools", filepath.Dir(binary)} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{binary: content, "etc/passwd": []byte("root"), "opt/tools/old": []byte("old")} {
		if err := os.WriteFile(filepath.Join(root, name), text, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	letTheClockTick(t)
	const socket = "/run/guest/socket"
	settings := setting(func(a *[]string, e *[]string) {
		*a = append(*a, append([]string{"--listen", "unix:" + socket, "--root", "/work/space", "--spool", "/run/guest/spool", "--allow-root"}, arguments...)...)
		*e = append(*e, initRoot+"="+root)
	})
	return start(t, settings, at(root+socket)), root
}

// stampSlack is more than the guest allows a file system's clock to be behind, twice over.
const stampSlack = 50 * time.Millisecond

// letTheClockTick returns once all there is looks older than a change of now by more than the guest's slack: what is as young as its listing
// counts as changed. Some kernels stamp finely as soon as somebody looks, so one step of the clock proves nothing.
func letTheClockTick(t *testing.T) {
	t.Helper()
	probe := filepath.Join(t.TempDir(), "probe")
	written := func() time.Time {
		if err := os.WriteFile(probe, []byte("now"), 0o600); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(probe)
		if err != nil {
			t.Fatal(err)
		}
		return info.ModTime()
	}
	for enough, deadline := written().Add(stampSlack), time.Now().Add(10*time.Second); !written().After(enough); {
		if time.Now().After(deadline) {
			t.Fatal("the clock of the file system stands still")
		}
	}
}

func TestABuildSandboxTellsWhatItChangedAsALayer(t *testing.T) {
	g, root := startBuild(t, "--build")
	g.do("PUT", "/v1/files/write?path=made", strings.NewReader("by a tool"))
	if err := os.WriteFile(filepath.Join(root, "etc/new"), []byte("by setup"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(root, "opt/tools/old")); err != nil {
		t.Fatal(err)
	}
	r := g.post("/v1/layer", map[string]any{"max_entries": 100, "max_bytes": 1 << 20})
	if outcome := r.trailer.Get("berth-outcome"); r.status != 200 || outcome != "done" {
		t.Fatalf("%d %q %s", r.status, outcome, r.body)
	}
	zipped, err := gzip.NewReader(bytes.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for archive := tar.NewReader(zipped); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		// Where the guest listens is a volume in a sandbox.
		if !strings.HasPrefix(h.Name, "run/") {
			names = append(names, h.Name)
		}
	}
	want := []string{"etc/", "etc/new", "opt/", "opt/tools/", "opt/tools/.wh.old", "work/", "work/space/", "work/space/made"}
	if !slices.Equal(names, want) {
		t.Errorf("%q", names)
	}
}

func TestALayerThatFailsOnTheWayTellsWhy(t *testing.T) {
	g, _ := startBuild(t, "--build")
	g.do("PUT", "/v1/files/write?path=made", strings.NewReader("more than one byte"))
	r := g.post("/v1/layer", map[string]any{"max_entries": 100, "max_bytes": 1})
	if outcome := r.trailer.Get("berth-outcome"); !strings.Contains(outcome, `"too_large"`) {
		t.Errorf("%d %q", r.status, outcome)
	}
}

func TestOnlyABuildSandboxHasALayer(t *testing.T) {
	g, _ := startBuild(t)
	if r := g.post("/v1/layer", map[string]any{"max_entries": 100, "max_bytes": 1}); r.code() != "permission_denied" {
		t.Errorf("%d %s", r.status, r.body)
	}
}
