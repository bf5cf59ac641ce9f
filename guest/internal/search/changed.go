package search

import (
	"context"
	"time"
	"unicode/utf8"

	"berth/guest/internal/fault"
	"berth/guest/internal/walk"
)

// ChangedRequest is the body of POST /v1/search/changed.
type ChangedRequest struct {
	Limit int `json:"limit"`
}

// ChangedFile is a regular file with its size in bytes.
type ChangedFile struct {
	Path string `json:"path"`
	Size int64  `json:"size"`
}

// ChangedResult is in byte order of the paths.
type ChangedResult struct {
	Files     []ChangedFile `json:"files"`
	Truncated bool          `json:"truncated"`
}

// Changed finds the regular files whose inodes changed since the sandbox began, by the time that no program can set. .git is not entered. What was
// removed, and what only a folder's new name moved, is not in it.
func (s *Searcher) Changed(ctx context.Context, request ChangedRequest) (*ChangedResult, error) {
	if request.Limit < 1 || request.Limit > maxPaths {
		return nil, fault.New(fault.InvalidArgument, "limit must be 1 to %d", maxPaths)
	}
	result := &ChangedResult{Files: []ChangedFile{}}
	visited := 0
	err := s.Workspace.Walk(ctx, "", walk.Visitor{
		Visit: func(e *walk.Entry) error {
			if visited++; visited%1024 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			if e.Type != walk.File || !utf8.ValidString(e.Name) {
				return nil
			}
			stat, err := e.Stat()
			if err != nil || time.Unix(stat.Ctim.Unix()).Before(s.Since) {
				return nil
			}
			if len(result.Files) == request.Limit {
				result.Truncated = true
				return walk.Stop
			}
			result.Files = append(result.Files, ChangedFile{Path: e.Path, Size: stat.Size})
			return nil
		},
		Enter: func(e *walk.Entry) bool { return e.Name != gitDirectory && utf8.ValidString(e.Name) },
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
