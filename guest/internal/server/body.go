package server

import (
	"errors"
	"io"
)

// bodyReader tells failures of reading a request apart from those of writing a file.
type bodyReader struct {
	reader io.Reader
	failed error
}

func (b *bodyReader) Read(p []byte) (int, error) {
	n, err := b.reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.failed = err
	}
	return n, err
}

func (b *bodyReader) explain(err error) error {
	if b.failed != nil {
		return bodyError(b.failed)
	}
	return err
}
