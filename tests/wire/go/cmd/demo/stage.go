package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"bellwether.io/bellwether/tests/wire/go/cluster"
	"bellwether.io/bellwether/tests/wire/go/eventlog"
	"bellwether.io/bellwether/tests/wire/go/peers"
	"bellwether.io/bellwether/tests/wire/go/program"
)

const (
	root = "/bellwether/elections"
	// The elections of the demo, and the lock of the polling program, which the controller shows as an election too.
	report, billing, locker = "demo/report", "demo/billing", "legacy/locker"
	lockerPrefix            = "/TEST/LOCKER"
	ttl                     = 5 * time.Second
)

// stage is everything that runs.
type stage struct {
	*program.Program
	screen     *screen
	cluster    *cluster.Cluster
	folder     string
	worker     string
	bellwether string
	url        string                      // of the controller
	processes  map[string]*program.Process // by candidate
}

func newStage(p *program.Program) *stage {
	self, err := os.Executable()
	if err != nil {
		p.Fatal(err)
	}
	version := "3.6.16"
	if os.Getenv("BELLWETHER_ETCD_VERSIONS") != "" {
		version = cluster.Versions()[0]
	}
	s := &stage{Program: p, screen: newScreen(), folder: p.TempDir(), worker: filepath.Join(filepath.Dir(self), "worker"),
		bellwether: cluster.Bellwether(p), processes: map[string]*program.Process{}}
	s.screen.title("Bellwether: leader election on etcd that writes nothing while nothing changes")
	s.cluster = cluster.New(p, cluster.Options{Version: version})
	s.screen.progress("etcd %s on %s, with its data in a temporary folder", version, s.endpoint())
	s.startController()
	for _, id := range []string{"report-1", "report-2"} {
		s.startCandidate(report, id)
	}
	s.startGoCandidate(report, "go-program")
	s.startCandidate(report, "report-3")
	s.screen.progress("election %s: report-1, report-2, report-3 under `bellwether run`, and go-program, which uses etcd's Go library", report)
	for _, id := range []string{"billing-1", "billing-2", "billing-3"} {
		s.startCandidate(billing, id)
	}
	s.screen.progress("election %s: billing-1, billing-2, billing-3 under `bellwether run`", billing)
	for range 2 {
		s.startPoller()
	}
	s.screen.progress("the program that all this replaces, twice: TryLock on %s, sleep %s, again", lockerPrefix, seconds(pollEvery))
	return s
}

func (s *stage) endpoint() string { return s.cluster.Endpoints()[0] }

// wait gives up when the demo is interrupted.
func (s *stage) wait(d time.Duration) {
	select {
	case <-time.After(d):
	case <-s.Context().Done():
		s.Fatal("interrupted")
	}
}

// start starts a process whose talk goes to a file.
func (s *stage) start(name string, words ...string) *program.Process {
	talk, err := os.Create(s.talk(name))
	if err != nil {
		s.Fatal(err)
	}
	defer talk.Close()
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stdout, cmd.Stderr = talk, talk
	return s.Start(cmd)
}

func (s *stage) talk(name string) string { return filepath.Join(s.folder, name+".log") }

// said is the end of what a process has said, for a person who looks for the cause of a failure.
func (s *stage) said(name string) string {
	text, err := os.ReadFile(s.talk(name))
	if err != nil {
		return err.Error()
	}
	return name + " said:\n" + string(text[max(0, len(text)-2000):])
}

func (s *stage) startController() {
	listen := s.freeAddress()
	s.url = "http://" + listen
	config := filepath.Join(s.folder, "controller.yaml")
	text := fmt.Sprintf("etcd: {endpoints: [%q]}\nelections:\n  root: %s\n  prefixes: [{election: %s, prefix: %s}]\nhttp: {listen: %q}\n",
		s.endpoint(), root, locker, lockerPrefix, listen)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
	process := s.start("controller", s.bellwether, "controller", "--config", config)
	cluster.Eventually(s, 30*time.Second, "the controller is ready", func() error {
		select {
		case <-process.Done():
			s.Fatalf("the controller has ended; %s", s.said("controller"))
		default:
		}
		if _, err := s.get("/readyz"); err != nil {
			return fmt.Errorf("%w; %s", err, s.said("controller"))
		}
		return nil
	})
	s.screen.progress("the controller on %s", s.url)
}

// freeAddress is etcd's loopback address, which is nobody else's, with port 8080 or another where that one is taken.
func (s *stage) freeAddress() string {
	etcd, err := url.Parse(s.endpoint())
	if err != nil {
		s.Fatal(err)
	}
	listener, err := net.Listen("tcp", etcd.Hostname()+":8080")
	if err != nil {
		listener, err = net.Listen("tcp", etcd.Hostname()+":0")
	}
	if err != nil {
		s.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func (s *stage) log(election string) string {
	return filepath.Join(s.folder, strings.ReplaceAll(election, "/", "-")+".events")
}

// startCandidate starts one under `bellwether run`, and waits until it has its place.
func (s *stage) startCandidate(election, id string) {
	before := s.places(root + "/" + election)
	s.processes[id] = s.start(id, s.bellwether, "run", "--endpoints", s.endpoint(), "--election", election, "--id", id, "--ttl",
		ttl.String(), "--", s.worker, "-log", s.log(election), "-every", "200ms")
	s.waitPlaces(election, before+1, id)
}

// startGoCandidate is a program as others write it, with etcd's own library; it runs inside this one.
func (s *stage) startGoCandidate(election, id string) {
	before := s.places(root + "/" + election)
	peer := peers.Peer{Client: s.cluster.NewClient(s.cluster.Endpoints()), Prefix: root + "/" + election, TTL: ttl}
	s.background(id, func(ctx context.Context) error {
		return peer.Queue(ctx, id, func(ctx context.Context, token int64) { <-ctx.Done() })
	})
	s.waitPlaces(election, before+1, id)
}

func (s *stage) startPoller() {
	peer := peers.Peer{Client: s.cluster.NewClient(s.cluster.Endpoints()), Prefix: lockerPrefix, TTL: 15 * time.Second}
	s.background("a polling program", func(ctx context.Context) error { return peer.Poll(ctx, pollEvery) })
}

// background plays a peer until the demo ends.
func (s *stage) background(name string, play func(context.Context) error) {
	go func() {
		if err := play(s.Context()); err != nil {
			s.Logf("%s: %v", name, err)
		}
	}()
}

// places is the number of keys in a queue.
func (s *stage) places(prefix string) int64 {
	answer, err := s.cluster.Client().Get(s.Context(), prefix+"/", clientv3.WithPrefix(), clientv3.WithCountOnly())
	if err != nil {
		s.Fatal(err)
	}
	return answer.Count
}

func (s *stage) waitPlaces(election string, want int64, id string) {
	cluster.Eventually(s, 30*time.Second, id+" has its place", func() error {
		if n := s.places(root + "/" + election); n != want {
			return fmt.Errorf("%s has %d places; %s", election, n, s.said(id))
		}
		return nil
	})
}

// firstAct is the first thing that a leader of this election with a larger token did.
func (s *stage) firstAct(election string, after int64) (first eventlog.Event) {
	cluster.Eventually(s, 30*time.Second, "the next leader of "+election+" acts", func() (err error) {
		first, err = eventlog.FirstAct(s.log(election), after)
		return err
	})
	return first
}
