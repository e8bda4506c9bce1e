// `./run demo`: an etcd, the controller, candidates of two elections and the polling program that they replace, all on
// loopback. It shows who leads, what happens when a leader is killed, and what each way of waiting writes; what it shows it has
// checked. Nothing that it started outlives it.
package main

import (
	"fmt"
	"os"

	"bellwether.io/bellwether/tests/wire/go/program"
)

const usage = `./run demo [--once]     runs until Ctrl-C, with --once until everything was shown

BELLWETHER_ETCD_VERSIONS=V takes another etcd than 3.6.16.
`

func main() {
	once := false
	for _, arg := range os.Args[1:] {
		if arg != "--once" {
			fmt.Fprintf(os.Stderr, "demo: no such flag: %s\n%s", arg, usage)
			os.Exit(2)
		}
		once = true
	}
	program.Main("demo", func(p *program.Program) {
		s := newStage(p)
		s.askWhoLeads()
		s.killTheLedProgram()
		s.killTheCandidate()
		s.measureWaiting()
		if once {
			s.screen.title("Everything was shown; cleaning up.")
			return
		}
		s.sayWhatToTry()
		<-p.Context().Done()
		s.screen.title("Cleaning up.")
	})
}
