package search

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"berth/guest/internal/fault"
	"berth/guest/internal/files"
	"berth/guest/internal/walk"
)

// Searcher searches a workspace.
type Searcher struct {
	Workspace *files.Workspace
	// Since is when nothing of the sandbox had run yet.
	Since time.Time
}

const (
	gitDirectory = ".git"
	maxPaths     = 100_000
	defaultPaths = 1000
)

// GlobRequest is the body of POST /v1/search/glob. Pattern is for paths relative to Path.
type GlobRequest struct {
	Pattern string `json:"pattern"`
	Path    string `json:"path"`
	Limit   int    `json:"limit"`
}

// GlobResult has files and links, in byte order, relative to the root.
type GlobResult struct {
	Paths     []string `json:"paths"`
	Truncated bool     `json:"truncated"`
}

// Glob finds files and links by name. Hidden ones are like others; .git is not entered.
func (s *Searcher) Glob(ctx context.Context, request GlobRequest) (*GlobResult, error) {
	if request.Limit == 0 {
		request.Limit = defaultPaths
	}
	if request.Limit < 1 || request.Limit > maxPaths {
		return nil, fault.New(fault.InvalidArgument, "limit must be 1 to %d", maxPaths)
	}
	expression, err := compileGlob(request.Pattern)
	if err != nil {
		return nil, err
	}
	result := &GlobResult{Paths: []string{}}
	visited := 0
	prefix, static := -1, staticPrefix(request.Pattern)
	err = s.Workspace.Walk(ctx, request.Path, walk.Visitor{
		Visit: func(e *walk.Entry) error {
			if visited++; visited%1024 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			prefix = prefixBytes(e, prefix)
			if e.Type != walk.File && e.Type != walk.Link || !utf8.ValidString(e.Name) || !expression.MatchString(e.Path[prefix:]) {
				return nil
			}
			if len(result.Paths) == request.Limit {
				result.Truncated = true
				return walk.Stop
			}
			result.Paths = append(result.Paths, e.Path)
			return nil
		},
		Enter: func(e *walk.Entry) bool {
			return e.Name != gitDirectory && utf8.ValidString(e.Name) && leadsTo(e.Path[prefix:]+"/", static)
		},
		Unreadable: func(_ string, err error) error {
			result.Truncated = result.Truncated || fault.Is(err, fault.TooLarge)
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	return result, nil
}

// prefixBytes is how much of a path leads to where the walk began, known from its first entry on.
func prefixBytes(e *walk.Entry, known int) int {
	if known >= 0 {
		return known
	}
	return len(e.Path) - len(e.Name)
}

// staticPrefix is the part of a pattern before its first special character.
func staticPrefix(pattern string) string {
	if i := strings.IndexAny(pattern, `*?[{\`); i >= 0 {
		return pattern[:i]
	}
	return pattern
}

// leadsTo reports whether paths beneath a directory can begin as the pattern does.
func leadsTo(directory, static string) bool {
	return strings.HasPrefix(directory, static) || strings.HasPrefix(static, directory)
}
