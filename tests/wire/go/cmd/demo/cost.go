package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"bellwether.io/bellwether/tests/wire/go/peers"
)

const (
	pollEvery   = 5 * time.Second
	longWindow  = 15 * time.Second // three periods of the polling program
	shortWindow = 3 * time.Second  // enough of a storm
	stormPrefix = "/TEST/STORM"

	fewestStormers, mostStormers = 3, 12
)

// measureWaiting counts the revisions that each way of waiting writes: its own, by their prefix, all on this etcd.
func (s *stage) measureWaiting() {
	s.screen.question("What does waiting cost etcd?")
	trioPrefix, pairPrefix := root+"/"+report, root+"/"+billing
	trio, pair := s.places(trioPrefix), s.places(pairPrefix)
	s.screen.progress("counting the revisions of %s while nothing changes …", seconds(longWindow))
	from, to, window := s.watchRevisions(longWindow)
	quiet := s.written(from, to, trioPrefix, pairPrefix, lockerPrefix)

	s.screen.progress("and %s of the usual mend, three of them: watch the prefix, TryLock on any event …", seconds(shortWindow))
	stormers, stormed, stormWindow := s.storm()

	row := func(who string, size int64, n int, window time.Duration) []string {
		return []string{who, fmt.Sprint(size), fmt.Sprintf("%d in %s", n, seconds(window)), perMinute(n, window)}
	}
	fmt.Println()
	s.screen.table([][]string{
		{"WHO WAITS", "PROGRAMS", "REVISIONS", "SCALED TO A MINUTE"},
		row("TryLock, sleep 5 s, again", 2, quiet[lockerPrefix], window),
		row("bellwether, "+billing, pair, quiet[pairPrefix], window),
		row("watch the prefix, TryLock on any event", int64(stormers), stormed, stormWindow),
		row("bellwether, "+report, trio, quiet[trioPrefix], window),
	})
	fmt.Println()
	ours := quiet[trioPrefix] + quiet[pairPrefix]
	switch {
	case ours != 0:
		s.Fatalf("our queues wrote %d revisions while nothing changed", ours)
	case quiet[lockerPrefix] == 0:
		s.Fatalf("no revision of the polling program: it did not run")
	case quiet[lockerPrefix] != int(to-from):
		s.Fatalf("of %d revisions only %d are the polling program's: something else writes", to-from, quiet[lockerPrefix])
	}
	s.screen.seen("in those %s etcd's revision went from %d to %d: all the polling program's, none ours, none the controller's",
		seconds(window), from, to)
}

// storm runs the usual mend, three of them or more, until they write: the number of programs, and what they wrote in how long.
// A watcher whose rivals all tried before it watched sleeps on, so on a busy machine all may sleep; one more wakes them.
func (s *stage) storm() (programs, written int, window time.Duration) {
	storming, stop := context.WithCancel(s.Context())
	defer stop()
	for programs < mostStormers {
		peer := peers.Peer{Client: s.cluster.NewClient(s.cluster.Endpoints()), Prefix: stormPrefix, TTL: ttl}
		s.background("the usual mend", func(context.Context) error { return peer.WatchAndTry(storming) })
		programs++
		s.wait(300 * time.Millisecond) // as programs start
		if programs < fewestStormers {
			continue
		}
		from, to, took := s.watchRevisions(shortWindow)
		if written = s.written(from, to, stormPrefix)[stormPrefix]; written > 0 {
			return programs, written, took
		}
	}
	s.Fatalf("%d programs of the usual mend wrote nothing: they did not run", programs)
	return 0, 0, 0
}

func perMinute(n int, window time.Duration) string {
	return fmt.Sprintf("%.0f", float64(n)/window.Minutes())
}

// watchRevisions waits, and gives etcd's revision before and after, and how long that really took.
func (s *stage) watchRevisions(window time.Duration) (from, to int64, took time.Duration) {
	start := time.Now()
	from = s.revision()
	s.wait(window)
	to = s.revision()
	return from, to, time.Since(start)
}

func (s *stage) revision() int64 {
	answer, err := s.cluster.Client().Get(s.Context(), "/")
	if err != nil {
		s.Fatal(err)
	}
	return answer.Header.Revision
}

// written is the number of revisions after `from` up to `to` by the prefix of the keys that they touched, read from etcd's
// history. Every revision touches a key, so the last one ends the reading.
func (s *stage) written(from, to int64, prefixes ...string) map[string]int {
	count := map[string]int{}
	if from == to {
		return count
	}
	ctx, cancel := context.WithTimeout(s.Context(), 30*time.Second)
	defer cancel()
	last := map[string]int64{}
	for answer := range s.cluster.Client().Watch(ctx, "", clientv3.WithPrefix(), clientv3.WithRev(from+1)) {
		if err := answer.Err(); err != nil {
			s.Fatal(err)
		}
		for _, e := range answer.Events {
			for _, prefix := range prefixes {
				if e.Kv.ModRevision <= to && strings.HasPrefix(string(e.Kv.Key), prefix+"/") && last[prefix] != e.Kv.ModRevision {
					last[prefix] = e.Kv.ModRevision
					count[prefix]++
				}
			}
			if e.Kv.ModRevision >= to {
				return count
			}
		}
	}
	s.Fatalf("etcd's history from revision %d to %d could not be read", from, to)
	return nil
}
