package suite

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.etcd.io/etcd/client/v3/concurrency"

	"bellwether.io/bellwether/tests/wire/go/cluster"
	"bellwether.io/bellwether/tests/wire/go/eventlog"
)

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

// ended says whether its process has.
func (p *Player) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

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
	args := []string{"run", "--election", s.election, "--id", name, "--raw-value", name, "--ttl", s.ttl.String()}
	args = append(append(args, s.cluster.RunFlags(endpoints)...), flags...)
	return s.process(name, exec.Command(cluster.Bellwether(s.t), append(args, "--", program, "-log", s.log.Path())...), syscall.SIGTERM)
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
	session, err := concurrency.NewSession(s.cluster.Client(), concurrency.WithTTL(int(s.ttl.Seconds())))
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
