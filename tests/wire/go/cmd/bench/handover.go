package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"

	"bellwether.io/bellwether/tests/wire/go/cluster"
)

// Between two hand-overs, so that one does not measure the other's re-join. Ours make the same pause (tests/bench/handover.cc).
const handOverPause = 5 * time.Millisecond

func handOver(b *bench) Table {
	c := b.etcd()
	ours := b.startFlock("handover", "--endpoints", c.Endpoints()[0], "--prefix", "/bench/ours", "--candidates",
		fmt.Sprint(candidates))
	ours.expect("ready", time.Minute)
	theirs := newGoQueue(b, c, "/bench/go")
	var oursTook, theirsTook []time.Duration
	// In turns, so that what else the machine does meets both.
	for len(theirsTook) < b.scale.handOvers {
		oursTook = append(oursTook, ours.handOver(b.scale.block)...)
		theirsTook = append(theirsTook, theirs.handOver(b.scale.block)...)
	}
	_ = ours.in.Close()
	us, them := sorted(oursTook), sorted(theirsTook)
	t := Table{
		Title:   "Hand-over: from the leader's call of resign to the moment when the next one knows",
		Columns: []string{"WHO", "N", "P50", "P99", "MAX"},
		Notes: []string{fmt.Sprintf("%d candidates, each with a client of its own, all in one process and on one clock; on the same "+
			"etcd, %d hand-overs of one side, then as many of the other", candidates, b.scale.block)},
	}
	t.Add(append([]string{"bellwether"}, us.Cells()...)...)
	t.Add(append([]string{"Go concurrency.Election"}, them.Cells()...)...)
	t.Add("ours / Go", "", ratio(us.Percentile(50), them.Percentile(50)), ratio(us.Percentile(99), them.Percentile(99)),
		ratio(us[len(us)-1], them[len(them)-1]))
	return t
}

func (t *talker) handOver(n int) []time.Duration {
	if _, err := fmt.Fprintln(t.in, n); err != nil {
		t.b.Fatal(err)
	}
	var took []time.Duration
	for range n {
		ns, err := strconv.ParseInt(t.line(time.Minute), 10, 64)
		if err != nil {
			t.b.Fatal(err)
		}
		took = append(took, time.Duration(ns))
	}
	t.expect("done", time.Minute)
	return took
}

// goQueue are candidates of the Go client, in the order of their queue.
type goQueue struct {
	b       *bench
	client  *clientv3.Client // to look at the queue
	prefix  string
	queue   []*goCandidate
	trouble chan error
}

type goCandidate struct {
	election *concurrency.Election
	elected  chan time.Time
}

func newGoQueue(b *bench, c *cluster.Cluster, prefix string) *goQueue {
	q := &goQueue{b: b, client: c.Client(), prefix: prefix, trouble: make(chan error, candidates)}
	for range candidates {
		session, err := concurrency.NewSession(c.NewClient(c.Endpoints()), concurrency.WithTTL(int(peerTTL.Seconds())))
		if err != nil {
			b.Fatal(err)
		}
		candidate := &goCandidate{concurrency.NewElection(session, prefix), make(chan time.Time, 1)}
		q.queue = append(q.queue, candidate)
		q.join(candidate, len(q.queue))
	}
	q.waitElected(q.queue[0])
	return q
}

// join puts a candidate at the end of the queue, which has `size` places then.
func (q *goQueue) join(candidate *goCandidate, size int) {
	go func() {
		err := candidate.election.Campaign(q.b.Context(), "bench")
		now := time.Now()
		if err != nil {
			q.trouble <- err
			return
		}
		candidate.elected <- now
	}()
	for deadline := time.Now().Add(time.Minute); ; q.b.wait(time.Millisecond) {
		answer, err := q.client.Get(q.b.Context(), q.prefix+"/", clientv3.WithPrefix(), clientv3.WithCountOnly())
		if err == nil && answer.Count == int64(size) {
			return
		}
		if time.Now().After(deadline) {
			q.b.Fatalf("the Go client's queue has not %d places: %v", size, err)
		}
	}
}

func (q *goQueue) waitElected(candidate *goCandidate) time.Time {
	select {
	case at := <-candidate.elected:
		return at
	case err := <-q.trouble:
		q.b.Fatalf("campaign: %v", err)
	case <-time.After(30 * time.Second):
		q.b.Fatal("the Go client's next candidate was never elected")
	}
	return time.Time{}
}

func (q *goQueue) handOver(n int) []time.Duration {
	var took []time.Duration
	for range n {
		q.b.wait(handOverPause)
		leaving, next := q.queue[0], q.queue[1]
		start := time.Now()
		ctx, cancel := context.WithTimeout(q.b.Context(), 10*time.Second)
		err := leaving.election.Resign(ctx)
		cancel()
		if err != nil {
			q.b.Fatalf("resign: %v", err)
		}
		took = append(took, q.waitElected(next).Sub(start))
		q.queue = append(q.queue[1:], leaving)
		q.join(leaving, len(q.queue))
	}
	return took
}
