package cluster

import (
	"net"
	"net/url"
	"sync"
)

// Link is one process' way to the cluster: a TCP proxy before each member that can be cut. Cut means silence, as a dropped
// packet does: connections stay open, new ones open too, and no byte passes until it is healed.
type Link struct {
	t         T
	endpoints []string

	mutex sync.Mutex
	cut   map[int]bool // by member
	heal  *sync.Cond
	conns map[net.Conn]bool
	ended bool
}

// NewLink makes a way of its own to every member.
func (c *Cluster) NewLink() *Link {
	c.t.Helper()
	l := &Link{t: c.t, cut: map[int]bool{}, conns: map[net.Conn]bool{}}
	l.heal = sync.NewCond(&l.mutex)
	var listeners []net.Listener
	for i, m := range c.members {
		target, err := url.Parse(m.ClientURL)
		if err != nil {
			c.t.Fatal(err)
		}
		listener, err := net.Listen("tcp", c.address+":0")
		if err != nil {
			c.t.Fatal(err)
		}
		listeners = append(listeners, listener)
		l.endpoints = append(l.endpoints, target.Scheme+"://"+listener.Addr().String())
		go l.accept(i, listener, target.Host)
	}
	c.t.Cleanup(func() {
		for _, listener := range listeners {
			_ = listener.Close()
		}
		l.mutex.Lock()
		l.ended = true
		for conn := range l.conns {
			_ = conn.Close()
		}
		l.mutex.Unlock()
		l.heal.Broadcast()
	})
	return l
}

func (l *Link) Endpoints() []string { return l.endpoints }

// Cut silences the ways to these members, all of them without an argument.
func (l *Link) Cut(members ...int) { l.set(true, members) }

// Heal lets bytes pass again, those that waited too.
func (l *Link) Heal(members ...int) { l.set(false, members) }

func (l *Link) set(cut bool, members []int) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if len(members) == 0 {
		for i := range l.endpoints {
			l.cut[i] = cut
		}
	}
	for _, i := range members {
		l.cut[i] = cut
	}
	l.heal.Broadcast()
}

// pass waits while the way to a member is cut; false at the end of the test.
func (l *Link) pass(member int) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for l.cut[member] && !l.ended {
		l.heal.Wait()
	}
	return !l.ended
}

func (l *Link) hold(conn net.Conn) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.ended {
		_ = conn.Close()
		return false
	}
	l.conns[conn] = true
	return true
}

func (l *Link) drop(conn net.Conn) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	delete(l.conns, conn)
	_ = conn.Close()
}

func (l *Link) accept(member int, listener net.Listener, target string) {
	for {
		near, err := listener.Accept()
		if err != nil {
			return
		}
		if l.hold(near) {
			go l.serve(member, near, target)
		}
	}
}

func (l *Link) serve(member int, near net.Conn, target string) {
	defer l.drop(near)
	if !l.pass(member) {
		return
	}
	far, err := net.Dial("tcp", target)
	if err != nil || !l.hold(far) {
		return
	}
	defer l.drop(far)
	done := make(chan struct{}, 2)
	copyBytes := func(to, from net.Conn) {
		defer func() { done <- struct{}{} }()
		buffer := make([]byte, 64<<10)
		for {
			n, err := from.Read(buffer)
			if !l.pass(member) {
				return
			}
			if n > 0 {
				if _, err := to.Write(buffer[:n]); err != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
	go copyBytes(far, near)
	go copyBytes(near, far)
	<-done
}
