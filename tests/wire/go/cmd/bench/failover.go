package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"bellwether.io/bellwether/tests/wire/go/cluster"
	"bellwether.io/bellwether/tests/wire/go/eventlog"
	"bellwether.io/bellwether/tests/wire/go/peers"
	"bellwether.io/bellwether/tests/wire/go/program"
)

const failoverTTL = 5 * time.Second

func failover(b *bench) Table {
	c := b.etcd()
	ours := b.newLine(c, "/bellwether/elections/bench/failover", func(id, log string) *exec.Cmd {
		return exec.Command(b.binary, "run", "--endpoints", c.Endpoints()[0], "--election", "bench/failover", "--id", id,
			"--ttl", failoverTTL.String(), "--", b.worker, "-log", log, "-every", "50ms")
	})
	theirs := b.newLine(c, "/bench/go-failover", func(id, log string) *exec.Cmd {
		return exec.Command(b.self, "peer", "elect", "-endpoint", c.Endpoints()[0], "-prefix", "/bench/go-failover", "-id", id, "-log", log)
	})
	var command, alone, run, peer []time.Duration
	b.say("the led program is killed, %d times", b.scale.commandKills)
	for range b.scale.commandKills {
		command = append(command, ours.kill(func(leader eventlog.Event) int { return leader.PID }))
		alone = append(alone, b.startAlone())
	}
	b.say("the whole candidate is killed, %d times", b.scale.runKills)
	for range b.scale.runKills {
		run = append(run, ours.kill(func(leader eventlog.Event) int { return ours.members[leader.ID].Process.Pid }))
		peer = append(peer, theirs.kill(func(leader eventlog.Event) int { return leader.PID }))
	}
	t := Table{
		Title:   "Failover: from kill -9 to the first act of the next leader",
		Columns: []string{"WHO", "KILLED", "N", "P50", "P99", "MAX"},
		Notes: []string{
			fmt.Sprintf("%d candidates, TTL %s; the first act is a line that the next led program writes, so its start counts too", candidates, failoverTTL),
			"a lease lives on until its TTL has passed since the last keepalive, and etcd looks for expired ones each 500 ms",
			"client-go was not measured in this run: its figure was taken with its defaults, LeaseDuration 15 s, RenewDeadline 10 s, RetryPeriod 2 s, and is the median and the range",
		},
	}
	add := func(who, killed string, s []time.Duration) {
		t.Add(append([]string{who, killed}, sorted(s).Cells()...)...)
	}
	add("bellwether run", "the led program", command)
	add("  of which that program's start alone", "", alone)
	add("bellwether run", "run itself", run)
	add("Go concurrency.Election", "the program", peer)
	t.Add("client-go leaderelection (reference)", "the program", "", "16,300 ms", "", "14,100 to 18,300 ms")
	return t
}

// startAlone is what the led program itself takes to start on this machine now, from its parent's fork to its first act.
func (b *bench) startAlone() time.Duration {
	path := filepath.Join(b.TempDir(), "events")
	cmd := exec.Command(b.worker, "-log", path)
	cmd.Env = append(os.Environ(), "BELLWETHER_TOKEN=1")
	start := eventlog.Now()
	process := b.Start(cmd)
	first := firstAct(b, path, 0)
	process.End(syscall.SIGTERM)
	return time.Duration(first.T - start)
}

// line is a queue of processes that are killed one after the other, and its event log.
type line struct {
	b       *bench
	client  *clientv3.Client
	prefix  string
	log     string
	command func(id, log string) *exec.Cmd
	members map[string]*program.Process
	made    int
	leader  eventlog.Event // its first act
}

func (b *bench) newLine(c *cluster.Cluster, prefix string, command func(id, log string) *exec.Cmd) *line {
	l := &line{b: b, client: c.Client(), prefix: prefix, log: filepath.Join(b.TempDir(), "events"), command: command,
		members: map[string]*program.Process{}}
	if log, err := eventlog.Open(l.log); err != nil {
		b.Fatal(err)
	} else {
		_ = log.Close()
	}
	for range candidates {
		l.join()
	}
	l.leader = firstAct(b, l.log, 0)
	return l
}

// join starts one more, and waits until the queue is whole.
func (l *line) join() {
	l.made++
	id := fmt.Sprintf("candidate-%d", l.made)
	cmd := l.command(id, l.log)
	talk, err := os.Create(l.log + "." + id)
	if err != nil {
		l.b.Fatal(err)
	}
	defer talk.Close()
	cmd.Stdout, cmd.Stderr = talk, talk
	l.members[id] = l.b.Start(cmd)
	want := int64(min(l.made, candidates))
	cluster.Eventually(l.b, time.Minute, "the queue is whole", func() error {
		answer, err := l.client.Get(l.b.Context(), l.prefix+"/", clientv3.WithPrefix(), clientv3.WithCountOnly())
		if err == nil && answer.Count != want {
			err = fmt.Errorf("%d places, not %d; %s said: %s", answer.Count, want, id, said(talk.Name()))
		}
		return err
	})
}

func said(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func firstAct(b *bench, log string, after int64) (first eventlog.Event) {
	cluster.Eventually(b, time.Minute, "the next one acts", func() (err error) {
		first, err = eventlog.FirstAct(log, after)
		return err
	})
	return first
}

// kill kills the process that is to be killed of this leader, and gives the time until the next one's first act. The queue is
// whole again then.
func (l *line) kill(victim func(leader eventlog.Event) int) time.Duration {
	l.b.wait(200 * time.Millisecond) // the one that joined last has its watches by then
	start := eventlog.Now()
	if err := syscall.Kill(victim(l.leader), syscall.SIGKILL); err != nil {
		l.b.Fatalf("kill %s: %v", l.leader.ID, err)
	}
	dead := l.leader.ID
	l.leader = firstAct(l.b, l.log, l.leader.Token)
	l.members[dead].End(syscall.SIGTERM)
	delete(l.members, dead)
	l.join()
	return time.Duration(l.leader.T - start)
}

// electMain is a program that elects with the Go client: it acts while it leads.
func electMain(args []string) {
	flags := flag.NewFlagSet("elect", flag.ExitOnError)
	endpoint := flags.String("endpoint", "", "")
	prefix := flags.String("prefix", "", "")
	id := flags.String("id", "", "")
	path := flags.String("log", "", "")
	_ = flags.Parse(args)
	program.Main("elect", func(p *program.Program) {
		client, err := clientv3.New(clientv3.Config{Endpoints: []string{*endpoint}, DialTimeout: 5 * time.Second, Logger: zap.NewNop()})
		if err != nil {
			p.Fatal(err)
		}
		log, err := eventlog.Open(*path)
		if err != nil {
			p.Fatal(err)
		}
		peer := peers.Peer{Client: client, Prefix: *prefix, TTL: failoverTTL}
		err = peer.Queue(p.Context(), *id, func(ctx context.Context, token int64) {
			for ctx.Err() == nil {
				if _, err := log.Add(eventlog.Event{Kind: eventlog.Act, ID: *id, Token: token, PID: os.Getpid()}); err != nil {
					p.Fatal(err)
				}
				select {
				case <-ctx.Done():
				case <-time.After(50 * time.Millisecond):
				}
			}
		})
		if err != nil {
			p.Fatal(err)
		}
	})
}
