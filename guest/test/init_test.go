package test

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestTheToolUserCannotReachTheGuest(t *testing.T) {
	g := start(t)
	for _, script := range []string{
		"cat /proc/1/environ", "ls /proc/1/fd", "cat /proc/1/mem", "cat /proc/1/maps", "ls /proc/1/root/", "kill -0 1", "echo 1000 > /proc/1/oom_score_adj",
		"ls " + filepath.Dir(g.socket), "perl -MIO::Socket::UNIX -e 'exit !IO::Socket::UNIX->new(Peer => \"" + g.socket + "\")'",
		"perl -e 'syscall(101, 16, 1, 0, 0) == 0 or exit 1'",
	} {
		if r := g.sh(script, 10*time.Second); r.ended() == "exited 0" || r.Outcome.Type != "exited" {
			t.Errorf("%s: %s, %q", script, r.ended(), r.Stdout.Head)
		}
	}
	// The same connection succeeds for root: it is the user that is refused.
	if _, err := net.Dial("unix", g.socket); err != nil {
		t.Error(err)
	}
}

func TestASocketWithoutItsDirectoryStillRefusesOtherUsers(t *testing.T) {
	g := start(t)
	if err := os.Chmod(filepath.Dir(g.socket), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(g.socket, 0o666); err != nil {
		t.Fatal(err)
	}
	script := "perl -MIO::Socket::UNIX -e '$SIG{PIPE} = \"IGNORE\"; $s = IO::Socket::UNIX->new(Peer => \"" + g.socket + "\") or exit 3; print {$s} \"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n\\0\\0\\0\\4\\0\\0\\0\\0\\0\"; exit(defined(<$s>) ? 0 : 4)'"
	if r := g.sh(script, 10*time.Second); r.ended() != "exited 4" {
		t.Errorf("%s, %q", r.ended(), r.Stderr.Head)
	}
}

func TestAProcessWhoseFirstThreadHasEndedIsKilledToo(t *testing.T) {
	g := start(t)
	self, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(g.root, "headless"), self, 0o755); err != nil {
		t.Fatal(err)
	}
	r := g.sh(headlessMarker+`=1 ./headless & until grep -q 'State:.Z' /proc/$!/status; do :; done; grep Threads /proc/$!/status`, 20*time.Second)
	if r.ended() != "exited 0" || r.SurvivorsKilled != 1 || strings.TrimSpace(r.Stdout.Head) == "Threads:\t1" {
		t.Errorf("%s, %d killed, %q", r.ended(), r.SurvivorsKilled, r.Stdout.Head+r.Stderr.Head)
	}
	if n := g.processes(); n != 0 {
		t.Errorf("%d processes are left", n)
	}
}

const headlessMarker = "BERTH_TEST_HEADLESS"

// init runs on the first thread, which ends here while the others go on.
func init() {
	if os.Getenv(headlessMarker) == "" {
		return
	}
	runtime.LockOSThread()
	go func() {
		for {
			time.Sleep(time.Second)
		}
	}()
	syscall.RawSyscall(syscall.SYS_EXIT, 0, 0, 0)
}

func TestRootCommandsCannotLeaveTheirCallByDroppingGroups(t *testing.T) {
	g := start(t, with("--allow-root"))
	call := g.call(`perl -e '$) = "0 0"; exec "setsid", "sleep", "600"' & perl -e '$( = $) = "61 61"; $< = $> = 61; sleep 600' & sleep 0.2; id -u`, 10*time.Second)
	call["user"] = "root"
	var r result
	g.post("/v1/exec", call).decode(t, &r)
	if r.ended() != "exited 0" || r.Stdout.Head != "0\n" || r.SurvivorsKilled < 2 {
		t.Errorf("%s, %q, %d killed", r.ended(), r.Stdout.Head+r.Stderr.Head, r.SurvivorsKilled)
	}
	if n := g.processes(); n != 0 {
		t.Errorf("%d processes are left", n)
	}
	if r := g.sh("grep -E 'NoNewPrivs|CapEff' /proc/self/status", 5*time.Second); r.Stdout.Head != "CapEff:\t0000000000000000\nNoNewPrivs:\t1\n" {
		t.Errorf("tools where root is allowed: %q", r.Stdout.Head)
	}
}

func TestQuiesceKillsAllAndSparesTheBridge(t *testing.T) {
	g := start(t)
	// As a runtime's exec does: from outside into the namespaces of the sandbox.
	g.client = bridged(t, "nsenter", "--target", strconv.Itoa(g.process.Pid), "--pid", "--mount", binary, "dial", "unix:"+g.socket)
	var running sync.WaitGroup
	running.Go(func() {
		_, _ = g.request("POST", "/v1/exec", strings.NewReader(`{"call_id":"a","argv":["/bin/sleep","600"],"timeout_ms":600000}`))
	})
	for g.processes() == 0 {
		time.Sleep(time.Millisecond)
	}
	var killed struct{ Killed int }
	g.do("POST", "/v1/quiesce", nil).decode(t, &killed)
	// A connection with an answer on its way is not idle, and the bridge ends with its connection.
	running.Wait()
	if killed.Killed != 1 || g.processes() != 0 {
		t.Errorf("%d killed, %d are left", killed.Killed, g.processes())
	}
}

func TestToolsCanNeitherSignalNorReadAnyThreadOfTheGuest(t *testing.T) {
	g := start(t)
	script := "set -- /proc/1/task/*; echo $(($# > 12)); for t; do kill -0 ${t##*/} && echo signalled $t; cat $t/environ $t/mem $t/fd/0 && echo read $t; done 2>/dev/null; echo all"
	if r := g.sh(script, 10*time.Second); r.Stdout.Head != "1\nall\n" {
		t.Errorf("%q", r.Stdout.Head)
	}
}

// bridged speaks over the standard input and output of a program.
func bridged(t *testing.T, name string, arguments ...string) *http.Client {
	t.Helper()
	var bridges []func()
	transport := &http.Transport{Protocols: new(http.Protocols), DialContext: func(context.Context, string, string) (net.Conn, error) {
		pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		theirs := os.NewFile(uintptr(pair[1]), "theirs")
		ours := os.NewFile(uintptr(pair[0]), "ours")
		defer ours.Close()
		defer theirs.Close()
		command := exec.Command(name, arguments...)
		command.Stdin, command.Stdout, command.Stderr = theirs, theirs, os.Stderr
		if err := command.Start(); err != nil {
			return nil, err
		}
		ended := make(chan struct{})
		go func() {
			_ = command.Wait()
			close(ended)
		}()
		bridges = append(bridges, func() {
			select {
			case <-ended:
			case <-time.After(10 * time.Second):
				t.Error("the bridge outlives its connection")
				_ = command.Process.Kill()
			}
		})
		return net.FileConn(ours)
	}}
	transport.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		for _, ended := range bridges {
			ended()
		}
	})
	return &http.Client{Transport: transport}
}

func TestABridgeCarriesTheProtocol(t *testing.T) {
	g := start(t)
	g.client = bridged(t, binary, "dial", "unix:"+g.socket)
	content := strings.Repeat("x", 5<<20)
	if r := g.do("PUT", "/v1/files/write?path=f", strings.NewReader(content)); r.status != 200 {
		t.Fatalf("%s", r.body)
	}
	if r := g.do("GET", "/v1/files/read?path=f", nil); string(r.body) != content {
		t.Errorf("%d bytes", len(r.body))
	}
}

func TestASocketIsHandedOver(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "socket")
	// What a dead predecessor left.
	stale, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	stale.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = stale.Close()
	if err := os.WriteFile(filepath.Join(dir, "events"), []byte("low 0\noom 9\noom_kill 7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	g := start(t, setting(func(a *[]string, _ *[]string) {
		serve := slices.Clone(*a)
		for i := range serve {
			if serve[i] == "--listen" {
				serve[i+1] = "fd:3"
			}
		}
		serve = append(serve, "--oom-events", "fd:4")
		*a = append([]string{binary, "listen", "--socket", path, "--oom-events", filepath.Join(dir, "events"), "--"}, serve...)
	}), at(path))
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	var health struct {
		OOMKills *int64 `json:"oom_kills"`
	}
	g.do("GET", "/v1/health", nil).decode(t, &health)
	if health.OOMKills == nil || *health.OOMKills != 7 {
		t.Errorf("%+v", health)
	}
	if r := g.sh("ls /proc/self/fd | wc -l; ls /proc/self/fd/4 2>&1", 5*time.Second); !strings.HasPrefix(r.Stdout.Head, "4\n") {
		t.Errorf("a command has more descriptors than its own: %q", r.Stdout.Head)
	}
}
