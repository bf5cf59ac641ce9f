package fence

import (
	"context"
	"testing"

	"berth/guest/internal/fault"
)

func TestAReplacedEpochIsRefused(t *testing.T) {
	var gate Gate
	for _, c := range []struct {
		epoch  uint64
		fenced bool
	}{{0, false}, {3, false}, {3, false}, {2, true}, {0, true}, {4, false}, {3, true}} {
		_, leave, err := gate.Enter(t.Context(), c.epoch)
		if fault.Is(err, fault.Fenced) != c.fenced || (err != nil) != c.fenced {
			t.Errorf("epoch %d: %v", c.epoch, err)
		}
		if err == nil {
			leave()
		}
	}
}

func TestAHigherEpochEndsWhatRunsAndWaitsForIt(t *testing.T) {
	var gate Gate
	old, leaveOld, err := gate.Enter(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	entered := make(chan error)
	go func() {
		_, leave, err := gate.Enter(context.Background(), 2)
		if err == nil {
			leave()
		}
		entered <- err
	}()
	<-old.Done()
	select {
	case err := <-entered:
		t.Fatalf("it did not wait: %v", err)
	default:
	}
	leaveOld()
	if err := <-entered; err != nil {
		t.Error(err)
	}
}

func TestWhoeverWaitsMayLeave(t *testing.T) {
	var gate Gate
	_, leaveOld, err := gate.Enter(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := gate.Enter(ctx, 2); err == nil {
		t.Error("it went on")
	}
	leaveOld()
	if len(gate.inside) != 0 || len(gate.replaced) != 0 {
		t.Errorf("left behind: %d, %d", len(gate.inside), len(gate.replaced))
	}
}
