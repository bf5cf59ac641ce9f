package session

// ring keeps the last bytes of a stream, and grows only as far as the stream does.
type ring struct {
	bytes []byte
	most  int
	total int64
	// base is the offset of the first of the bytes when they were laid out; from there they go round.
	base int64
}

// first is the offset of the oldest byte that is kept.
func (r *ring) first() int64 { return r.total - int64(len(r.bytes)) }

func (r *ring) write(p []byte) {
	if room := r.most - len(r.bytes); room > 0 {
		n := min(room, len(p))
		r.bytes = append(r.bytes, p[:n]...)
		r.total += int64(n)
		p = p[n:]
	}
	for len(p) > 0 {
		n := copy(r.bytes[(r.total-r.base)%int64(r.most):], p)
		r.total += int64(n)
		p = p[n:]
	}
}

// grow makes room for at least most bytes, and keeps what there is.
func (r *ring) grow(most int) {
	if most <= r.most {
		return
	}
	r.base, r.bytes = r.read(r.first(), len(r.bytes))
	r.most = most
}

// read copies at most limit bytes from offset on, or from the oldest one that is kept.
func (r *ring) read(offset int64, limit int) (from int64, p []byte) {
	from = min(max(offset, r.first()), r.total)
	p = make([]byte, min(int64(limit), r.total-from))
	for done := 0; done < len(p); {
		done += copy(p[done:], r.bytes[(from-r.base+int64(done))%int64(r.most):])
	}
	return from, p
}
