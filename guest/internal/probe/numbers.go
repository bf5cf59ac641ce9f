package probe

// System calls that have the same number on every architecture.
const (
	sysIoUringSetup = 425
	sysIoUringEnter = 426
	sysOpenTree     = 428
	sysFsopen       = 430
	sysClone3       = 435
)
