package search

import (
	"regexp"
	"strings"

	"berth/guest/internal/fault"
)

const maxPatternBytes = 4096

// compileGlob makes an expression for whole paths of a glob: "*", "?" and "[…]" stay within a name, "{a,b}" is one of several, "**" as
// a whole name is any number of directories. A backslash takes the next character as it is.
func compileGlob(glob string) (*regexp.Regexp, error) {
	if glob == "" || len(glob) > maxPatternBytes {
		return nil, fault.New(fault.InvalidArgument, "a pattern must have 1 to %d bytes", maxPatternBytes)
	}
	t := translator{rest: glob}
	if err := t.translate(); err != nil {
		return nil, err
	}
	re, err := regexp.Compile(`\A(?s:` + t.out.String() + `)\z`)
	if err != nil {
		return nil, fault.New(fault.InvalidArgument, "pattern %q: %v", glob, err)
	}
	return re, nil
}

type translator struct {
	rest   string
	out    strings.Builder
	braces int
	// A name begins where nothing was taken since the start or a brace, or where last is "/".
	started bool
	last    byte
}

func (t *translator) translate() error {
	for t.rest != "" {
		c := t.rest[0]
		atName := !t.started || t.last == '/'
		t.started, t.last = true, c
		switch c {
		case '*':
			t.star(atName)
		case '?':
			t.take(1, `[^/]`)
		case '[':
			if err := t.class(); err != nil {
				return err
			}
		case '{':
			t.braces++
			t.take(1, `(?:`)
			t.started = false
		case '}':
			if t.braces == 0 {
				t.take(1, `\}`)
				continue
			}
			t.braces--
			t.take(1, `)`)
		case ',':
			if t.braces == 0 {
				t.take(1, `,`)
				continue
			}
			t.take(1, `|`)
			t.started = false
		case '\\':
			if len(t.rest) == 1 {
				return fault.New(fault.InvalidArgument, "a pattern ends in a backslash")
			}
			t.rest = t.rest[1:]
			t.literal()
		default:
			t.literal()
		}
	}
	if t.braces > 0 {
		return fault.New(fault.InvalidArgument, "a pattern has an open brace")
	}
	return nil
}

func (t *translator) take(bytes int, expression string) {
	t.rest = t.rest[bytes:]
	t.out.WriteString(expression)
}

// literal takes one character, of however many bytes.
func (t *translator) literal() {
	for i := range t.rest {
		if i > 0 {
			t.take(i, regexp.QuoteMeta(t.rest[:i]))
			return
		}
	}
	t.take(len(t.rest), regexp.QuoteMeta(t.rest))
}

func (t *translator) star(atName bool) {
	stars := len(t.rest) - len(strings.TrimLeft(t.rest, "*"))
	after := t.rest[stars:]
	switch {
	case stars == 2 && atName && strings.HasPrefix(after, "/"):
		t.take(stars+1, `(?:[^/]+/)*`)
		t.last = '/'
	case stars == 2 && atName && (after == "" || t.braces > 0 && (after[0] == ',' || after[0] == '}')):
		t.take(stars, `.+`)
	default:
		t.take(stars, `[^/]*`)
	}
}

// class takes a bracket expression, which never matches "/".
func (t *translator) class() error {
	body := t.rest[1:]
	negated := body != "" && (body[0] == '!' || body[0] == '^')
	if negated {
		body = body[1:]
	}
	// A "]" in the first place is one of the class.
	end := -1
	if body != "" {
		end = strings.IndexByte(body[1:], ']')
	}
	if end < 0 || strings.ContainsRune(body[:end+1], '/') {
		return fault.New(fault.InvalidArgument, "a pattern has an open bracket")
	}
	set := strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`, `^`, `\^`, `&`, `\&`, `~`, `\~`).Replace(body[:end+1])
	taken := len(t.rest) - len(body) + end + 2
	if negated {
		t.take(taken, `[^/`+set+`]`)
	} else {
		t.take(taken, `[`+set+`]`)
	}
	t.last = ']'
	return nil
}
