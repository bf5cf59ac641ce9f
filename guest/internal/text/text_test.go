package text

import (
	"testing"
	"unicode/utf8"
)

func TestCutsFallBetweenCharacters(t *testing.T) {
	for _, c := range []struct{ in, end, start string }{
		{"", "", ""}, {"abc", "abc", "abc"}, {"a€", "a€", "a€"}, {"a\xe2\x82", "a", "a\xe2\x82"}, {"\x82\xacb", "\x82\xacb", "b"},
		{"\xf0\x9d\x84", "", "\xf0\x9d\x84"}, {"\x80\x80\x80\x80", "\x80\x80\x80\x80", "\x80"}, {"a\xff", "a\xff", "a\xff"}, {"\x82", "\x82", ""},
	} {
		if got := string(CutEnd([]byte(c.in))); got != c.end {
			t.Errorf("end of %q: %q", c.in, got)
		}
		if got := string(CutStart([]byte(c.in))); got != c.start {
			t.Errorf("start of %q: %q", c.in, got)
		}
	}
}

func TestEachStrayByteIsReplaced(t *testing.T) {
	if got := Valid([]byte("a\xff\xfe\xe2\x82b")); got != "a\uFFFD\uFFFD\uFFFD\uFFFDb" {
		t.Errorf("%q", got)
	}
}

func FuzzLimit(f *testing.F) {
	f.Add("aä€𝄞", 5)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit &= 255
		got := Limit([]byte(s), limit)
		if len(got) > limit && len(s) > limit || len(got) < min(limit, len(s))-3 {
			t.Fatalf("%d bytes of %d", len(got), limit)
		}
		if utf8.ValidString(s) && !utf8.Valid(got) {
			t.Fatalf("%q", got)
		}
	})
}
