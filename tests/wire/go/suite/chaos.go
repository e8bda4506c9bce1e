package suite

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"bellwether.io/bellwether/tests/wire/go/cluster"
	"bellwether.io/bellwether/tests/wire/go/eventlog"
)

// Chaos is random faults on several elections of one cluster with three members: rounds of a few faults each, after which all
// is healed and every election has to have a leader and its whole queue again. The event logs judge the rest.
type Chaos struct {
	t          testing.TB
	cluster    *cluster.Cluster
	random     *rand.Rand
	stages     []*Stage
	candidates []*candidate
	back       []func()       // what undoes the faults of this round
	down       bool           // a member of etcd is: one at a time, so that there is a quorum
	full       bool           // NOSPACE
	alone      bool           // the round has one fault only
	done       map[string]int // faults, by name
}

type candidate struct {
	stage  *Stage
	name   string
	link   *cluster.Link
	player *Player
}

const candidatesEach = 3

func NewChaos(t testing.TB, c *cluster.Cluster, random *rand.Rand, elections ...string) *Chaos {
	t.Helper()
	chaos := &Chaos{t: t, cluster: c, random: random, done: map[string]int{}}
	for _, election := range elections {
		s := NewStageOf(t, c, election)
		chaos.stages = append(chaos.stages, s)
		for i := range candidatesEach {
			chaos.candidates = append(chaos.candidates,
				&candidate{stage: s, name: fmt.Sprintf("%s-%d", election, i), link: c.NewLink()})
		}
	}
	chaos.settle()
	return chaos
}

// Round makes some faults at random moments, waits, heals, and waits until all is well again.
func (c *Chaos) Round() {
	c.t.Helper()
	faults := c.faults()
	count := 1 + c.random.IntN(4)
	c.alone = count == 1
	for range count {
		f := faults[c.random.IntN(len(faults))]
		if f.do() {
			c.done[f.name]++
		}
		time.Sleep(time.Duration(c.random.Int64N(int64(time.Second))))
	}
	time.Sleep(time.Duration(c.random.Int64N(int64(2 * ttl))))
	c.heal()
	c.settle()
}

// Calm watches that nothing changes while nothing is done. Only after settle.
func (c *Chaos) Calm(within time.Duration) {
	for _, s := range c.stages {
		s.add(eventlog.Event{Kind: eventlog.Calm, Within: within, Text: "the last fault was healed"})
	}
	time.Sleep(within)
}

func (c *Chaos) cause(text string) {
	for _, s := range c.stages {
		s.Cause(text)
	}
}

func (c *Chaos) heal() {
	c.t.Helper()
	c.cause("all is healed")
	for _, undo := range c.back {
		undo()
	}
	c.back, c.down = nil, false
	c.cluster.WaitServing()
	if c.full {
		c.cluster.Relieve()
		c.full = false
	}
}

// settle starts candidates that have ended, and waits until every election has its whole queue and its leader acts.
func (c *Chaos) settle() {
	c.t.Helper()
	for _, one := range c.candidates {
		if one.player == nil || one.player.ended() {
			one.player = one.stage.Run(one.name, one.link.Endpoints())
		}
	}
	for _, s := range c.stages {
		s.add(eventlog.Event{Kind: eventlog.Expect, Token: c.newest(s).Token - 1, Within: afterEtcdLeader, Text: "all is healed"})
	}
	for _, s := range c.stages {
		cluster.Eventually(c.t, 2*time.Minute, s.election+" is whole again", func() error {
			places := s.places()
			if len(places) != candidatesEach {
				return fmt.Errorf("%d in the queue", len(places))
			}
			newest := c.newest(s)
			if newest.Token != places[0].CreateRevision || time.Duration(eventlog.Now()-newest.T) > time.Second {
				return fmt.Errorf("token %d acted last, and %d leads", newest.Token, places[0].CreateRevision)
			}
			return nil
		})
	}
}

type fault struct {
	name string
	do   func() bool // false where it cannot be done now
}

func (c *Chaos) faults() []fault {
	return []fault{
		{"run killed", c.killRun},
		{"CMD killed", func() bool { return c.killTree("CMD", func(cmd, guardian int) []int { return []int{cmd} }) }},
		{"guardian killed", func() bool { return c.killTree("guardian", func(cmd, guardian int) []int { return []int{guardian} }) }},
		{"guardian and CMD killed", func() bool {
			return c.killTree("guardian and CMD", func(cmd, guardian int) []int { return []int{guardian, cmd} })
		}},
		{"run stopped", c.stopRun},
		{"run asked to end", c.leave},
		{"way to etcd cut", c.cut},
		{"member killed", c.killMember},
		{"member stopped", c.stopMember},
		{"all members restarted", c.restartAll},
		{"compaction", func() bool { c.cluster.Compact(); return true }},
		{"lease revoked", c.revoke},
		{"key deleted", c.deleteKey},
		{"NOSPACE", c.fill},
	}
}

func (c *Chaos) stage() *Stage { return c.stages[c.random.IntN(len(c.stages))] }

// newest act of an election; without a token where nobody has acted yet.
func (c *Chaos) newest(s *Stage) eventlog.Event {
	if err := s.reader.Update(); err != nil {
		c.t.Fatal(err)
	}
	act, _ := s.newestAct(func(eventlog.Event) bool { return true })
	return act
}

// candidate is a leader as often as not.
func (c *Chaos) candidate() *candidate {
	if c.random.IntN(2) == 0 {
		s := c.stage()
		leader := c.newest(s).ID
		for _, one := range c.candidates {
			if one.stage == s && one.name == leader {
				return one
			}
		}
	}
	return c.candidates[c.random.IntN(len(c.candidates))]
}

func (c *Chaos) killRun() bool {
	one := c.candidate()
	one.stage.Cause("SIGKILL of " + one.name)
	return one.player.cmd.Process.Kill() == nil
}

func (c *Chaos) stopRun() bool {
	one := c.candidate()
	player := one.player
	one.stage.Cause("SIGSTOP of " + one.name)
	c.back = append(c.back, func() { _ = player.cmd.Process.Signal(syscall.SIGCONT) })
	return player.cmd.Process.Signal(syscall.SIGSTOP) == nil
}

func (c *Chaos) leave() bool {
	one := c.candidate()
	one.stage.Cause("SIGTERM to " + one.name)
	return one.player.cmd.Process.Signal(syscall.SIGTERM) == nil
}

func (c *Chaos) cut() bool {
	one := c.candidate()
	one.stage.Cause("the way of " + one.name + " to etcd is cut")
	one.link.Cut()
	c.back = append(c.back, func() { one.link.Heal() })
	return true
}

// killTree kills processes below a leader's run.
func (c *Chaos) killTree(what string, which func(cmd, guardian int) []int) bool {
	s := c.stage()
	act := c.newest(s)
	guardian, running := parentOf(act.PID)
	if !running || !isBellwether(c.t, guardian) {
		return false
	}
	s.Cause("SIGKILL of " + what + " of " + act.ID)
	for _, pid := range which(act.PID, guardian) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	return true
}

func parentOf(pid int) (parent int, running bool) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, false
	}
	// The name, in parentheses, may hold anything; state and parent follow it.
	var state string
	_, err = fmt.Sscan(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), &state, &parent)
	return parent, err == nil && state != "Z"
}

func isBellwether(t testing.TB, pid int) bool {
	path, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		return false
	}
	want, err := filepath.EvalSymlinks(cluster.Bellwether(t))
	return err == nil && path == want
}

// member to be taken down. Some versions may revoke live leases when their leader changes: there it stays.
func (c *Chaos) member() *cluster.Member {
	if c.down {
		return nil
	}
	c.down = true
	if cluster.MayConfirmRevokedLeases(c.cluster.Version()) {
		return c.cluster.Follower()
	}
	members := c.cluster.Members()
	return members[c.random.IntN(len(members))]
}

func (c *Chaos) killMember() bool {
	m := c.member()
	if m == nil {
		return false
	}
	c.cause("SIGKILL of etcd " + m.Name)
	c.cluster.Kill(m)
	c.back = append(c.back, func() { c.cluster.Start(m) })
	return true
}

func (c *Chaos) stopMember() bool {
	m := c.member()
	if m == nil {
		return false
	}
	c.cause("SIGSTOP of etcd " + m.Name)
	c.cluster.Stop(m)
	c.back = append(c.back, func() { c.cluster.Cont(m) })
	return true
}

func (c *Chaos) restartAll() bool {
	if c.down || cluster.MayConfirmRevokedLeases(c.cluster.Version()) {
		return false
	}
	c.cause("SIGKILL and restart of all of etcd")
	for _, m := range c.cluster.Members() {
		c.cluster.Kill(m)
	}
	for _, m := range c.cluster.Members() {
		c.cluster.Start(m)
	}
	c.cluster.WaitServing()
	return true
}

func (c *Chaos) fill() bool {
	if c.full {
		return false
	}
	c.full = true
	c.cause("NOSPACE")
	c.cluster.Fill()
	return true
}

// foreign removes somebody's place behind its back. A holder that hears of it late, or not at all, ends at its deadline.
func (c *Chaos) foreign(text string, remove func(context.Context, *mvccpb.KeyValue) error) bool {
	s := c.stage()
	places := s.places()
	if len(places) == 0 {
		return false
	}
	place := places[0]
	if c.random.IntN(2) == 0 {
		place = places[c.random.IntN(len(places))]
	}
	text = fmt.Sprintf("%s of %s", text, place.Value)
	switch {
	case !c.alone: // whoever waited may lead by now
		s.Foreign(ttl, text)
	case place == places[0]:
		s.Foreign(delivery, text)
	default:
		s.Cause(text)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := remove(ctx, place); err != nil {
		c.t.Logf("%s: %v", text, err) // it may have happened all the same
	}
	return true
}

func (c *Chaos) revoke() bool {
	return c.foreign("revoke of the lease", func(ctx context.Context, place *mvccpb.KeyValue) error {
		_, err := c.cluster.Client().Revoke(ctx, clientv3.LeaseID(place.Lease))
		return err
	})
}

func (c *Chaos) deleteKey() bool {
	return c.foreign("delete of the key", func(ctx context.Context, place *mvccpb.KeyValue) error {
		_, err := c.cluster.Client().Delete(ctx, string(place.Key))
		return err
	})
}
