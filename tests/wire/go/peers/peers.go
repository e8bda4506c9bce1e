// Package peers holds the ways of electing a leader on etcd that bellwether is compared with, written as programs in the field
// write them.
package peers

import (
	"context"
	"errors"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
)

// Peer is one participant. Its methods block until the context ends; they give up then what they hold, if etcd lets them
// within seconds, and return nil.
type Peer struct {
	Client *clientv3.Client
	Prefix string
	TTL    time.Duration // of its session
}

// Poll is the program that bellwether replaces: try the lock, and try again after a pause, for ever.
func (p Peer) Poll(ctx context.Context, every time.Duration) error {
	return p.contest(ctx, func() error {
		select {
		case <-ctx.Done():
		case <-time.After(every):
		}
		return nil
	})
}

// WatchAndTry is the usual mend: after the first failed try wait for any event under the prefix instead of sleeping. It is quiet
// with one who waits. With two, each try's own put and delete wake everybody who waits, also the one that tries.
func (p Peer) WatchAndTry(ctx context.Context) error {
	var events clientv3.WatchChan
	return p.contest(ctx, func() error {
		if events == nil {
			events = p.Client.Watch(ctx, p.Prefix+"/", clientv3.WithPrefix())
		}
		event := <-events
		return event.Err()
	})
}

func (p Peer) contest(ctx context.Context, wait func() error) error {
	session, err := p.session(ctx)
	if err != nil {
		return unlessEnded(ctx, err)
	}
	defer session.Close()
	mutex := concurrency.NewMutex(session, p.Prefix)
	for ctx.Err() == nil {
		err := mutex.TryLock(ctx)
		if err == nil {
			<-ctx.Done()
			return nil // closing the session revokes its lease, and the lock goes with it
		}
		if errors.Is(err, concurrency.ErrLocked) {
			err = wait()
		}
		if err != nil {
			return unlessEnded(ctx, err)
		}
	}
	return nil
}

// Queue is a candidate of etcd's own election. led is called once it leads, with the fencing token and a context that ends with
// the session or with ctx.
func (p Peer) Queue(ctx context.Context, value string, led func(ctx context.Context, token int64)) error {
	session, err := p.session(ctx)
	if err != nil {
		return unlessEnded(ctx, err)
	}
	defer session.Close()
	election := concurrency.NewElection(session, p.Prefix)
	if err := election.Campaign(ctx, value); err != nil {
		return unlessEnded(ctx, err)
	}
	leading, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-session.Done():
			cancel()
		case <-leading.Done():
		}
	}()
	led(leading, election.Rev())
	if ctx.Err() == nil {
		return errors.New("the session has ended")
	}
	return nil
}

func (p Peer) session(ctx context.Context) (*concurrency.Session, error) {
	lease, err := p.Client.Grant(ctx, int64(p.TTL.Seconds()))
	if err != nil {
		return nil, err
	}
	return concurrency.NewSession(p.Client, concurrency.WithTTL(int(p.TTL.Seconds())), concurrency.WithLease(lease.ID))
}

func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}
