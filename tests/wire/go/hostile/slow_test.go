package hostile

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bellwether.io/bellwether/tests/wire/go/cluster"
)

// drip sends a byte at a time until the connection ends, and says what came back.
func drip(conn net.Conn, bytes string, every time.Duration) string {
	defer conn.Close()
	done := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(conn)
		done <- string(text)
	}()
	for i := 0; ; i = (i + 1) % len(bytes) {
		select {
		case text := <-done:
			return text
		case <-time.After(every):
			_, _ = conn.Write([]byte{bytes[i]})
		}
	}
}

// However slowly bytes come, a header and a body have one deadline each. 200 of each kind at once.
func TestWhoDripsIsCut(t *testing.T) {
	s := newStage(t, "http: {limits: {connections: 3000, headerTimeout: 2s, idleTimeout: 4s}}")
	w := s.watchOver()
	kinds := map[string]struct{ first, then string }{
		"a header":                {"GET / HTTP/1.1\r\n", "X: y\r\n"},
		"a request line":          {"", "GET"},
		"empty lines":             {"", "\r\n"},
		"a body":                  {"POST /livez HTTP/1.1\r\n" + host + "Content-Length: 10000\r\n\r\n", "x"},
		"chunks":                  {"POST /livez HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"},
		"the size of a chunk":     {"POST /livez HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1;", "x"},
		"nothing":                 {"", ""},
		"the next header":         {get + end, "X"},
		"nothing after an answer": {get + end, ""},
	}
	var all sync.WaitGroup
	started := time.Now()
	for name, kind := range kinds {
		for range 200 {
			conn := s.dial()
			all.Go(func() {
				_, _ = io.WriteString(conn, kind.first)
				if kind.then == "" {
					_, _ = io.ReadAll(conn)
				} else {
					drip(conn, kind.then, 100*time.Millisecond)
				}
				if took := time.Since(started); took > patience {
					t.Errorf("%s: cut after %s only", name, took)
				}
			})
		}
	}
	all.Wait()
	t.Logf("all %d were cut within %s", 200*len(kinds), time.Since(started).Round(time.Second))
	w.over()
	s.bounded(150 * mebibyte)
}

// 300 read nothing of an answer of megabytes: each holds one, until the bound of all of them; then each is cut.
func TestSlowReadersOfALargeAnswerAreBoundedAndCut(t *testing.T) {
	const under = 64
	s := newStage(t, fmt.Sprintf("http: {limits: {writeTimeout: 5s, bytesUnderWay: %dMi}}", under))
	for i := range 250 {
		s.put(fmt.Sprintf("/bellwether/elections/test/long/%03d", i), strings.Repeat("x", 17<<10))
	}
	cluster.Eventually(t, patience, "the queue is whole", func() error {
		if a := s.raw("GET /v1/elections/test/long HTTP/1.0\r\n\r\n"); a.status != 200 {
			return fmt.Errorf("%d", a.status)
		}
		return nil
	})
	w := s.watchOver()
	refused, taken := 0, 0
	var slow []net.Conn
	for range 300 {
		conn := s.dial()
		if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
			t.Fatal(err)
		}
		slow = append(slow, conn)
		fmt.Fprintf(conn, "GET /v1/elections/test/long HTTP/1.1\r\n%s\r\n", host)
	}
	for _, conn := range slow {
		first := make([]byte, 12)
		if _, err := io.ReadFull(conn, first); err != nil {
			t.Fatal(err)
		}
		switch string(first) {
		case "HTTP/1.1 200":
			taken++
		case "HTTP/1.1 503":
			refused++
		default:
			t.Errorf("%q", first)
		}
	}
	if refused == 0 || taken == 0 {
		t.Errorf("%d were refused, %d were not", refused, taken)
	}
	cluster.Eventually(t, patience, "who does not read is cut", func() error {
		cut, err := s.metric("bellwether_http_connections_timed_out_total")
		if err == nil && cut < float64(taken) {
			err = fmt.Errorf("%v of %d", cut, taken)
		}
		return err
	})
	t.Logf("%d of %d were refused", refused, len(slow))
	w.over()
	s.bounded((under + 200) * mebibyte)
}

// 10,000 idle connections, and others are served.
func TestTenThousandIdleConnections(t *testing.T) {
	const idle = 10000
	raiseDescriptors(t, idle+2000)
	s := newStage(t, fmt.Sprintf("http: {limits: {connections: %d, idleTimeout: 10m}}", idle+1000))
	before := s.controller.RSS()
	w := s.watchOver()
	conns := make([]net.Conn, idle)
	var all sync.WaitGroup
	for part := range 20 {
		all.Go(func() {
			for i := part; i < idle; i += 20 {
				conn, err := net.Dial("tcp", s.controller.Address)
				if err != nil {
					t.Error(err)
					return
				}
				conns[i] = conn
				_ = conn.SetDeadline(time.Now().Add(2 * patience))
				if a := s.get(conn); a.status != 200 {
					t.Errorf("connection %d was answered %d", i, a.status)
					return
				}
			}
		})
	}
	all.Wait()
	each := (s.controller.RSS() - before) / idle
	t.Logf("%d bytes each", each)
	if each > 16<<10 {
		t.Errorf("an idle connection costs %d bytes", each)
	}
	w.over()
	// None was cut meanwhile.
	for i := 0; i < idle; i += 500 {
		if a := s.get(conns[i]); a.status != 200 {
			t.Errorf("connection %d is answered %d", i, a.status)
		}
	}
	for _, conn := range conns {
		if conn != nil {
			conn.Close()
		}
	}
	s.bounded(300 * mebibyte)
}

func (s *stage) get(conn net.Conn) answer {
	if _, err := io.WriteString(conn, get+end); err != nil {
		return answer{}
	}
	return s.read(bufio.NewReader(conn))
}

// raiseDescriptors for this process and those that it starts.
func raiseDescriptors(t *testing.T, needed uint64) {
	t.Helper()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Max < needed {
		cluster.Skip(t, fmt.Sprintf("only %d descriptors are allowed, and %d are needed: ulimit -n", limit.Max, needed))
	}
	// Go gives back to children what it found, unless it is told to change it.
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: limit.Max, Max: limit.Max}); err != nil {
		t.Fatal(err)
	}
}

// A flood of connections that come and go, of requests that are not waited for, and of connections beyond the limit.
func TestFloods(t *testing.T) {
	s := newStage(t, "http: {limits: {connections: 500}}")
	w := s.watchOver()
	var all sync.WaitGroup
	t.Run("connections that come and go", func(t *testing.T) {
		for range 16 {
			all.Go(func() {
				for i := range 500 {
					conn, err := net.Dial("tcp", s.controller.Address)
					if err != nil {
						t.Error(err)
						return
					}
					if i%2 == 0 {
						_, _ = io.WriteString(conn, get[:20])
					}
					if i%3 == 0 { // a reset
						_ = conn.(*net.TCPConn).SetLinger(0)
					}
					conn.Close()
				}
			})
		}
		all.Wait()
	})
	t.Run("requests that are not waited for", func(t *testing.T) {
		const requests = 2000
		for range 16 {
			conn := s.dial()
			all.Go(func() {
				go func() { _, _ = io.WriteString(conn, strings.Repeat(get+end, requests)) }()
				reader := bufio.NewReader(conn)
				for i := range requests {
					if a := s.read(reader); a.status != 200 {
						t.Errorf("request %d was answered %d", i, a.status)
						return
					}
				}
				conn.Close()
			})
		}
		all.Wait()
	})
	t.Run("requests whose answers are not read", func(t *testing.T) {
		for range 16 {
			conn := s.dial()
			_ = conn.SetDeadline(time.Now().Add(2 * time.Second)) // sending stops, since nothing is read
			all.Go(func() {
				for {
					if _, err := io.WriteString(conn, strings.Repeat(get+end, 100)); err != nil {
						conn.Close()
						return
					}
				}
			})
		}
		all.Wait()
	})
	w.over()

	t.Run("connections beyond the limit", func(t *testing.T) {
		var conns []net.Conn
		for range 900 {
			conns = append(conns, s.dial())
		}
		last := conns[len(conns)-1]
		if a := s.get(last); a.status != 503 && !a.closed {
			t.Errorf("the last one was answered %d", a.status)
		}
		for _, conn := range conns {
			conn.Close()
		}
		cluster.Eventually(t, patience, "it serves again", func() error {
			if a := s.raw(get + end); a.status != 200 {
				return fmt.Errorf("%d", a.status)
			}
			return nil
		})
	})
	s.bounded(150 * mebibyte)
}
