package probe

// Younger than the constants of package syscall.
const (
	sysOpenByHandleAt = 304
	sysSetns          = 308
	sysProcessVMReadv = 310
	sysFinitModule    = 313
	sysBpf            = 321
	sysUserfaultfd    = 323
)
