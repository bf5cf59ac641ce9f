// Package mountinfo reads the escapes of /proc/self/mountinfo.
package mountinfo

import (
	"strconv"
	"strings"
)

// Unescape reads the octal escapes that the kernel writes for white space and backslashes.
func Unescape(path string) string {
	var plain strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] == '\\' && i+3 < len(path) {
			if code, err := strconv.ParseUint(path[i+1:i+4], 8, 8); err == nil {
				plain.WriteByte(byte(code))
				i += 3
				continue
			}
		}
		plain.WriteByte(path[i])
	}
	return plain.String()
}
