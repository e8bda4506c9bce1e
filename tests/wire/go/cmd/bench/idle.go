package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"bellwether.io/bellwether/tests/wire/go/cluster"
	"bellwether.io/bellwether/tests/wire/go/peers"
)

const (
	candidates = 3 // of each election
	pollEvery  = 5 * time.Second
	peerTTL    = 15 * time.Second // as long as ours by default
)

func idle(b *bench) Table {
	t := Table{
		Title:   "Idle: what etcd writes while nothing changes",
		Columns: []string{"WHO", "ELECTIONS x CANDIDATES", "SECONDS", "REVISIONS", "RAFT ENTRIES", "REVISIONS PER ELECTION AND MINUTE"},
		Notes: []string{
			"each on a fresh etcd that stood still before; ours with the controller's observer on the root, safety re-reads on",
			"client-go was not measured here: its holder writes the Lease each 2 s (LeaseDuration 15 s, RenewDeadline 10 s, " +
				"RetryPeriod 2 s are the defaults of Kubernetes' component-base), whatever the number of its standbys",
		},
	}
	add := func(who string, elections int, window time.Duration, cost cluster.Counters) {
		per := float64(cost.Revision) / float64(elections) / window.Minutes()
		t.Add(who, fmt.Sprintf("%d x %d", elections, candidates), fmt.Sprintf("%.0f", window.Seconds()),
			fmt.Sprint(cost.Revision), fmt.Sprint(cost.Applied), fmt.Sprintf("%.1f", per))
	}
	etcds := b.etcds(4)
	b.say("ours, %d elections", b.scale.ours)
	n, window := b.scale.elections, b.scale.idle
	add("bellwether", b.scale.ours, window, b.idleOfOurs(etcds[0]))
	b.say("Go concurrency.Election, %d elections", n)
	add("Go concurrency.Election", n, window, b.idleOfPeers(etcds[1], n, n*candidates, window, func(ctx context.Context, p peers.Peer) error {
		return p.Queue(ctx, "bench", func(ctx context.Context, _ int64) { <-ctx.Done() })
	}))
	b.say("TryLock each %s, %d elections", pollEvery, n)
	add("Go Mutex.TryLock each 5 s", n, window, b.idleOfPeers(etcds[2], n, n, window, func(ctx context.Context, p peers.Peer) error {
		return p.Poll(ctx, pollEvery)
	}))
	b.say("watch the prefix and TryLock, one election")
	add("Go watch the prefix, TryLock on any event", 1, b.scale.storm,
		b.idleOfPeers(etcds[3], 1, 1, b.scale.storm, func(ctx context.Context, p peers.Peer) error { return p.WatchAndTry(ctx) }))
	t.Add("client-go leaderelection (reference)", "", "", "", "", "30.0")
	return t
}

func (b *bench) idleOfOurs(c *cluster.Cluster) cluster.Counters {
	f := b.startFlock("idle", "--endpoints", c.Endpoints()[0], "--root", root,
		"--elections", fmt.Sprint(b.scale.ours), "--candidates", fmt.Sprint(candidates))
	f.expect("ready", 10*time.Minute)
	cost := b.cost(c, b.scale.idle)
	// Also what the window cannot show: nobody lost a place on the way, and the observer was told everything.
	if last := f.end(); last != "lost 0 missed 0" {
		b.Logf("ATTENTION: the candidates say %q", last)
	}
	c.Kill(c.Members()[0])
	return cost
}

// idleOfPeers runs so many elections of peers and measures once `places` keys are there: all candidates' in a queue, one of each
// election for a lock.
func (b *bench) idleOfPeers(c *cluster.Cluster, elections, places int, window time.Duration,
	play func(context.Context, peers.Peer) error) cluster.Counters {
	client := c.NewClient(c.Endpoints())
	ctx, cancel := context.WithCancel(b.Context())
	var playing sync.WaitGroup
	trouble := make(chan error, elections*candidates)
	for i := range elections * candidates {
		peer := peers.Peer{Client: client, Prefix: fmt.Sprintf("/bench/e%d", i%elections), TTL: peerTTL}
		playing.Go(func() {
			if err := play(ctx, peer); err != nil {
				trouble <- err
			}
		})
		// One by one, as programs are started: a watcher whose rivals all tried before it watched sleeps on.
		b.wait(pollEvery / time.Duration(elections*candidates))
	}
	cluster.Eventually(b, 2*time.Minute, fmt.Sprintf("%d places are taken", places), func() error {
		answer, err := client.Get(ctx, "/bench/", clientv3.WithPrefix(), clientv3.WithCountOnly())
		if err == nil && answer.Count < int64(places) {
			err = fmt.Errorf("there are %d", answer.Count)
		}
		return err
	})
	cost := b.cost(c, window)
	cancel()
	_ = client.Close() // nobody revokes 3,000 leases of an etcd that is thrown away
	playing.Wait()
	close(trouble)
	for err := range trouble {
		b.Fatalf("a peer: %v", err)
	}
	c.Kill(c.Members()[0])
	return cost
}

// cost is what etcd writes in a window of time.
func (b *bench) cost(c *cluster.Cluster, window time.Duration) cluster.Counters {
	before := c.Counters()
	b.wait(window)
	after := c.Counters()
	return cluster.Counters{Revision: after.Revision - before.Revision, Applied: after.Applied - before.Applied}
}
