package probe

// As in numbers_amd64.go.
const (
	sysOpenByHandleAt = 265
	sysSetns          = 268
	sysProcessVMReadv = 270
	sysFinitModule    = 273
	sysBpf            = 280
	sysUserfaultfd    = 282
)
