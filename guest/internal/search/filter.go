package search

import (
	"path"
	"regexp"
	"strings"
)

// filter is a list of globs as for ripgrep's -g: one without "/" is for names at any depth, one with "/" for paths relative to the root.
type filter []rule

type rule struct {
	expression *regexp.Regexp
	wholePath  bool
	// onlyDirectories is a glob that ends in "/".
	onlyDirectories bool
}

func compileFilter(globs []string) (filter, error) {
	var f filter
	for _, glob := range globs {
		trimmed, onlyDirectories := strings.CutSuffix(glob, "/")
		trimmed, anchored := strings.CutPrefix(trimmed, "/")
		expression, err := compileGlob(trimmed)
		if err != nil {
			return nil, err
		}
		f = append(f, rule{expression, anchored || strings.Contains(trimmed, "/"), onlyDirectories})
	}
	return f, nil
}

func (f filter) matches(name string, directory bool) bool {
	for _, r := range f {
		if r.onlyDirectories && !directory {
			continue
		}
		subject := name
		if !r.wholePath {
			subject = path.Base(name)
		}
		if r.expression.MatchString(subject) {
			return true
		}
	}
	return false
}
