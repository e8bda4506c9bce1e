package suite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/client/v3/concurrency"

	"bellwether.io/bellwether/tests/wire/go/cluster"
)

// everyVersion runs a test on each version, at the same time.
func everyVersion(t *testing.T, options cluster.Options, test func(t *testing.T, c *cluster.Cluster)) {
	t.Parallel()
	for _, version := range cluster.Versions() {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			o := options
			o.Version = version
			test(t, cluster.New(t, o))
		})
	}
}

// bellwether runs a subcommand against the cluster; its standard output.
func (s *Stage) bellwether(args ...string) (string, error) {
	flags := s.cluster.RunFlags(s.cluster.Endpoints())
	cmd := exec.Command(cluster.Bellwether(s.t), append(append([]string{args[0]}, flags...), args[1:]...)...)
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("bellwether %v: %w: %s", args, err, talk.String())
	}
	return out.String(), nil
}

func testOneQueue(t *testing.T, c *cluster.Cluster) {
	s := NewStage(t, c)
	run := func(name string) func() *Player {
		return func() *Player { return s.Run(name, c.Endpoints()) }
	}
	joins := []func() *Player{
		run("ours-1"),
		func() *Player { return s.GoElection("go-election") },
		run("ours-2"),
		func() *Player { return s.GoMutex("go-mutex") },
		func() *Player { return s.Etcdctl("etcdctl-elect", "elect", s.prefix, "etcdctl-elect") },
		run("ours-3"),
		func() *Player { return s.Etcdctl("etcdctl-lock", "lock", s.prefix) },
		func() *Player { return s.V3Election("v3election") },
		run("ours-4"),
	}
	var players []*Player
	for i, join := range joins {
		players = append(players, join())
		s.WaitQueue(i + 1)
	}
	keys := s.Queue()
	election := concurrency.NewElection(s.session(), s.prefix)
	for i, p := range players {
		act := s.WaitActing(p)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		leader, err := election.Leader(ctx)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		kv := leader.Kvs[0]
		// Byte for byte: prefix, '/', lease in unpadded lower-case hexadecimal; the token is the create_revision.
		if want := fmt.Sprintf("%s/%x", s.prefix, kv.Lease); string(kv.Key) != want || string(kv.Key) != keys[i] {
			t.Errorf("%s leads with key %s, not %s, and joined as %s", p.name, kv.Key, want, keys[i])
		}
		if kv.CreateRevision != act.Token {
			t.Errorf("%s acts with token %d, and its key's create_revision is %d", p.name, act.Token, kv.CreateRevision)
		}
		// A lock has no value: there the lease stands for the id.
		want := string(kv.Value)
		if want == "" {
			want = fmt.Sprintf("lease:%x", kv.Lease)
		} else if want != p.name {
			t.Errorf("%s leads with the value %q", p.name, kv.Value)
		}
		if said, err := s.bellwether("leader", s.election); err != nil || strings.TrimSpace(said) != want {
			t.Errorf("bellwether leader says %q, not %q: %v", said, want, err)
		}
		if said, err := s.bellwether("queue", s.election); err != nil || !strings.Contains(said, want) {
			t.Errorf("bellwether queue says %q, without %q: %v", said, want, err)
		}
		s.Cause(p.name + " leaves")
		if i+1 < len(players) {
			go p.Leave()
			s.ExpectNext(act, afterHandOver, "hand-over from "+p.name+" to "+players[i+1].name)
		}
		p.Leave()
	}
	s.WaitQueue(0)
}

func TestEverybodyStandsInOneQueue(t *testing.T) {
	everyVersion(t, cluster.Options{}, testOneQueue)
}

func TestEverybodyStandsInOneQueueWithMutualTLS(t *testing.T) {
	everyVersion(t, cluster.Options{TLS: true, Members: 3}, testOneQueue)
}

func TestEverybodyStandsInOneQueueWithAPassword(t *testing.T) {
	everyVersion(t, cluster.Options{Auth: true}, testOneQueue)
}

func TestTryLockSeesOursAndOursWaitsBehindIt(t *testing.T) {
	everyVersion(t, cluster.Options{}, func(t *testing.T, c *cluster.Cluster) {
		s := NewStage(t, c)
		first := s.Run("ours-1", c.Endpoints())
		s.WaitActing(first)
		mutex := concurrency.NewMutex(s.session(), s.prefix)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := mutex.TryLock(ctx); !errors.Is(err, concurrency.ErrLocked) {
			t.Fatalf("TryLock beside our leader: %v", err)
		}
		s.Cause("ours-1 leaves")
		first.Leave()
		if err := mutex.TryLock(ctx); err != nil {
			t.Fatalf("TryLock on a free lock: %v", err)
		}
		token, err := s.tokenOf(ctx, mutex.Key())
		if err != nil {
			t.Fatal(err)
		}
		stop := s.acting("go-trylock", token)
		second := s.Run("ours-2", c.Endpoints())
		s.WaitQueue(2)
		stop()
		s.Cause("TryLock's holder unlocks")
		if err := mutex.Unlock(ctx); err != nil {
			t.Fatal(err)
		}
		s.WaitActing(second)
	})
}

func TestGoObservesOurLeaders(t *testing.T) {
	everyVersion(t, cluster.Options{}, func(t *testing.T, c *cluster.Cluster) {
		s := NewStage(t, c)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		leaders := concurrency.NewElection(s.session(), s.prefix).Observe(ctx)
		first, second, act := s.pair(c.Endpoints(), c.Endpoints())
		sees := func(p *Player, token int64) {
			t.Helper()
			// One who leads is told more than once where the queue behind it changes.
			for answer := range leaders {
				kv := answer.Kvs[0]
				if string(kv.Value) == p.name && kv.CreateRevision == token {
					return
				}
			}
			t.Fatalf("Observe never told of %s with token %d", p.name, token)
		}
		sees(first, act.Token)
		s.Cause("the first leaves")
		go first.Leave()
		act = s.ExpectNext(act, afterHandOver, "hand-over to the second")
		sees(second, act.Token)
		first.Leave()
	})
}

func TestNothingIsWrittenWhileNothingChanges(t *testing.T) {
	everyVersion(t, cluster.Options{}, func(t *testing.T, c *cluster.Cluster) {
		s := NewStage(t, c)
		for i := range 3 {
			p := s.Run(fmt.Sprintf("ours-%d", i), c.Endpoints())
			s.WaitQueue(i + 1)
			if i == 0 {
				s.WaitActing(p)
			}
		}
		// A young etcd still writes on its own behalf (its attributes, the cluster version): wait until it is quiet, with
		// candidates of ours already waiting, then look over several keepalive periods.
		last := c.Counters()
		cluster.Eventually(t, time.Minute, "counters stand still over 8 s", func() error {
			before := last
			time.Sleep(8 * time.Second)
			if last = c.Counters(); last != before {
				return fmt.Errorf("%+v became %+v", before, last)
			}
			return nil
		})
	})
}
