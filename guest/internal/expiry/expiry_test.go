package expiry

import (
	"sync"
	"testing"
	"time"
)

func TestAnExpiryIsPutOffButNeverMovedNearer(t *testing.T) {
	e := At(time.Now().Add(time.Minute))
	if at, ok := e.PutOff(time.Hour); !ok || time.Until(at) < 59*time.Minute {
		t.Errorf("%v %v", at, ok)
	}
	if at, ok := e.PutOff(time.Second); !ok || time.Until(at) < 59*time.Minute {
		t.Errorf("%v %v", at, ok)
	}
	if left, ok := e.Left(); !ok || left < 59*time.Minute {
		t.Errorf("%v %v", left, ok)
	}
}

func TestWhatCameIsNotPutOff(t *testing.T) {
	e := At(time.Now().Add(-time.Millisecond))
	if _, ok := e.PutOff(time.Hour); ok {
		t.Error("it was put off")
	}
	if left, ok := e.Left(); !ok || left > 0 {
		t.Errorf("%v %v", left, ok)
	}
}

func TestNeverStaysNever(t *testing.T) {
	e := At(time.Time{})
	if at, ok := e.PutOff(time.Hour); !ok || !at.IsZero() {
		t.Errorf("%v %v", at, ok)
	}
	if _, ok := e.Left(); ok {
		t.Error("it comes")
	}
}

func TestPuttingOffAgainstTheEndHasOneWinner(t *testing.T) {
	for range 200 {
		e := At(time.Now().Add(50 * time.Microsecond))
		var both sync.WaitGroup
		var put bool
		ended := make(chan bool, 1)
		both.Go(func() { _, put = e.PutOff(time.Hour) })
		both.Go(func() {
			for began := time.Now(); time.Since(began) < time.Millisecond; {
				if left, _ := e.Left(); left <= 0 {
					ended <- true
					return
				}
			}
			ended <- false
		})
		both.Wait()
		left, _ := e.Left()
		if ended := <-ended || left <= 0; ended == put {
			t.Fatalf("put off: %v, ended: %v", put, ended)
		}
	}
}

func TestOneToComeIsNeverUntilItIsPutOffAndThenAsAnyOther(t *testing.T) {
	e := ToCome()
	if left, ok := e.Left(); ok {
		t.Errorf("%v", left)
	}
	for _, d := range []time.Duration{time.Minute, time.Second} {
		if at, ok := e.PutOff(d); !ok || time.Until(at) < 59*time.Second || time.Until(at) > time.Minute {
			t.Errorf("%v %v", at, ok)
		}
		<-e.Set()
	}
}
