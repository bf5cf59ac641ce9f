package search

import (
	"bytes"
	"context"
	"errors"
	"io"

	"berth/guest/internal/text"
	"berth/guest/internal/walk"
)

const (
	blockBytes = 256 << 10
	probeBytes = 8 << 10
	// How many lines are searched between two looks at the clock.
	linesBetweenLooks = 256
)

// grepper searches one file after the other with the same buffers.
type grepper struct {
	ctx     context.Context
	request *GrepRequest
	expr    *expression
	result  *GrepResult
	bytes   int
	buffer  []byte

	// Of the file that is being searched:
	path    string
	line    int64
	matched bool
	// before holds the last lines, cut, oldest first.
	before []string
	// open are matches that still want lines after them.
	open []*Match
}

func newGrepper(ctx context.Context, request *GrepRequest, expr *expression) *grepper {
	return &grepper{ctx: ctx, request: request, expr: expr, result: &GrepResult{Matches: []*Match{}}, buffer: make([]byte, blockBytes)}
}

// file searches a regular file. What cannot be read or is binary is counted as skipped.
func (g *grepper) file(e *walk.Entry) error {
	if err := g.ctx.Err(); err != nil {
		return err
	}
	f, _, err := e.Open()
	if err != nil {
		g.result.SkippedFiles++
		return nil
	}
	defer f.Close()
	g.path, g.line, g.matched = e.Path, 0, false
	g.before, g.open = g.before[:0], g.open[:0]
	return g.search(f)
}

func (g *grepper) search(f io.Reader) error {
	filled, first := 0, true
	skipping := false
	for {
		n, err := io.ReadFull(f, g.buffer[filled:])
		filled += n
		ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !ended {
			g.result.SkippedFiles++
			return nil
		}
		if first {
			if bytes.IndexByte(g.buffer[:min(filled, probeBytes)], 0) >= 0 {
				g.result.SkippedFiles++
				return nil
			}
			g.result.SearchedFiles++
			first = false
		}
		block := g.buffer[:filled]
		if skipping {
			// The rest of a line that was longer than the buffer.
			end := bytes.IndexByte(block, '\n')
			if end < 0 {
				end = len(block) - 1
			} else {
				skipping = false
			}
			block = block[end+1:]
		}
		whole := bytes.LastIndexByte(block, '\n') + 1
		if !skipping && (ended || whole == 0 && len(block) == len(g.buffer)) {
			skipping = !ended
			whole = len(block)
		}
		if err := g.lines(block[:whole]); err != nil {
			return err
		}
		if ended {
			return nil
		}
		filled = copy(g.buffer, block[whole:])
		if err := g.ctx.Err(); err != nil {
			return err
		}
	}
}

// lines searches whole lines; the last may lack its end.
func (g *grepper) lines(block []byte) error {
	if len(g.expr.literal) > 0 && len(g.open) == 0 && !bytes.Contains(block, g.expr.literal) {
		g.pass(block)
		return nil
	}
	for len(block) > 0 {
		var line []byte
		line, block, _ = bytes.Cut(block, []byte{'\n'})
		line = bytes.TrimSuffix(line, []byte{'\r'})
		g.line++
		if err := g.one(line); err != nil {
			return err
		}
		if g.line%linesBetweenLooks == 0 && g.ctx.Err() != nil {
			return g.ctx.Err()
		}
	}
	return nil
}

// pass goes over lines without a match, of which only the last may be wanted before a match.
func (g *grepper) pass(block []byte) {
	g.line += int64(bytes.Count(block, []byte{'\n'}))
	if len(block) > 0 && block[len(block)-1] != '\n' {
		g.line++
	}
	if g.request.Before == 0 {
		return
	}
	start := len(bytes.TrimSuffix(block, []byte{'\n'}))
	for range g.request.Before {
		if start = bytes.LastIndexByte(block[:max(start, 0)], '\n'); start < 0 {
			break
		}
	}
	for line := range bytes.Lines(block[start+1:]) {
		g.remember(bytes.TrimRight(line, "\r\n"))
	}
}

func (g *grepper) remember(line []byte) {
	if g.request.Before == 0 {
		return
	}
	if len(g.before) == g.request.Before {
		g.before = append(g.before[:0], g.before[1:]...)
	}
	g.before = append(g.before, text.Valid(text.Limit(line, matchTextBytes)))
}
