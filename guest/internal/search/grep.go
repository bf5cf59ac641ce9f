package search

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"berth/guest/internal/fault"
	"berth/guest/internal/walk"
)

const (
	maxContextLines   = 50
	maxMatches        = 100_000
	maxResultBytes    = 8 << 20
	maxGrepTimeoutMs  = 600_000
	defaultMatches    = 1000
	defaultBytes      = 256 << 10
	defaultTimeoutMs  = 20_000
	matchTextBytes    = 512
	matchContextBytes = 128
)

// GrepRequest is the body of POST /v1/search/grep. Limits that are 0 take their defaults.
type GrepRequest struct {
	Pattern    string   `json:"pattern"`
	Path       string   `json:"path"`
	Include    []string `json:"include"`
	Exclude    []string `json:"exclude"`
	IgnoreCase bool     `json:"ignore_case"`
	Fixed      bool     `json:"fixed"`
	Before     int      `json:"before"`
	After      int      `json:"after"`
	MaxMatches int      `json:"max_matches"`
	MaxBytes   int      `json:"max_bytes"`
	TimeoutMs  int64    `json:"timeout_ms"`
}

// Match is one line that matches, with the lines around it.
type Match struct {
	Path   string   `json:"path"`
	Line   int64    `json:"line"`
	Text   string   `json:"text"`
	Before []string `json:"before"`
	After  []string `json:"after"`
}

// GrepResult is the answer to a search.
type GrepResult struct {
	Matches       []*Match `json:"matches"`
	MatchedFiles  int      `json:"matched_files"`
	SearchedFiles int      `json:"searched_files"`
	SkippedFiles  int      `json:"skipped_files"`
	Truncated     bool     `json:"truncated"`
	TimedOut      bool     `json:"timed_out"`
}

func (r *GrepRequest) validate() error {
	if r.MaxMatches == 0 {
		r.MaxMatches = defaultMatches
	}
	if r.MaxBytes == 0 {
		r.MaxBytes = defaultBytes
	}
	if r.TimeoutMs == 0 {
		r.TimeoutMs = defaultTimeoutMs
	}
	if r.Before < 0 || r.Before > maxContextLines || r.After < 0 || r.After > maxContextLines ||
		r.MaxMatches < 1 || r.MaxMatches > maxMatches || r.MaxBytes < 1 || r.MaxBytes > maxResultBytes ||
		r.TimeoutMs < 1 || r.TimeoutMs > maxGrepTimeoutMs {
		return fault.New(fault.InvalidArgument, "before and after must be at most %d, max_matches %d, max_bytes %d, timeout_ms %d",
			maxContextLines, maxMatches, maxResultBytes, maxGrepTimeoutMs)
	}
	return nil
}

// Grep searches the lines of text files, in byte order of the paths. It reads at most a line's first 256 KiB.
func (s *Searcher) Grep(ctx context.Context, request GrepRequest) (*GrepResult, error) {
	if err := request.validate(); err != nil {
		return nil, err
	}
	expression, err := compileExpression(request.Pattern, request.Fixed, request.IgnoreCase)
	if err != nil {
		return nil, err
	}
	include, err := compileFilter(request.Include)
	if err != nil {
		return nil, err
	}
	exclude, err := compileFilter(request.Exclude)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, time.Duration(request.TimeoutMs)*time.Millisecond)
	defer cancel()
	g := newGrepper(limited, &request, expression)
	wanted := func(path string) bool {
		return (len(include) == 0 || include.matches(path, false)) && !exclude.matches(path, false)
	}
	err = s.Workspace.WalkFrom(limited, request.Path, walk.Visitor{
		Visit: func(e *walk.Entry) error {
			if e.Type != walk.File || !utf8.ValidString(e.Name) || !wanted(e.Path) {
				return limited.Err()
			}
			return g.file(e)
		},
		Enter: func(e *walk.Entry) bool {
			return e.Name != gitDirectory && utf8.ValidString(e.Name) && !exclude.matches(e.Path, true)
		},
		Unreadable: func(_ string, err error) error {
			g.result.Truncated = g.result.Truncated || fault.Is(err, fault.TooLarge)
			return nil
		},
	})
	switch {
	case err == nil:
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		g.result.TimedOut = true
	default:
		return nil, err
	}
	return g.result, nil
}
