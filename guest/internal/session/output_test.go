package session

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"berth/guest/internal/leaktest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m)) }

const enough = 20 * time.Second

func TestTheLastBytesAreReadFromAnyOffset(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	kept := ring{most: 64}
	var all []byte
	for range 400 {
		piece := make([]byte, random.IntN(100))
		for i := range piece {
			piece[i] = byte(random.Uint32())
		}
		kept.write(piece)
		all = append(all, piece...)
		if kept.total != int64(len(all)) || len(kept.bytes) > kept.most {
			t.Fatalf("%d bytes of %d, %d kept", kept.total, len(all), len(kept.bytes))
		}
		offset, limit := random.IntN(len(all)+2), random.IntN(100)
		from, p := kept.read(int64(offset), limit)
		want := all[min(max(offset, len(all)-64), len(all)):]
		want = want[:min(limit, len(want))]
		if !bytes.Equal(p, want) || len(p) > 0 && !bytes.Equal(all[from:from+int64(len(p))], p) {
			t.Fatalf("from %d at %d: %x, not %x", offset, from, p, want)
		}
	}
}

func TestAReaderIsGivenWhatComesAndThenTheEnd(t *testing.T) {
	o := newOutput(1000, false)
	pages := make(chan Page)
	go func() {
		for offset := int64(0); ; {
			page := o.read(context.Background(), offset, 100, enough, 0)
			pages <- page
			if offset = page.Total; page.Ended {
				return
			}
		}
	}()
	o.write([]byte("one"))
	if page := <-pages; string(page.Bytes) != "one" || page.Ended {
		t.Errorf("%+v", page)
	}
	o.finish()
	if page := <-pages; len(page.Bytes) != 0 || !page.Ended {
		t.Errorf("%+v", page)
	}
}

func TestAReaderThatWaitsForAPauseGetsBothPieces(t *testing.T) {
	o := newOutput(1000, false)
	page := make(chan Page)
	go func() { page <- o.read(context.Background(), 0, 6, enough, enough/2) }()
	o.write([]byte("one"))
	o.write([]byte("two"))
	if got := <-page; string(got.Bytes) != "onetwo" {
		t.Errorf("%+v", got)
	}
}

func TestAReaderThatGoesAwayWaitsNoLonger(t *testing.T) {
	o := newOutput(1000, false)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if page := o.read(ctx, 0, 100, enough, 0); len(page.Bytes) != 0 || page.Ended {
		t.Errorf("%+v", page)
	}
}

func TestALosslessOutputHasRoomOnlyForWhatWasReceived(t *testing.T) {
	o := newOutput(10, true)
	o.write([]byte("0123456789"))
	if o.room() != 0 {
		t.Fatalf("room for %d", o.room())
	}
	room := make(chan bool)
	go func() { room <- o.awaitRoom(make(chan struct{})) }()
	// Reading is not receiving: the page may not have arrived.
	if page := o.read(context.Background(), 0, 4, 0, 0); string(page.Bytes) != "0123" || o.room() != 0 {
		t.Errorf("%+v, room for %d", page, o.room())
	}
	o.read(context.Background(), 4, 4, 0, 0)
	if !<-room || o.room() != 4 {
		t.Errorf("room for %d", o.room())
	}
	stop := make(chan struct{})
	close(stop)
	o.write([]byte("abcd"))
	if o.awaitRoom(stop) {
		t.Error("it did not heed the stop")
	}
}

func TestALosslessOutputGrowsByTheLastOfWhatWasWritten(t *testing.T) {
	for received := range int64(8) {
		o := newOutput(10, true)
		o.write([]byte("0123456789"))
		o.read(context.Background(), received, 1, 0, 0)
		o.write([]byte("abcdefgh")[:received])
		o.writeLast([]byte("ABC"))
		o.writeLast([]byte("DE"))
		want := ("0123456789" + "abcdefgh"[:received] + "ABCDE")[received:]
		page := o.read(context.Background(), received, 100, 0, 0)
		if string(page.Bytes) != want || page.From != received || page.Total != 15+received {
			t.Errorf("%d were received: %+v, want %s", received, page, want)
		}
	}
}
