package suite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"bellwether.io/bellwether/tests/wire/go/cluster"
	"bellwether.io/bellwether/tests/wire/go/eventlog"
)

// The design's bounds, and what a busy machine takes to start the led program and to run an etcd.
const (
	slack           = 3 * time.Second
	afterExpiry     = ttl + time.Second + slack
	afterEtcdLeader = 2*ttl + 5*time.Second + slack
	afterHandOver   = time.Second + slack
)

// pair starts a leader and one who waits behind it.
func (s *Stage) pair(first, second []string) (leader, next *Player, act eventlog.Event) {
	s.t.Helper()
	leader = s.Run("first", first)
	act = s.WaitActing(leader)
	next = s.Run("second", second)
	s.WaitQueue(2)
	return leader, next, act
}

func (s *Stage) leaderKey() (key string, lease clientv3.LeaseID) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	answer, err := s.cluster.Client().Get(ctx, s.prefix+"/", clientv3.WithFirstCreate()...)
	if err != nil || len(answer.Kvs) == 0 {
		s.t.Fatal("no leader's key: ", err)
	}
	return string(answer.Kvs[0].Key), clientv3.LeaseID(answer.Kvs[0].Lease)
}

func TestRunIsKilled(t *testing.T) {
	everyVersion(t, cluster.Options{}, func(t *testing.T, c *cluster.Cluster) {
		s := NewStage(t, c)
		leader, _, act := s.pair(c.Endpoints(), c.Endpoints())
		s.Cause("SIGKILL of run")
		if err := leader.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		s.ExpectNext(act, afterExpiry, "after SIGKILL of run")
	})
}

func TestTheLedProgramIsKilled(t *testing.T) {
	everyVersion(t, cluster.Options{}, func(t *testing.T, c *cluster.Cluster) {
		s := NewStage(t, c)
		_, _, act := s.pair(c.Endpoints(), c.Endpoints())
		s.Cause("SIGKILL of CMD")
		if err := syscall.Kill(act.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		s.ExpectNext(act, afterHandOver, "after SIGKILL of CMD")
	})
}

func TestRunIsStoppedPastItsTtlAndContinued(t *testing.T) {
	everyVersion(t, cluster.Options{}, func(t *testing.T, c *cluster.Cluster) {
		s := NewStage(t, c)
		leader, next, act := s.pair(c.Endpoints(), c.Endpoints())
		s.Cause("SIGSTOP of run")
		if err := leader.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		act = s.ExpectNext(act, afterExpiry, "after SIGSTOP of run")
		if err := leader.cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		s.WaitQueue(2) // it found out that it lost, and waits behind the new leader
		s.Cause("the second leaves")
		go next.Leave()
		s.ExpectNext(act, afterHandOver, "back to the one that was stopped")
		next.Leave()
	})
}

func TestTheWayToEtcdIsCutWhileItCompacts(t *testing.T) {
	everyVersion(t, cluster.Options{}, func(t *testing.T, c *cluster.Cluster) {
		s := NewStage(t, c)
		link := c.NewLink()
		_, next, act := s.pair(link.Endpoints(), c.Endpoints())
		s.Cause("the leader's way to etcd is cut")
		link.Cut()
		act = s.ExpectNext(act, afterExpiry, "after the cut")
		c.Compact()
		link.Heal()
		s.WaitQueue(2)
		s.Cause("the second leaves")
		go next.Leave()
		s.ExpectNext(act, afterHandOver, "back to the one that was cut off")
		next.Leave()
	})
}

func TestTheLeadersLeaseIsRevoked(t *testing.T) {
	everyVersion(t, cluster.Options{}, func(t *testing.T, c *cluster.Cluster) {
		s := NewStage(t, c)
		_, _, act := s.pair(c.Endpoints(), c.Endpoints())
		_, lease := s.leaderKey()
		s.Foreign(delivery, "the leader's lease is revoked")
		if _, err := c.Client().Revoke(context.Background(), lease); err != nil {
			t.Fatal(err)
		}
		s.ExpectNext(act, afterHandOver, "after the revoke")
		s.WaitQueue(2)
	})
}

func TestTheLeadersKeyIsDeletedByHand(t *testing.T) {
	everyVersion(t, cluster.Options{}, func(t *testing.T, c *cluster.Cluster) {
		s := NewStage(t, c)
		_, _, act := s.pair(c.Endpoints(), c.Endpoints())
		key, _ := s.leaderKey()
		s.Foreign(delivery, "the leader's key is deleted")
		if _, err := c.Client().Delete(context.Background(), key); err != nil {
			t.Fatal(err)
		}
		s.ExpectNext(act, afterHandOver, "after the delete")
		s.WaitQueue(2)
	})
}

func TestFailoverGoesOnUnderNoSpaceAndJoiningIsRefused(t *testing.T) {
	everyVersion(t, cluster.Options{Quota: 16 << 20}, func(t *testing.T, c *cluster.Cluster) {
		s := NewStage(t, c)
		_, _, act := s.pair(c.Endpoints(), c.Endpoints())
		c.Fill()
		late := s.Run("late", c.Endpoints())
		cluster.Eventually(t, 30*time.Second, "a refusal that says why", func() error {
			if !strings.Contains(late.output(), "space") {
				return context.DeadlineExceeded
			}
			return nil
		})
		s.Cause("SIGKILL of CMD under NOSPACE")
		if err := syscall.Kill(act.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		s.ExpectNext(act, afterHandOver, "under NOSPACE")
		c.Relieve()
		s.WaitQueue(2) // the late one joined by itself
	})
}

func TestAFollowerIsKilled(t *testing.T) {
	everyVersion(t, cluster.Options{Members: 3}, func(t *testing.T, c *cluster.Cluster) {
		s := NewStage(t, c)
		leader, _, _ := s.pair(c.Endpoints(), c.Endpoints())
		member := c.Follower()
		c.Kill(member)
		// No cause is logged: past the TTL the same one leads, with the same token.
		from := time.Now()
		cluster.Eventually(t, time.Minute, "a TTL passes", func() error {
			if time.Since(from) < ttl+2*time.Second {
				return context.DeadlineExceeded
			}
			return nil
		})
		s.WaitActing(leader)
		c.Start(member)
		c.WaitServing()
	})
}

func TestTheEtcdLeaderIsKilledTogetherWithTheCandidate(t *testing.T) {
	everyVersion(t, cluster.Options{Members: 3}, func(t *testing.T, c *cluster.Cluster) {
		s := NewStage(t, c)
		// Those may confirm revoked leases, or revoke live ones, when their leader changes.
		s.reportOnly = cluster.MayConfirmRevokedLeases(c.Version())
		leader, _, act := s.pair(c.Endpoints(), c.Endpoints())
		s.Cause("SIGKILL of run and of the etcd leader")
		if err := leader.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		c.Kill(c.Leader())
		s.ExpectNext(act, afterEtcdLeader, "after the etcd leader died too")
	})
}

func TestEtcdIsRestartedWithinTheTtl(t *testing.T) {
	everyVersion(t, cluster.Options{}, func(t *testing.T, c *cluster.Cluster) {
		s := NewStage(t, c)
		_, next, act := s.pair(c.Endpoints(), c.Endpoints())
		s.Cause("etcd is restarted")
		c.Kill(c.Members()[0])
		c.Start(c.Members()[0])
		c.WaitServing()
		s.WaitQueue(2)
		s.Cause("all but one leave")
		leader := s.players[0]
		go leader.Leave()
		s.ExpectNext(act, afterHandOver, "hand-over after the restart")
		leader.Leave()
		next.Leave()
	})
}

func TestASnapshotWithALowerRevisionIsRestored(t *testing.T) {
	everyVersion(t, cluster.Options{}, func(t *testing.T, c *cluster.Cluster) {
		s := NewStage(t, c)
		s.ttl = 30 * time.Second // so that leases outlive the restart: it is the restore that is noticed
		first, second, act := s.pair(c.Endpoints(), c.Endpoints())
		snapshot, then := c.SaveSnapshot(), c.Counters().Revision
		c.Write(100)
		s.Cause("the first leaves")
		go first.Leave()
		s.ExpectNext(act, afterHandOver, "before the restore")
		first.Leave()
		third := s.Run("third", c.Endpoints())
		s.WaitQueue(2)
		// In the snapshot the one that left leads, the one that leads waits, and the one that waits is not there.
		restored := s.Restored("etcd is put back to a snapshot")
		c.RestoreSnapshot(snapshot)
		cluster.Eventually(t, time.Minute, "the holder says that its token means nothing now", func() error {
			if !strings.Contains(second.output(), "fencing tokens from before mean nothing now") {
				return errors.New(second.output())
			}
			return nil
		})
		key, lease := s.leaderKey()
		s.Cause("the lease of the one that left, " + key + ", is revoked")
		if _, err := c.Client().Revoke(context.Background(), lease); err != nil {
			t.Fatal(err)
		}
		var places []*mvccpb.KeyValue
		cluster.Eventually(t, time.Minute, "both have joined the restored queue, and nobody else is in it", func() error {
			if places = s.places(); len(places) != 2 || places[0].CreateRevision <= then {
				return fmt.Errorf("%d places", len(places))
			}
			return nil
		})
		leader := places[0]
		act = s.waitAct(time.Minute, "the leader of the restored queue acts", func(e eventlog.Event) bool {
			return e.T > restored && e.Token == leader.CreateRevision && e.ID == string(leader.Value)
		})
		s.Cause("the leader of the restored queue leaves")
		next := map[string]*Player{second.name: second, third.name: third}[act.ID]
		go next.Leave()
		s.ExpectNext(act, afterHandOver, "hand-over in the restored queue")
		next.Leave()
	})
}
