package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"bellwether.io/bellwether/tests/wire/go/cluster"
	"bellwether.io/bellwether/tests/wire/go/eventlog"
)

// massRevoke measures how soon all are told when one lease held very many leaderships: a node that died, or a program that ended.
func massRevoke(b *bench) Table {
	n := b.scale.observed
	t := Table{
		Title:   fmt.Sprintf("Mass revoke: %d leaderships lost in one revoke of a lease, until the last new leader is told", n),
		Columns: []string{"WHO", "N", "P50", "P99", "MAX"},
		Notes: []string{
			"bellwether: a client of /v1/watch has read the last election's new leader; Go: each election has an Election.Observe, all in " +
				"one process, and the last has told; each time on a fresh etcd",
		},
	}
	var revokes, ours, theirs []time.Duration
	for range b.scale.revokes {
		revokes = append(revokes, b.revokeAlone())
		ours = append(ours, b.revokeOfOurs())
		theirs = append(theirs, b.revokeOfGo())
	}
	them, us := sorted(theirs), sorted(ours)
	t.Add(append([]string{"bellwether"}, us.Cells()...)...)
	t.Add(append([]string{"Go Election.Observe"}, them.Cells()...)...)
	t.Add(append([]string{"etcd's revoke alone, nobody watches"}, sorted(revokes).Cells()...)...)
	t.Add("ours / Go", "", ratio(us.Percentile(50), them.Percentile(50)), ratio(us.Percentile(99), them.Percentile(99)),
		ratio(us[len(us)-1], them[len(them)-1]))
	return t
}

func (b *bench) revokeAlone() time.Duration {
	c := b.etcd()
	defer c.Kill(c.Members()[0])
	leading := b.fill(c, b.scale.observed, b.scale.observed)
	from := time.Now()
	b.revoke(b.Context(), c.Client(), leading[0])
	return time.Since(from)
}

func (b *bench) revokeOfOurs() time.Duration {
	c := b.etcd()
	defer c.Kill(c.Members()[0])
	leading := b.fill(c, b.scale.observed, b.scale.observed)
	ours := b.startController(c, "{}")
	defer ours.end()
	ours.served("/readyz")
	stream := b.watchAll(ours.url)
	defer stream.Close()
	stream.leaders("worker-0-", b.scale.observed)
	b.wait(b.scale.quiet / 4)
	from := eventlog.Now()
	go b.revoke(b.Context(), c.Client(), leading[0])
	return time.Duration(stream.leaders("worker-1-", b.scale.observed) - from)
}

// allStream reads /v1/watch.
type allStream struct {
	b     *bench
	lines *bufio.Scanner
	close func()
}

func (b *bench) watchAll(url string) *allStream {
	ctx, cancel := context.WithTimeout(b.Context(), 2*time.Minute)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/v1/watch", nil)
	if err != nil {
		b.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK {
		b.Fatalf("/v1/watch: %s", answer.Status)
	}
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	return &allStream{b, lines, func() { cancel(); _ = answer.Body.Close() }}
}

func (s *allStream) Close() { s.close() }

// leaders reads on until so many elections have told a leader whose id begins like this; it gives the time of the last.
func (s *allStream) leaders(id string, elections int) int64 {
	told := map[string]bool{}
	want := `"leader":{"id":"` + id
	for len(told) < elections && s.lines.Scan() {
		// The id ends with the election's name.
		if _, after, found := strings.Cut(s.lines.Text(), want); found {
			name, _, _ := strings.Cut(after, `"`)
			told[name] = true
		}
	}
	if len(told) < elections {
		s.b.Fatalf("/v1/watch ended after %d of %d new leaders: %v", len(told), elections, errors.Join(s.lines.Err(), s.b.Context().Err()))
	}
	return eventlog.Now()
}

func (b *bench) revokeOfGo() time.Duration {
	c := b.etcd()
	defer c.Kill(c.Members()[0])
	leading := b.fill(c, b.scale.observed, b.scale.observed)
	o := b.startObservers(c)
	defer o.end()
	b.wait(b.scale.quiet / 4)
	from := eventlog.Now()
	go b.revoke(b.Context(), c.Client(), leading[0])
	all, err := strconv.ParseInt(o.line(2*time.Minute), 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return time.Duration(all - from)
}

// observers is this program as one that learns every leader with the Go client. It has told "ready".
type observers struct{ *talker }

func (b *bench) startObservers(c *cluster.Cluster) observers {
	o := observers{b.startTalking(b.self, "peer", "observe", "--endpoint", c.Endpoints()[0], "--elections", fmt.Sprint(b.scale.observed))}
	o.expect("ready", 3*time.Minute)
	return o
}

func (o observers) end() { o.process.End(syscall.SIGKILL) }
