package spawn

import (
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"berth/guest/internal/leaktest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m)) }

// command writes to a temporary file, whose content it returns when the process has ended.
func run(t *testing.T, c *Children, change func(*Command)) (Exit, *StartError, string) {
	t.Helper()
	out, err := os.CreateTemp(t.TempDir(), "out")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	null, err := os.OpenFile("/dev/null", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	dir, err := os.Open("/")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	command := &Command{Dir: int(dir.Fd()), Stdin: int(null.Fd()), Stdout: int(out.Fd()), Stderr: int(out.Fd()), Env: map[string]string{"PATH": "/nowhere:/usr/bin:/bin"}}
	change(command)
	p, err := c.Start(command)
	if err != nil {
		t.Fatal(err)
	}
	exit := <-p.Exited
	if c.Alive(p) || c.Started(p.PID) {
		t.Error("it is reaped and still counts as alive")
	}
	failure := p.StartFailure()
	content, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	return exit, failure, string(content)
}

func TestAProgramIsFoundAndGetsWhatItIsGiven(t *testing.T) {
	c := NewChildren()
	defer c.Close()
	exit, failure, out := run(t, c, func(command *Command) {
		command.Argv = []string{"sh", "-c", `echo "$0 $B $(pwd)"; exit 9`, "x y"}
		command.Env["B"] = "b"
	})
	if failure != nil || exit.Status.ExitStatus() != 9 || out != "x y b /\n" {
		t.Errorf("%v, %v, %q", exit.Status, failure, out)
	}
}

func TestAnotherProgramIsStartedWhereThereIsNoneOfThatName(t *testing.T) {
	c := NewChildren()
	defer c.Close()
	for name, want := range map[string]string{"no-such-program": "otherwise", "sh": "first"} {
		exit, failure, out := run(t, c, func(command *Command) {
			command.Argv = []string{name, "-c", "echo first; exit 127"}
			command.Otherwise = []string{"/bin/sh", "-c", "echo otherwise; exit 127"}
		})
		if failure != nil || exit.Status.ExitStatus() != 127 || out != want+"\n" {
			t.Errorf("%s: %v, %v, %q", name, exit.Status, failure, out)
		}
	}
	_, failure, _ := run(t, c, func(command *Command) {
		command.Argv, command.Otherwise = []string{"no-such-program"}, []string{"/no/such/program"}
	})
	if failure == nil || !failure.NotFound() {
		t.Errorf("%v", failure)
	}
}

func TestManyChildrenEndEachWithItsOwnStatus(t *testing.T) {
	c := NewChildren()
	defer c.Close()
	done := make(chan error, 50)
	for i := range 50 {
		go func() {
			exit, _, _ := run(t, c, func(command *Command) { command.Argv = []string{"sh", "-c", "exit " + string(rune('0'+i%10))} })
			if exit.Status.ExitStatus() != i%10 {
				done <- errors.New("a foreign status")
				return
			}
			done <- nil
		}()
	}
	for range 50 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestWhyAProgramDoesNotStartIsTold(t *testing.T) {
	c := NewChildren()
	defer c.Close()
	for program, want := range map[string]syscall.Errno{"no-such": syscall.ENOENT, "/etc": syscall.EACCES, "/etc/passwd/x": syscall.ENOENT} {
		_, failure, _ := run(t, c, func(command *Command) { command.Argv = []string{program} })
		if failure == nil || failure.Stage != StageExec || failure.Errno != want || failure.NotFound() != (want != syscall.EACCES) {
			t.Errorf("%s: %+v", program, failure)
		}
	}
	_, failure, _ := run(t, c, func(command *Command) {
		command.Argv = []string{"true"}
		command.Dir = command.Stdin
	})
	if failure == nil || failure.Stage != StageDir {
		t.Errorf("a directory that is none: %+v", failure)
	}
}

func TestTheSearchPathHasNoCurrentDirectory(t *testing.T) {
	got := candidates("x", map[string]string{"PATH": ":/a::/b/:"})
	if !slices.Equal(got, []string{"/a/x", "/b/x"}) {
		t.Errorf("%v", got)
	}
	if got := candidates("./x", nil); !slices.Equal(got, []string{"./x"}) {
		t.Errorf("%v", got)
	}
	if got := candidates("x", map[string]string{"PATH": strings.Repeat("/a:", 1000)}); len(got) != maxSearchDirs {
		t.Errorf("%d candidates", len(got))
	}
	if got := candidates("x", nil); len(got) == 0 {
		t.Error("no default path")
	}
}
