package search

import (
	"regexp"
	"regexp/syntax"

	"berth/guest/internal/fault"
)

// A program of this many instructions takes some nanoseconds for each of them and byte of text, at worst.
const maxInstructions = 2000

// expression finds a pattern in lines.
type expression struct {
	*regexp.Regexp
	// literal is in every match, "" when none is known: text without it need not be searched line by line.
	literal []byte
}

func compileExpression(pattern string, fixed, ignoreCase bool) (*expression, error) {
	if len(pattern) > maxPatternBytes {
		return nil, fault.New(fault.InvalidArgument, "the pattern is above %d bytes", maxPatternBytes)
	}
	if fixed {
		pattern = regexp.QuoteMeta(pattern)
	}
	// Parsed alone first: a pattern must not close the group that is put around it.
	if _, err := syntax.Parse(pattern, syntax.Perl); err != nil {
		return nil, fault.New(fault.InvalidArgument, "pattern: %v", err)
	}
	if ignoreCase {
		pattern = "(?i:" + pattern + ")"
	}
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, fault.New(fault.InvalidArgument, "pattern: %v", err)
	}
	parsed = parsed.Simplify()
	program, err := syntax.Compile(parsed)
	if err != nil {
		return nil, fault.New(fault.InvalidArgument, "pattern: %v", err)
	}
	if len(program.Inst) > maxInstructions {
		return nil, fault.New(fault.InvalidArgument, "the pattern is too complex: %d steps, %d are the limit", len(program.Inst), maxInstructions)
	}
	compiled, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fault.New(fault.InvalidArgument, "pattern: %v", err)
	}
	return &expression{compiled, []byte(requiredLiteral(parsed))}, nil
}

// requiredLiteral gives the longest text that is in every match, as far as that is easily known.
func requiredLiteral(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase == 0 {
			return string(re.Rune)
		}
	case syntax.OpCapture, syntax.OpPlus:
		return requiredLiteral(re.Sub[0])
	case syntax.OpConcat:
		longest := ""
		for _, sub := range re.Sub {
			if literal := requiredLiteral(sub); len(literal) > len(longest) {
				longest = literal
			}
		}
		return longest
	}
	return ""
}
