// Package fault names every way in which a request can fail: the error codes of docs/guest-protocol.md.
package fault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"berth/guest/internal/beneath"
)

// Code is one of the protocol's error codes.
type Code string

const (
	InvalidArgument    Code = "invalid_argument"
	OutsideRoot        Code = "outside_root"
	NotFound           Code = "not_found"
	NotRegularFile     Code = "not_regular_file"
	NotDirectory       Code = "not_directory"
	AlreadyExists      Code = "already_exists"
	TooLarge           Code = "too_large"
	NotText            Code = "not_text"
	NoSpace            Code = "no_space"
	PermissionDenied   Code = "permission_denied"
	WrongBoot          Code = "wrong_boot"
	Fenced             Code = "fenced"
	DuplicateCall      Code = "duplicate_call"
	UnknownCall        Code = "unknown_call"
	PreconditionFailed Code = "precondition_failed"
	Busy               Code = "busy"
	Internal           Code = "internal"
)

// Error is a failure that the controller is told.
type Error struct {
	Code    Code
	Message string
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// New makes an Error with a formatted message.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Is reports whether err is an Error with the code.
func Is(err error, code Code) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// From gives any error a code; what has none of its own is internal.
func From(err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	return &Error{Code: codeOf(err), Message: sentence(err)}
}

// sentence names the path and what is the matter with it; which system call said so helps no one who reads it.
func sentence(err error) string {
	var about *fs.PathError
	if !errors.As(err, &about) {
		return err.Error()
	}
	if errors.Is(about.Err, beneath.ErrEscapes) {
		return about.Path + " is outside the workspace"
	}
	return about.Path + ": " + about.Err.Error()
}

func codeOf(err error) Code {
	if errors.Is(err, beneath.ErrEscapes) {
		return OutsideRoot
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		if code, ok := errnoCodes[errno]; ok {
			return code
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return NotFound
	case errors.Is(err, fs.ErrExist):
		return AlreadyExists
	case errors.Is(err, fs.ErrPermission):
		return PermissionDenied
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return Busy
	}
	return Internal
}

var errnoCodes = map[syscall.Errno]Code{
	syscall.ENOENT:       NotFound,
	syscall.EEXIST:       AlreadyExists,
	syscall.EACCES:       PermissionDenied,
	syscall.EPERM:        PermissionDenied,
	syscall.EROFS:        PermissionDenied,
	syscall.ENOSPC:       NoSpace,
	syscall.EDQUOT:       NoSpace,
	syscall.EFBIG:        TooLarge,
	syscall.ENOTDIR:      NotDirectory,
	syscall.EISDIR:       NotRegularFile,
	syscall.ENXIO:        NotRegularFile,
	syscall.ELOOP:        InvalidArgument,
	syscall.ENAMETOOLONG: InvalidArgument,
	syscall.EINVAL:       InvalidArgument,
	syscall.ENOTEMPTY:    PreconditionFailed,
	syscall.EBUSY:        Busy,
	syscall.EMFILE:       Busy,
	syscall.ENFILE:       Busy,
	syscall.EAGAIN:       Busy,
	syscall.ENOMEM:       Busy,
}
