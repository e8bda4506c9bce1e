package main

import (
	"fmt"
	"syscall"
	"time"

	"bellwether.io/bellwether/tests/wire/go/eventlog"
)

// handOver is what a killed leader leaves: the next one, and when it was there.
type handOver struct {
	next  eventlog.Event // its first act
	acts  time.Duration  // after the kill
	shown time.Duration  // over HTTP, after the kill
}

// kill kills a process, and waits until somebody else leads and the controller shows it.
func (s *stage) kill(pid int, before eventlog.Event) handOver {
	killed := eventlog.Now()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		s.Fatalf("kill %d: %v", pid, err)
	}
	var shown int64
	var led leader
	for deadline := time.Now().Add(30 * time.Second); ; s.wait(time.Millisecond) {
		var err error
		if led, err = s.leader(before.Election); err != nil {
			s.Fatal(err)
		}
		if led.ID != "" && led.ID != before.ID {
			shown = eventlog.Now()
			break
		}
		if time.Now().After(deadline) {
			s.Fatalf("30 s after %s was killed it still leads %s, says HTTP", before.ID, before.Election)
		}
	}
	next := s.firstAct(before.Election, before.Token)
	if led.ID != next.ID || led.Token != next.Token {
		s.Fatalf("HTTP says that %+v leads %s, and %s acts with token %d", led, before.Election, next.ID, next.Token)
	}
	return handOver{next, time.Duration(next.T - killed), time.Duration(shown - killed)}
}

func (s *stage) killTheLedProgram() {
	s.screen.question("The leader's program is killed")
	before := s.firstAct(report, 0)
	s.screen.command(fmt.Sprintf("kill -9 %d    # the program that %s runs", before.PID, before.ID), "")
	h := s.kill(before.PID, before)
	s.screen.seen("%s acts %s later, with fencing token %d instead of %d; HTTP shows it after %s", h.next.ID, ms(h.acts), h.next.Token,
		before.Token, ms(h.shown))
	s.screen.text("`bellwether run` saw its program die and gave the place up at once. The queue now, foreign candidates too:")
	s.curl("curl -s " + s.url + "/v1/elections/" + report + " | jq -c '.queue[] | {id, foreign, createRevision}'")
}

func (s *stage) killTheCandidate() {
	s.screen.question("A whole candidate is killed, as if its machine had died")
	before := s.firstAct(billing, 0)
	pid := s.processes[before.ID].Process.Pid
	s.screen.command(fmt.Sprintf("kill -9 %d    # `bellwether run` of %s: nobody is left to give the place up", pid, before.ID), "")
	s.screen.progress("its lease has to run out first, TTL %s …", seconds(ttl))
	h := s.kill(pid, before)
	s.screen.seen("%s acts %s later, with fencing token %d instead of %d", h.next.ID, ms(h.acts), h.next.Token, before.Token)
	if err := syscall.Kill(before.PID, 0); err == nil {
		s.Fatalf("the program of %s, process %d, outlived its candidate", before.ID, before.PID)
	}
	s.screen.seen("and the guardian had killed the program of %s long before", before.ID)
	s.waitPlaces(billing, 2, h.next.ID)
}
