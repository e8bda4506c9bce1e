// `./run bench`: figures of ours beside those of the ways that it replaces, on a real etcd, in one run. It measures and tells;
// it does not judge.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bellwether.io/bellwether/tests/wire/go/cluster"
	"bellwether.io/bellwether/tests/wire/go/program"
)

const usage = `./run bench [--quick] [NAME…]     without a NAME: all

  idle       what waiting and leading cost etcd in a minute in which nothing changes
  handover   a leader resigns: how soon the next one knows
  failover   a leader is killed: how soon the next one acts
  size       one controller with 100,000 elections: start, memory, processor time, scrape
  revoke     10,000 leaderships lost at once: how soon the last new leader is told
  answers    leader answers over HTTP by the second
  watchers   10,000 event streams: memory, and how soon the last has a change

--quick measures little and says little: it shows that the bench works.
BELLWETHER_ETCD_VERSIONS=V takes another etcd than 3.6.16.
`

type bench struct {
	*program.Program
	version string // of etcd
	binary  string // bellwether
	tools   string // folder of the programs of tests/bench
	worker  string // the led program
	self    string // this program, which is a candidate of the Go client too
	scale   scale
}

// scale is how much is measured.
type scale struct {
	ours, elections        int // of idle, three candidates each: those of ours, and those of each peer
	idle, storm            time.Duration
	quiet                  time.Duration // etcd must have stood still for this long before it counts
	handOvers, block       int           // in all, and in a turn of one side
	commandKills, runKills int
	places                 int // elections of size, three candidates each
	observed               int // elections of revoke, and of the Go client in size
	revokes                int
	rounds                 int // of answers, of this length each
	round                  time.Duration
	watchers               int
}

var (
	full = scale{ours: 1000, elections: 1000, idle: time.Minute, storm: 10 * time.Second, quiet: 8 * time.Second, handOvers: 1000,
		block: 100, commandKills: 30, runKills: 5, places: 100000, observed: 10000, revokes: 5, rounds: 5, round: 10 * time.Second,
		watchers: 10000}
	quick = scale{ours: 5, elections: 5, idle: 6 * time.Second, storm: 2 * time.Second, quiet: 6 * time.Second, handOvers: 10, block: 5,
		commandKills: 2, runKills: 1, places: 200, observed: 50, revokes: 1, rounds: 1, round: time.Second, watchers: 50}
)

var figures = []figure{{"idle", idle}, {"handover", handOver}, {"failover", failover},
	{"size", size}, {"revoke", massRevoke}, {"answers", answers}, {"watchers", watchers}}

// This program as one of those that ours are compared with, in a process of its own: `bench peer NAME`.
var peerPrograms = map[string]func(args []string){"elect": electMain, "observe": observeMain, "serve": serveMain}

type figure struct {
	name    string
	measure func(*bench) Table
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == "peer" {
		play, known := peerPrograms[os.Args[2]]
		if !known {
			fmt.Fprintf(os.Stderr, "bench: no such peer: %s\n", os.Args[2])
			os.Exit(2)
		}
		play(os.Args[3:])
		return
	}
	names, s, err := parse(os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n%s", err, usage)
		os.Exit(2)
	}
	program.Main("bench", func(p *program.Program) { run(newBench(p, s), names) })
}

func parse(args []string) (names []string, s scale, err error) {
	s = full
	for _, arg := range args {
		switch {
		case arg == "--quick":
			s = quick
		case slices.ContainsFunc(figures, func(f figure) bool { return f.name == arg }):
			names = append(names, arg)
		default:
			return nil, s, fmt.Errorf("no such figure or flag: %s", arg)
		}
	}
	return names, s, nil
}

func newBench(p *program.Program, s scale) *bench {
	self, err := os.Executable()
	if err != nil {
		p.Fatal(err)
	}
	binary := cluster.Bellwether(p)
	b := &bench{
		Program: p, version: "3.6.16", scale: s, self: self,
		binary: binary,
		tools:  filepath.Join(filepath.Dir(binary), "tests", "bench"),
		worker: filepath.Join(filepath.Dir(self), "worker"),
	}
	if os.Getenv("BELLWETHER_ETCD_VERSIONS") != "" {
		b.version = cluster.Versions()[0]
	}
	return b
}

func (b *bench) tool(name string) string { return filepath.Join(b.tools, name) }

func run(b *bench, names []string) {
	fmt.Printf("$ ./run bench %s\n%s\n", strings.Join(os.Args[1:], " "), machine(b))
	for _, f := range figures {
		if len(names) == 0 || slices.Contains(names, f.name) {
			b.say("measuring: %s", f.name)
			table := f.measure(b)
			table.Print(os.Stdout)
		}
	}
}

// say tells what goes on to a person who waits; the figures alone go to standard output.
func (b *bench) say(format string, args ...any) { b.Logf(format, args...) }

// wait gives up when the bench is interrupted.
func (b *bench) wait(d time.Duration) {
	select {
	case <-time.After(d):
	case <-b.Context().Done():
		b.Fatal("interrupted")
	}
}

// etcds are n fresh ones that write nothing more on their own behalf.
func (b *bench) etcds(n int) []*cluster.Cluster {
	b.say("starting etcd, and waiting until it stands still")
	var clusters []*cluster.Cluster
	for range n {
		clusters = append(clusters, b.etcd())
	}
	count := func() (all []cluster.Counters) {
		for _, c := range clusters {
			all = append(all, c.Counters())
		}
		return all
	}
	last := count()
	cluster.Eventually(b, time.Minute, "new etcds stand still", func() error {
		before := last
		b.wait(b.scale.quiet)
		if last = count(); !slices.Equal(last, before) {
			return fmt.Errorf("%+v became %+v", before, last)
		}
		return nil
	})
	return clusters
}

func (b *bench) etcd() *cluster.Cluster { return cluster.New(b, cluster.Options{Version: b.version}) }
