// Package text cuts bytes between characters and makes valid UTF-8 of them.
package text

import (
	"strings"
	"unicode/utf8"
)

// Valid makes valid UTF-8 of b: each byte that is none becomes U+FFFD.
func Valid(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var s strings.Builder
	s.Grow(len(b) + len(b)/4)
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		s.WriteRune(r)
		b = b[size:]
	}
	return s.String()
}

// CutEnd drops the beginning of a character that the end of b cuts off, at most 3 bytes. Other bytes that are no UTF-8 stay.
func CutEnd(b []byte) []byte {
	for back := 1; back < utf8.UTFMax && back <= len(b); back++ {
		if start := len(b) - back; utf8.RuneStart(b[start]) {
			if !utf8.FullRune(b[start:]) {
				return b[:start]
			}
			return b
		}
	}
	return b
}

// CutStart drops the end of a character that the start of b cuts off, at most 3 bytes.
func CutStart(b []byte) []byte {
	n := 0
	for n < len(b) && n < utf8.UTFMax-1 && !utf8.RuneStart(b[n]) {
		n++
	}
	return b[n:]
}

// Limit shortens b to at most limit bytes without cutting a character.
func Limit(b []byte, limit int) []byte {
	if len(b) <= limit {
		return b
	}
	return CutEnd(b[:limit])
}
