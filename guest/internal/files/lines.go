package files

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"

	"berth/guest/internal/beneath"
	"berth/guest/internal/defence"
	"berth/guest/internal/fault"
	"berth/guest/internal/text"
)

const (
	maxLinesFileBytes = 256 << 20
	maxLinesBytes     = 8 << 20
	maxLineBytes      = 1 << 20
	maxLineCount      = 1_000_000
	binaryProbeBytes  = 8 << 10
	linesBufferBytes  = 64 << 10
)

// LineRange asks for lines, the first being 1.
type LineRange struct {
	Start, Count           int64
	MaxBytes, MaxLineBytes int64
}

// Lines is the answer: Text has the lines with their ends.
type Lines struct {
	Text       string `json:"text"`
	StartLine  int64  `json:"start_line"`
	EndLine    int64  `json:"end_line"`
	TotalLines int64  `json:"total_lines"`
	TotalBytes int64  `json:"total_bytes"`
	// Truncated means that MaxBytes ended the text before Count lines.
	Truncated bool  `json:"truncated"`
	LongLines int64 `json:"long_lines"`
}

// Lines reads lines of a text file of at most 256 MiB. Memory is bound by MaxBytes, whatever the lines are like.
func (w *Workspace) Lines(ctx context.Context, path string, want LineRange) (*Lines, error) {
	if want.Start < 1 || want.Count < 0 || want.Count > maxLineCount || want.MaxBytes < 1 || want.MaxBytes > maxLinesBytes ||
		want.MaxLineBytes < 1 || want.MaxLineBytes > maxLineBytes {
		return nil, fault.New(fault.InvalidArgument, "start must be 1 or more, count at most %d, max_bytes at most %d, max_line_bytes at most %d",
			maxLineCount, maxLinesBytes, maxLineBytes)
	}
	name, err := w.Relative(path)
	if err != nil {
		return nil, err
	}
	var lines *Lines
	err = w.Do(ctx, func(root *beneath.Root) error {
		f, info, err := openRegular(root, name)
		if err != nil {
			return err
		}
		defer f.Close()
		if !defence.FileBounds {
			lines, err = readLines(ctx, f, want)
			return err
		}
		if info.Size() > maxLinesFileBytes {
			return fault.New(fault.TooLarge, "%s has %d bytes", path, info.Size())
		}
		// A file that grows while it is read stays within the limit.
		lines, err = readLines(ctx, io.LimitReader(f, maxLinesFileBytes), want)
		return err
	})
	return lines, err
}

func readLines(ctx context.Context, file io.Reader, want LineRange) (*Lines, error) {
	reader := bufio.NewReaderSize(file, linesBufferBytes)
	if probe, _ := reader.Peek(binaryProbeBytes); bytes.IndexByte(probe, 0) >= 0 {
		return nil, fault.New(fault.NotText, "the file is binary")
	}
	c := collector{want: want, lines: &Lines{StartLine: want.Start, EndLine: want.Start - 1}}
	for {
		piece, err := reader.ReadSlice('\n')
		c.add(piece)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	c.endFile()
	return c.lines, nil
}

// collector takes a file in pieces, each ending at a line's end or within a long line.
type collector struct {
	want  LineRange
	lines *Lines
	out   bytes.Buffer
	// line is what is kept of the line that is being read, within the limits; lineBytes is its length without the end.
	line      []byte
	lineBytes int64
	inLine    bool
	full      bool
}

func (c *collector) add(piece []byte) {
	if len(piece) == 0 {
		return
	}
	c.lines.TotalBytes += int64(len(piece))
	c.inLine = true
	content, ended := bytes.CutSuffix(piece, []byte{'\n'})
	if c.wanted() {
		if room := c.lineLimit() - int64(len(c.line)); room > 0 {
			c.line = append(c.line, content[:min(room, int64(len(content)))]...)
		}
	}
	c.lineBytes += int64(len(content))
	if ended {
		c.endLine("\n")
	}
}

func (c *collector) wanted() bool {
	number := c.lines.TotalLines + 1
	return !c.full && number >= c.want.Start && number < c.want.Start+c.want.Count
}

func (c *collector) lineLimit() int64 { return min(c.want.MaxLineBytes, c.want.MaxBytes) }

func (c *collector) endLine(end string) {
	if c.wanted() {
		c.take(end)
	}
	c.lines.TotalLines++
	c.line, c.lineBytes, c.inLine = c.line[:0], 0, false
}

func (c *collector) take(end string) {
	line, long := c.line, c.lineBytes > c.lineLimit()
	if long {
		line = text.CutEnd(line)
	}
	// The first line is always given, so that a reader who goes on at the next line gets on.
	if first := c.lines.EndLine < c.want.Start; !first && int64(c.out.Len()+len(line)+len(end)) > c.want.MaxBytes {
		c.full = true
		c.lines.Truncated = true
		return
	}
	if long {
		c.lines.LongLines++
	}
	c.out.Write(line)
	c.out.WriteString(end)
	c.lines.EndLine++
}

func (c *collector) endFile() {
	if c.inLine {
		c.endLine("")
	}
	c.lines.Text = text.Valid(c.out.Bytes())
}
