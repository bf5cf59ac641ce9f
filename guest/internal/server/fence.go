package server

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"berth/guest/internal/fault"
)

// lastWords is how long the answer to a request of a replaced controller may take to leave.
const lastWords = time.Second

// enter passes the gate with the epoch of the request, none being 0. Whoever is replaced while it is inside is not waited for where it reads or writes.
func (s *server) enter(w http.ResponseWriter, r *http.Request) (context.Context, func(), error) {
	var epoch uint64
	if text := r.Header.Get("berth-epoch"); text != "" {
		var err error
		if epoch, err = strconv.ParseUint(text, 10, 63); err != nil {
			return nil, nil, fault.New(fault.InvalidArgument, "berth-epoch must be a whole number")
		}
	}
	ctx, leave, err := s.gate.Enter(r.Context(), epoch)
	if err != nil {
		return nil, nil, err
	}
	told := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(told)
		control := http.NewResponseController(w)
		_ = control.SetReadDeadline(time.Now())
		_ = control.SetWriteDeadline(time.Now().Add(lastWords))
	})
	return ctx, func() {
		// The writer is not there any more once its handler has returned: who touches it then ends the whole guest.
		if !stop() {
			<-told
		}
		leave()
	}, nil
}
