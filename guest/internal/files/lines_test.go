package files

import (
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"berth/guest/internal/fault"
)

func (f *fixture) lines(name string, start, count, maxBytes, maxLineBytes int64) *Lines {
	f.t.Helper()
	lines, err := f.Lines(background, name, LineRange{Start: start, Count: count, MaxBytes: maxBytes, MaxLineBytes: maxLineBytes})
	if err != nil {
		f.t.Fatal(err)
	}
	return lines
}

func TestLinesKeepTheirEndsAndAreCounted(t *testing.T) {
	f := newFixture(t)
	f.put("file", "one\r\ntwo\n\nfour")
	f.put("empty", "")
	f.put("ended", "a\nb\n")
	const plenty = 1000
	for _, c := range []struct {
		name         string
		start, count int64
		text         string
		end, total   int64
	}{
		{"file", 1, 100, "one\r\ntwo\n\nfour", 4, 4},
		{"file", 2, 2, "two\n\n", 3, 4},
		{"file", 4, 1, "four", 4, 4},
		{"file", 5, 1, "", 4, 4},
		{"file", 100, 1, "", 99, 4},
		{"file", 1, 0, "", 0, 4},
		{"empty", 1, 10, "", 0, 0},
		{"ended", 2, 10, "b\n", 2, 2},
	} {
		l := f.lines(c.name, c.start, c.count, plenty, plenty)
		if l.Text != c.text || l.EndLine != c.end || l.TotalLines != c.total || l.StartLine != c.start || l.Truncated || l.LongLines != 0 {
			t.Errorf("%+v: %+v", c, l)
		}
	}
	if l := f.lines("file", 1, 1, plenty, plenty); l.TotalBytes != 14 {
		t.Errorf("%d bytes", l.TotalBytes)
	}
}

func TestTextIsLimitedAtLinesAndLinesAtCharacters(t *testing.T) {
	f := newFixture(t)
	f.put("file", "€€€€\nb\nc\n")
	if l := f.lines("file", 1, 10, 1000, 7); l.Text != "€€\nb\nc\n" || l.LongLines != 1 || l.Truncated {
		t.Errorf("%+v", l)
	}
	if l := f.lines("file", 2, 10, 3, 1000); l.Text != "b\n" || l.EndLine != 2 || !l.Truncated || l.TotalLines != 3 {
		t.Errorf("%+v", l)
	}
	// A reader that goes on at end_line + 1 always gets on.
	if l := f.lines("file", 1, 10, 4, 1000); l.Text != "€\n" || l.EndLine != 1 || !l.Truncated || l.LongLines != 1 {
		t.Errorf("%+v", l)
	}
}

func TestWhatIsNoTextIsRefusedAndStrayBytesAreReplaced(t *testing.T) {
	f := newFixture(t)
	f.put("binary", "text\x00more")
	_, err := f.Lines(background, "binary", LineRange{Start: 1, Count: 1, MaxBytes: 10, MaxLineBytes: 10})
	expectCode(t, "binary", err, fault.NotText)
	f.put("latin", "caf\xe9\n")
	if l := f.lines("latin", 1, 1, 100, 100); l.Text != "caf\uFFFD\n" {
		t.Errorf("%q", l.Text)
	}
	_, err = f.Lines(background, "latin", LineRange{Start: 0, Count: 1, MaxBytes: 10, MaxLineBytes: 10})
	expectCode(t, "line 0", err, fault.InvalidArgument)
}

func TestOneGiantLineTakesLittleMemory(t *testing.T) {
	f := newFixture(t)
	f.put("giant", strings.Repeat("ä", 50<<20))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	l := f.lines("giant", 1, 1, 1000, 501)
	runtime.ReadMemStats(&after)
	if len(l.Text) != 500 || !utf8.ValidString(l.Text) || l.TotalBytes != 100<<20 || l.LongLines != 1 || l.TotalLines != 1 {
		t.Errorf("%d bytes of text, %+v", len(l.Text), l.TotalBytes)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("%d bytes were allocated", used)
	}
}
