package suite

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.etcd.io/etcd/client/v3/concurrency"

	"bellwether.io/bellwether/tests/wire/go/cluster"
)

// TryLock is the program that polls, as docs/moving-from-trylock.md shows it, only more often.
func (s *Stage) TryLock(name string) *Player {
	mutex := concurrency.NewMutex(s.session(), s.prefix)
	return s.inside(name, func(ctx context.Context) (int64, error) {
		for {
			err := mutex.TryLock(ctx)
			if err == nil {
				return s.tokenOf(ctx, mutex.Key())
			}
			if !errors.Is(err, concurrency.ErrLocked) {
				return 0, err
			}
			select {
			case <-ctx.Done():
				return 0, ctx.Err()
			case <-time.After(200 * time.Millisecond):
			}
		}
	}, mutex.Unlock)
}

// The steps of docs/moving-from-trylock.md: nobody overlaps (the stage judges that), and in the end nobody writes.
func TestALivePairMovesFromTryLock(t *testing.T) {
	everyVersion(t, cluster.Options{}, func(t *testing.T, c *cluster.Cluster) {
		s := NewStage(t, c)
		leader := s.TryLock("old-leader")
		act := s.WaitActing(leader)
		standby := s.TryLock("old-standby")

		s.Cause("the new standby joins, beside one who still polls")
		first := s.Run("new-1", c.Endpoints())
		cluster.Eventually(t, time.Minute, "the new standby waits", func() error {
			if keys := s.Queue(); len(keys) < 2 {
				return errors.New("it does not stand in the queue")
			}
			return nil
		})
		standby.Leave()

		s.Cause("the old leader leaves")
		go leader.Leave()
		s.ExpectNext(act, afterHandOver, "the new one takes over")
		leader.Leave()
		s.WaitActing(first)
		s.Run("new-2", c.Endpoints())
		s.WaitQueue(2)
		last := c.Counters()
		cluster.Eventually(t, time.Minute, "nothing is written over 8 s", func() error {
			before := last
			time.Sleep(8 * time.Second)
			if last = c.Counters(); last != before {
				return errors.New("something was")
			}
			return nil
		})
	})
}
