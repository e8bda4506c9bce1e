// Package suite tests bellwether together with other programs on real etcd.
package suite

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"bellwether.io/bellwether/tests/wire/go/cluster"
	"bellwether.io/bellwether/tests/wire/go/eventlog"
)

const ttl = 5 * time.Second

// Stage is one election on one cluster: its event log and everyone who stands in its queue.
type Stage struct {
	t        testing.TB
	cluster  *cluster.Cluster
	log      *eventlog.Log
	reader   *eventlog.Reader // of the same log
	election string           // as bellwether names it
	prefix   string           // as etcd has it, without the trailing '/'
	players  []*Player
	ttl      time.Duration
	// Violations are told and do not fail the test: for servers whose own faults make them.
	reportOnly bool
}

// NewStage judges the event log when the test ends.
func NewStage(t testing.TB, c *cluster.Cluster) *Stage { return NewStageOf(t, c, "job") }

// NewStageOf is the same for an election of this name.
func NewStageOf(t testing.TB, c *cluster.Cluster, name string) *Stage {
	t.Helper()
	log, err := eventlog.Open(filepath.Join(t.TempDir(), "events"))
	if err != nil {
		t.Fatal(err)
	}
	s := &Stage{t: t, cluster: c, log: log, reader: eventlog.NewReader(log.Path()), election: "test/" + name,
		prefix: "/bellwether/elections/test/" + name, ttl: ttl}
	t.Cleanup(s.judge)
	return s
}

func (s *Stage) judge() {
	for _, p := range s.players {
		p.end()
	}
	_ = s.log.Close()
	events, err := eventlog.Read(s.log.Path())
	if err != nil {
		s.t.Error(err)
		return
	}
	report := eventlog.Check(events)
	for _, violation := range report.Violations {
		if s.reportOnly {
			s.t.Log("REPORTED, not asserted: ", violation)
			continue
		}
		s.t.Error(violation)
	}
	s.t.Logf("%d terms, %d changes, recovered in %v, overlaps after a foreign delete: %d, across a restore: %d",
		len(report.Terms), report.Changes, report.Failovers, len(report.Excepted), len(report.Restored))
	if s.t.Failed() {
		s.t.Logf("the event log:\n%s", eventlog.Render(events))
		for _, p := range s.players {
			s.t.Logf("%s said:\n%s", p.name, p.output())
		}
	}
}

func (s *Stage) add(e eventlog.Event) int64 {
	s.t.Helper()
	e.Election = s.election
	done, err := s.log.Add(e)
	if err != nil {
		s.t.Fatal(err)
	}
	return done.T
}

// Cause says what is about to be done that may change the leader.
func (s *Stage) Cause(text string) { s.add(eventlog.Event{Kind: eventlog.Cause, Text: text}) }

// delivery is how long etcd takes to tell a holder that its key is gone, where nothing stands between them.
const delivery = 2 * time.Second

// Foreign says that somebody else is about to remove the live leader's key, whose holder stops within this time.
func (s *Stage) Foreign(within time.Duration, text string) {
	s.add(eventlog.Event{Kind: eventlog.Foreign, Within: within, Text: text})
}

// Restored says that etcd is about to be put back. The holder learns it when it reaches the store again, or ends at its deadline.
func (s *Stage) Restored(text string) (at int64) {
	return s.add(eventlog.Event{Kind: eventlog.Restored, Within: s.ttl + slack, Text: text})
}

// ExpectNext demands a holder with a larger token within the time from now, and waits for it.
func (s *Stage) ExpectNext(after eventlog.Event, within time.Duration, text string) eventlog.Event {
	s.t.Helper()
	from := s.add(eventlog.Event{Kind: eventlog.Expect, Token: after.Token, Within: within, Text: text})
	return s.waitAct(within+30*time.Second, text, func(e eventlog.Event) bool { return e.T >= from && e.Token > after.Token })
}

// WaitActing waits until this candidate acts, from now on.
func (s *Stage) WaitActing(p *Player) eventlog.Event {
	s.t.Helper()
	from := eventlog.Now()
	return s.waitAct(time.Minute, p.name+" acts", func(e eventlog.Event) bool { return e.T >= from && e.ID == p.name })
}

func (s *Stage) waitAct(within time.Duration, what string, is func(eventlog.Event) bool) eventlog.Event {
	s.t.Helper()
	var found eventlog.Event
	cluster.Eventually(s.t, within, what, func() error {
		if err := s.reader.Update(); err != nil {
			return err
		}
		var ok bool
		if found, ok = s.newestAct(is); !ok {
			return fmt.Errorf("no such act")
		}
		return nil
	})
	return found
}

// newestAct of those read so far.
func (s *Stage) newestAct(is func(eventlog.Event) bool) (act eventlog.Event, found bool) {
	events := s.reader.Events()
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].Kind == eventlog.Act && is(events[i]) {
			return events[i], true
		}
	}
	return eventlog.Event{}, false
}

// Queue is the keys of the election, in order.
func (s *Stage) Queue() []string {
	s.t.Helper()
	var keys []string
	for _, kv := range s.places() {
		keys = append(keys, string(kv.Key))
	}
	return keys
}

func (s *Stage) places() []*mvccpb.KeyValue {
	s.t.Helper()
	var answer *clientv3.GetResponse
	cluster.Eventually(s.t, time.Minute, "the queue is read", func() (err error) {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		answer, err = s.cluster.Client().Get(ctx, s.prefix+"/", clientv3.WithPrefix(),
			clientv3.WithSort(clientv3.SortByCreateRevision, clientv3.SortAscend))
		return err
	})
	return answer.Kvs
}

func (s *Stage) WaitQueue(n int) []string {
	s.t.Helper()
	var keys []string
	cluster.Eventually(s.t, 30*time.Second, fmt.Sprintf("%d in the queue", n), func() error {
		if keys = s.Queue(); len(keys) != n {
			return fmt.Errorf("there are %d", len(keys))
		}
		return nil
	})
	return keys
}
