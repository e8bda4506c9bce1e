package cluster

import "context"

// T is what a cluster needs of the test that it belongs to. A program that is no test brings a program.Program.
type T interface {
	Helper()
	Context() context.Context // ends when the waiting is to end
	Cleanup(func())
	TempDir() string
	Failed() bool
	Logf(format string, args ...any)
	Skip(args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}
