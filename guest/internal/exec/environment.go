package exec

import (
	"os"
	"strings"
)

// overBase lays a request's variables over the guest's own, which are those that the image declares.
func overBase(requested map[string]string) map[string]string {
	env := make(map[string]string, len(requested)+8)
	for _, entry := range os.Environ() {
		if name, value, found := strings.Cut(entry, "="); found && name != "" {
			env[name] = value
		}
	}
	for name, value := range requested {
		env[name] = value
	}
	return env
}
