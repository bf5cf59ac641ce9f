package egress

import (
	"os"
	"testing"

	"berth/guest/internal/leaktest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m)) }
