// Package suite tests bellwether together with other programs on real etcd.
package suite

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"

	"bellwether.io/bellwether/tests/wire/go/cluster"
	"bellwether.io/bellwether/tests/wire/go/eventlog"
)

const ttl = 5 * time.Second

// Stage is one election on one cluster: its event log and everyone who stands in its queue.
type Stage struct {
	t        testing.TB
	cluster  *cluster.Cluster
	log      *eventlog.Log
	election string // as bellwether names it
	prefix   string // as etcd has it, without the trailing '/'
	players  []*Player
	// Violations are told and do not fail the test: for servers whose own faults make them.
	reportOnly bool
}

// NewStage judges the event log when the test ends.
func NewStage(t testing.TB, c *cluster.Cluster) *Stage {
	t.Helper()
	log, err := eventlog.Open(filepath.Join(t.TempDir(), "events"))
	if err != nil {
		t.Fatal(err)
	}
	s := &Stage{t: t, cluster: c, log: log, election: "test/job", prefix: "/bellwether/elections/test/job"}
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
	report := eventlog.Check(events, eventlog.Limits{ForeignStop: 2 * time.Second})
	for _, violation := range report.Violations {
		if s.reportOnly {
			s.t.Log("REPORTED, not asserted: ", violation)
			continue
		}
		s.t.Error(violation)
	}
	s.t.Logf("%d terms, %d changes, recovered in %v, overlaps after a foreign delete: %d", len(report.Terms), report.Changes,
		report.Failovers, len(report.Excepted))
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

// Foreign says that somebody else is about to remove the live leader's key.
func (s *Stage) Foreign(text string) { s.add(eventlog.Event{Kind: eventlog.Foreign, Text: text}) }

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
		events, err := eventlog.Read(s.log.Path())
		if err != nil {
			return err
		}
		for i := len(events) - 1; i >= 0; i-- {
			if events[i].Kind == eventlog.Act && is(events[i]) {
				found = events[i]
				return nil
			}
		}
		return fmt.Errorf("no such act")
	})
	return found
}

// Queue is the keys of the election, in order.
func (s *Stage) Queue() []string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	answer, err := s.cluster.Client().Get(ctx, s.prefix+"/", clientv3.WithPrefix(),
		clientv3.WithSort(clientv3.SortByCreateRevision, clientv3.SortAscend))
	if err != nil {
		s.t.Fatal(err)
	}
	var keys []string
	for _, kv := range answer.Kvs {
		keys = append(keys, string(kv.Key))
	}
	return keys
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

// Player is one candidate.
type Player struct {
	name  string
	leave func() // gives the place up, held or waiting

	cmd    *exec.Cmd
	out    *safeBuffer
	done   chan struct{}
	finish sync.Once
}

type safeBuffer struct {
	mutex sync.Mutex
	bytes bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.bytes.Write(p)
}

func (b *safeBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.bytes.String()
}

func (p *Player) output() string {
	if p.out == nil {
		return "(runs inside the test)"
	}
	return p.out.String()
}

// Leave gives the place up and waits for the end.
func (p *Player) Leave() { p.finish.Do(p.leave) }

func (p *Player) end() {
	if p.cmd == nil {
		p.Leave()
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGCONT)
	_ = p.cmd.Process.Kill()
	<-p.done
}

func (s *Stage) process(name string, cmd *exec.Cmd, onLeave syscall.Signal) *Player {
	s.t.Helper()
	p := &Player{name: name, cmd: cmd, out: &safeBuffer{}, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.out, p.out
	cmd.WaitDelay = time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait()
		close(p.done)
	}()
	p.leave = func() {
		_ = cmd.Process.Signal(onLeave)
		<-p.done
	}
	s.players = append(s.players, p)
	return p
}

func repository() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "../../../..")
}

// Bellwether is the binary under test.
func Bellwether(t testing.TB) string {
	path := os.Getenv("BELLWETHER_BIN")
	if path == "" {
		path = filepath.Join(repository(), "build", "bellwether")
	}
	if _, err := exec.LookPath(path); err != nil {
		cluster.Skip(t, path+" is not built; ./run build makes it")
	}
	return path
}

var worker = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "bellwether-worker-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, "worker")
	out, err := exec.Command("go", "build", "-o", path, "bellwether.io/bellwether/tests/wire/go/cmd/worker").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return path, err
})

// Run is a candidate under `bellwether run` that reaches etcd by these endpoints.
func (s *Stage) Run(name string, endpoints []string, flags ...string) *Player {
	s.t.Helper()
	program, err := worker()
	if err != nil {
		s.t.Fatal(err)
	}
	args := []string{"run", "--election", s.election, "--id", name, "--raw-value", name, "--ttl", ttl.String()}
	args = append(append(args, s.cluster.RunFlags(endpoints)...), flags...)
	return s.process(name, exec.Command(Bellwether(s.t), append(args, "--", program, "-log", s.log.Path())...), syscall.SIGTERM)
}

// acting writes acts from inside the test until it is told to stop.
func (s *Stage) acting(name string, token int64) (stop func()) {
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			_, _ = s.log.Add(eventlog.Event{Kind: eventlog.Act, Election: s.election, ID: name, Token: token, PID: os.Getpid()})
			select {
			case <-quit:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() { close(quit); <-ended }
}

// inside is a candidate that a Go library serves: campaign blocks until it leads and says with which token.
func (s *Stage) inside(name string, campaign func(context.Context) (int64, error), resign func(context.Context) error) *Player {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		token, err := campaign(ctx)
		if err == nil {
			stop := s.acting(name, token)
			<-ctx.Done()
			stop()
		}
		leaving, done := context.WithTimeout(context.Background(), 10*time.Second)
		defer done()
		if err := resign(leaving); err != nil && ctx.Err() == nil {
			s.t.Errorf("%s: %v", name, err)
		}
	}()
	p := &Player{name: name, leave: func() { cancel(); <-ended }}
	s.players = append(s.players, p)
	return p
}

func (s *Stage) session() *concurrency.Session {
	s.t.Helper()
	session, err := concurrency.NewSession(s.cluster.Client(), concurrency.WithTTL(int(ttl.Seconds())))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = session.Close() })
	return session
}

func (s *Stage) GoElection(name string) *Player {
	election := concurrency.NewElection(s.session(), s.prefix)
	return s.inside(name, func(ctx context.Context) (int64, error) {
		err := election.Campaign(ctx, name)
		return election.Rev(), err
	}, election.Resign)
}

func (s *Stage) GoMutex(name string) *Player {
	mutex := concurrency.NewMutex(s.session(), s.prefix)
	return s.inside(name, func(ctx context.Context) (int64, error) {
		if err := mutex.Lock(ctx); err != nil {
			return 0, err
		}
		return s.tokenOf(ctx, mutex.Key())
	}, mutex.Unlock)
}

// tokenOf is the create_revision of a key.
func (s *Stage) tokenOf(ctx context.Context, key string) (int64, error) {
	answer, err := s.cluster.Client().Get(ctx, key)
	if err != nil {
		return 0, err
	}
	if len(answer.Kvs) == 0 {
		return 0, fmt.Errorf("%s is gone", key)
	}
	return answer.Kvs[0].CreateRevision, nil
}

// Etcdctl is `etcdctl elect` or `etcdctl lock`: it prints its key once it leads.
func (s *Stage) Etcdctl(name string, args ...string) *Player {
	cmd := s.cluster.Etcdctl(args...)
	p := s.process(name, cmd, syscall.SIGINT)
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-quit:
				return
			case <-p.done:
				return
			case <-time.After(5 * time.Millisecond):
			}
			// etcdctl may warn before it prints the key.
			_, after, found := strings.Cut("\n"+p.out.String(), "\n"+s.prefix+"/")
			suffix, _, whole := strings.Cut(after, "\n")
			if !found || !whole {
				continue
			}
			key := s.prefix + "/" + suffix
			token, err := s.tokenOf(context.Background(), key)
			if err != nil {
				s.t.Errorf("%s: %v in %q", name, err, p.out.String())
				return
			}
			stop := s.acting(name, token)
			<-quit
			stop()
			return
		}
	}()
	interrupt := p.leave
	p.leave = func() { close(quit); <-ended; interrupt() }
	return p
}
