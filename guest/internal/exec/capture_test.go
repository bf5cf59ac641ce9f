package exec

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAllIsInTheHeadWhenNothingIsMissing(t *testing.T) {
	c := newCapture(4, 4, nil)
	c.write([]byte("abcdef"))
	c.write([]byte("gh"))
	if s := c.stream(); s != (Stream{Head: "abcdefgh", TotalBytes: 8, SpooledBytes: 8}) {
		t.Errorf("%+v", s)
	}
	c.write([]byte("i"))
	if s := c.stream(); s != (Stream{Head: "abcd", Tail: "fghi", TotalBytes: 9, Truncated: true, SpooledBytes: 4}) {
		t.Errorf("%+v", s)
	}
}

func TestCharactersAreNotCut(t *testing.T) {
	c := newCapture(5, 5, nil)
	c.write([]byte(strings.Repeat("€", 10)))
	if s := c.stream(); s.Head != "€" || s.Tail != "€" || !s.Truncated {
		t.Errorf("%+v", s)
	}
	c = newCapture(100, 0, nil)
	c.write([]byte("a\xff\xfeb"))
	if s := c.stream(); s.Head != "a\uFFFD\uFFFDb" {
		t.Errorf("%+v", s)
	}
}

func TestPagesGiveTheWholeAsItWasWritten(t *testing.T) {
	s, err := openSpool(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := newCapture(10, 10, s)
	var whole bytes.Buffer
	for i := range 1000 {
		piece := fmt.Appendf(nil, "%d\xff\n", i)
		whole.Write(piece)
		c.write(piece)
		if i%100 == 0 {
			expectPages(t, c, whole.Bytes())
		}
	}
	expectPages(t, c, whole.Bytes())
	c.finish()
	expectPages(t, c, whole.Bytes())
	c.discard()
	if b, total, readable, err := c.page(0, 100); err != nil || readable != 10 || total != int64(whole.Len()) || string(b) != whole.String()[:10] {
		t.Errorf("without its file: %q of %d, %d in all, %v", b, readable, total, err)
	}
}

func expectPages(t *testing.T, c *capture, whole []byte) {
	t.Helper()
	for _, size := range []int{7, 100, 1 << 20} {
		var got []byte
		for {
			b, _, _, err := c.page(int64(len(got)), size)
			if err != nil {
				t.Fatal(err)
			}
			if len(b) == 0 {
				break
			}
			got = append(got, b...)
		}
		if !bytes.Equal(got, whole) {
			t.Fatalf("pages of %d give %d bytes of %d", size, len(got), len(whole))
		}
	}
}

func TestTheSpoolGivesUpTheOldestFinishedAndNeverARunningOne(t *testing.T) {
	s, err := openSpool(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s.limit = 250
	fill := func() *capture {
		c := newCapture(1, 1, s)
		c.write(bytes.Repeat([]byte{'x'}, 100))
		return c
	}
	first, second := fill(), fill()
	if third := fill(); third.stream().SpooledBytes != 1 {
		t.Errorf("a file was made beyond the limit: %+v", third.stream())
	}
	first.finish()
	fourth := fill()
	if first.stream().SpooledBytes != 1 || second.stream().SpooledBytes != 100 || fourth.stream().SpooledBytes != 100 {
		t.Errorf("%+v %+v %+v", first.stream(), second.stream(), fourth.stream())
	}
	for _, c := range []*capture{first, second, fourth} {
		c.finish()
		c.discard()
	}
	if s.used != 0 {
		t.Errorf("%d bytes are counted of nothing", s.used)
	}
}

func FuzzCapture(f *testing.F) {
	f.Add([]byte("häßlich€𝄞"), 3, 4, 2)
	f.Add([]byte{0xe2, 0x82, 0xff, 0x80, 0x80, 0x80, 0x80}, 1, 2, 3)
	f.Fuzz(func(t *testing.T, data []byte, headCap, tailCap, piece int) {
		headCap, tailCap, piece = headCap&63, tailCap&63, 1+piece&31
		c := newCapture(headCap, tailCap, nil)
		for rest := data; len(rest) > 0; {
			n := min(piece, len(rest))
			c.write(rest[:n])
			rest = rest[n:]
		}
		s := c.stream()
		if !utf8.ValidString(s.Head) || !utf8.ValidString(s.Tail) || s.TotalBytes != int64(len(data)) {
			t.Fatalf("%+v", s)
		}
		if s.Truncated != (len(data) > headCap+tailCap) {
			t.Fatalf("truncated: %v of %d bytes", s.Truncated, len(data))
		}
		if !utf8.Valid(data) {
			return
		}
		// Whole characters only, so nothing was made up.
		if whole := string(data); !strings.HasPrefix(whole, s.Head) || !strings.HasSuffix(whole, s.Tail) || !s.Truncated && s.Head != whole {
			t.Fatalf("%q gives %q and %q", whole, s.Head, s.Tail)
		}
		if s.Truncated && (headCap-len(s.Head) > 3 || tailCap-len(s.Tail) > 3) {
			t.Fatalf("%q gives too little: %q and %q", data, s.Head, s.Tail)
		}
	})
}
