// Package expiry is the dead-man switch: the time at which a sandbox that nobody cares for ends itself.
package expiry

import (
	"sync"
	"time"
)

// Expiry is a time that can be put off as long as it has not come. Either it came, or it was put off: never both.
type Expiry struct {
	mu   sync.Mutex
	at   time.Time
	came bool
	// toCome is closed by the first who puts it off, who sets it so; nil when it was set from the start.
	toCome chan struct{}
	isSet  bool
}

// At makes an Expiry; the zero time is never.
func At(at time.Time) *Expiry {
	// Compared by the wall clock, which goes on while the machine is suspended.
	return &Expiry{at: at.Round(0), isSet: true}
}

// ToCome makes an Expiry that is never until it is put off the first time, which sets it.
func ToCome() *Expiry { return &Expiry{toCome: make(chan struct{})} }

// Set is closed when one that was to come has been set; nil for every other.
func (e *Expiry) Set() <-chan struct{} { return e.toCome }

// PutOff moves it to at least d from now, and gives the time; it is never moved nearer. Too late is not ok.
func (e *Expiry) PutOff(d time.Duration) (at time.Time, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.came || e.isOver() {
		return time.Time{}, false
	}
	later := time.Now().Round(0).Add(d)
	switch {
	case !e.isSet:
		e.at, e.isSet = later, true
		close(e.toCome)
	case !e.at.IsZero() && later.After(e.at):
		e.at = later
	}
	return e.at, true
}

// Left is how long it still takes; never is not ok. After it has given zero or less nothing puts it off any more.
func (e *Expiry) Left() (left time.Duration, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.at.IsZero() {
		return 0, false
	}
	if e.isOver() {
		e.came = true
		return 0, true
	}
	return time.Until(e.at), true
}

func (e *Expiry) isOver() bool { return !e.at.IsZero() && !time.Now().Round(0).Before(e.at) }
