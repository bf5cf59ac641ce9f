// Package starter starts launchers on request. A controller that forked them itself would stand still for each, for as long as
// the machine is busy.
package starter

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// Request asks for a run of this binary with Args, whose output goes to the file Log, or for the end of one: Cancel alone.
type Request struct {
	ID        int      `json:"id"`
	Args      []string `json:"args"`
	Log       string   `json:"log"`
	TimeoutMs int      `json:"timeout_ms"`
	Cancel    bool     `json:"cancel"`
}

// Reply tells how a run ended: by its exit code, -1 when a signal ended it, or why there was none.
type Reply struct {
	ID    int    `json:"id"`
	Code  int    `json:"code"`
	Error string `json:"error,omitempty"`
}

const maxRequestBytes = 1 << 20

// Serve answers requests, a JSON object a line, until in ends and the last run has. Runs end with this process.
func Serve(in io.Reader, out io.Writer) error {
	s := server{out: json.NewEncoder(out), running: map[int]*os.Process{}}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxRequestBytes)
	for lines.Scan() {
		var request Request
		if err := json.Unmarshal(lines.Bytes(), &request); err != nil {
			return fmt.Errorf("a request: %w", err)
		}
		if request.Cancel {
			s.kill(request.ID)
			continue
		}
		s.start(request)
	}
	s.runs.Wait()
	return lines.Err()
}

type server struct {
	mutex   sync.Mutex
	out     *json.Encoder
	running map[int]*os.Process
	runs    sync.WaitGroup
}

func (s *server) start(request Request) {
	log, err := os.OpenFile(request.Log, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		s.reply(Reply{ID: request.ID, Error: err.Error()})
		return
	}
	command := exec.Command("/proc/self/exe", request.Args...)
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err = command.Start()
	_ = log.Close()
	if err != nil {
		s.reply(Reply{ID: request.ID, Error: err.Error()})
		return
	}
	s.mutex.Lock()
	s.running[request.ID] = command.Process
	s.mutex.Unlock()
	s.runs.Go(func() {
		late := time.AfterFunc(time.Duration(request.TimeoutMs)*time.Millisecond, func() { s.kill(request.ID) })
		_ = command.Wait()
		late.Stop()
		s.mutex.Lock()
		delete(s.running, request.ID)
		s.mutex.Unlock()
		s.reply(Reply{ID: request.ID, Code: command.ProcessState.ExitCode()})
	})
}

func (s *server) kill(id int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if process := s.running[id]; process != nil {
		_ = process.Kill()
	}
}

func (s *server) reply(reply Reply) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	// A controller that is gone asks for nothing any more.
	_ = s.out.Encode(reply)
}
