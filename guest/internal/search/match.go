package search

import (
	"slices"

	"berth/guest/internal/text"
	"berth/guest/internal/walk"
)

// one takes the next line.
func (g *grepper) one(line []byte) error {
	g.giveAfter(line)
	at := g.expr.FindIndex(line)
	if at == nil {
		g.remember(line)
		return nil
	}
	if len(g.result.Matches) == g.request.MaxMatches {
		g.result.Truncated = true
		return walk.Stop
	}
	match := &Match{Path: g.path, Line: g.line, Text: excerpt(line, at[0]), Before: slices.Clone(g.before), After: []string{}}
	if match.Before == nil {
		match.Before = []string{}
	}
	size := len(match.Path) + len(match.Text)
	for _, before := range match.Before {
		size += len(before)
	}
	if !g.spend(size) {
		return walk.Stop
	}
	g.result.Matches = append(g.result.Matches, match)
	if !g.matched {
		g.matched = true
		g.result.MatchedFiles++
	}
	if g.request.After > 0 {
		g.open = append(g.open, match)
	}
	g.remember(line)
	return nil
}

// giveAfter adds a line to the matches that want it, until the budget of the answer is spent.
func (g *grepper) giveAfter(line []byte) {
	if len(g.open) == 0 {
		return
	}
	after := text.Valid(text.Limit(line, matchTextBytes))
	for _, match := range g.open {
		if !g.spend(len(after)) {
			return
		}
		match.After = append(match.After, after)
	}
	if len(g.open[0].After) == g.request.After {
		g.open = slices.Delete(g.open, 0, 1)
	}
}

// spend takes bytes from the budget of the answer; when they are not there the answer is truncated and the budget is at its end.
func (g *grepper) spend(size int) bool {
	if g.bytes+size > g.request.MaxBytes {
		g.result.Truncated = true
		g.bytes = g.request.MaxBytes
		return false
	}
	g.bytes += size
	return true
}

// excerpt cuts a line to 512 bytes from somewhat before where it matches.
func excerpt(line []byte, at int) string {
	if len(line) > matchTextBytes {
		start := max(0, min(at-matchContextBytes, len(line)-matchTextBytes))
		line = line[start:]
		if start > 0 {
			line = text.CutStart(line)
		}
	}
	return text.Valid(text.Limit(line, matchTextBytes))
}
