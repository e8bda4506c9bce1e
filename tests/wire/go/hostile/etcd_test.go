package hostile

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/grpc"

	"bellwether.io/bellwether/tests/wire/go/cluster"
	"bellwether.io/bellwether/tests/wire/go/controller"
)

// eachConnection is a server of a few lines.
func eachConnection(t *testing.T, calls *atomic.Int64, serve func(conn net.Conn)) (endpoint string) {
	t.Helper()
	listener := listen(t)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			calls.Add(1)
			go func() {
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

// What is not etcd, and how it is started.
var notEtcd = map[string]func(t *testing.T, calls *atomic.Int64) (endpoint string){
	"an HTTP server": func(t *testing.T, calls *atomic.Int64) string {
		listener := listen(t)
		server := &http.Server{Handler: http.NotFoundHandler(), ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				calls.Add(1)
			}
		}}
		go func() { _ = server.Serve(listener) }()
		t.Cleanup(func() { _ = server.Close() })
		return "http://" + listener.Addr().String()
	},
	"one that accepts and says nothing": func(t *testing.T, calls *atomic.Int64) string {
		return eachConnection(t, calls, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	},
	"one that closes at once": func(t *testing.T, calls *atomic.Int64) string {
		return eachConnection(t, calls, func(net.Conn) {})
	},
	"one that sends noise": func(t *testing.T, calls *atomic.Int64) string {
		return eachConnection(t, calls, func(conn net.Conn) { _, _ = io.CopyN(conn, noise(1), 1<<20) })
	},
	"one that sends zeros for ever": func(t *testing.T, calls *atomic.Int64) string {
		return eachConnection(t, calls, func(conn net.Conn) {
			for {
				if _, err := conn.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		})
	},
	"one that sends frames of HTTP/2 at random": func(t *testing.T, calls *atomic.Int64) string {
		var seed atomic.Uint64
		return eachConnection(t, calls, func(conn net.Conn) {
			go func() { _, _ = io.Copy(io.Discard, conn) }()
			random := rand.New(rand.NewPCG(seed.Add(1), 0))
			_, _ = conn.Write([]byte{0, 0, 0, 4, 0, 0, 0, 0, 0}) // SETTINGS, so that it looks like a server
			for range 1000 {
				length := random.IntN(300)
				frame := []byte{0, byte(length >> 8), byte(length), byte(random.IntN(11)), byte(random.IntN(256)), 0, 0, 0, byte(random.IntN(8))}
				for range length {
					frame = append(frame, byte(random.IntN(256)))
				}
				if _, err := conn.Write(frame); err != nil {
					return
				}
				time.Sleep(time.Millisecond)
			}
		})
	},
	"a gRPC server of something else": func(t *testing.T, calls *atomic.Int64) string {
		return serve(t, grpc.NewServer(grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error {
			calls.Add(1)
			return errors.New("something else")
		})))
	},
	"a gRPC server whose answers are noise": func(t *testing.T, calls *atomic.Int64) string {
		reader := noise(2)
		return anyBytes(t, calls, func() []byte {
			bytes := make([]byte, 100)
			_, _ = reader.Read(bytes)
			return bytes
		})
	},
	"a gRPC server whose answers are empty": func(t *testing.T, calls *atomic.Int64) string {
		return anyBytes(t, calls, func() []byte { return nil })
	},
	"a gRPC server whose answers are huge": func(t *testing.T, calls *atomic.Int64) string {
		// A field that nobody knows, of 100 MiB.
		huge := append([]byte{0xfa, 0x7f, 0x80, 0x80, 0x80, 0x32}, make([]byte, 100<<20)...)
		return anyBytes(t, calls, func() []byte { return huge })
	},
	"a gRPC server that nests without end": func(t *testing.T, calls *atomic.Int64) string {
		return anyBytes(t, calls, func() []byte { return []byte(strings.Repeat("\x0b", 100000)) }) // groups
	},
}

// noise that is the same each time; one reader at a time.
func noise(seed byte) io.Reader {
	return &lockedNoise{source: rand.NewChaCha8([32]byte{seed})}
}

type lockedNoise struct {
	busy   atomic.Bool
	source *rand.ChaCha8
}

func (n *lockedNoise) Read(bytes []byte) (int, error) {
	for !n.busy.CompareAndSwap(false, true) {
		time.Sleep(time.Microsecond)
	}
	defer n.busy.Store(false)
	return n.source.Read(bytes)
}

func startOn(t *testing.T, endpoint string) *stage {
	t.Helper()
	return &stage{t: t, controller: controller.Start(t, fmt.Sprintf("etcd: {endpoints: [%q]}\nhttp: {limits: {answerTimeout: 1s}}\n", endpoint))}
}

func (s *stage) waitCalls(calls *atomic.Int64, count int64) {
	s.t.Helper()
	cluster.Eventually(s.t, patience, "etcd is asked again and again", func() error {
		s.controller.MustLive()
		if n := calls.Load(); n < count {
			return fmt.Errorf("%d times", n)
		}
		return nil
	})
}

// Whatever etcd is, the controller lives, says what is wrong, and pretends nothing.
func TestAnEtcdThatIsNone(t *testing.T) {
	for name, start := range notEtcd {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int64
			s := startOn(t, start(t, &calls))
			least := int64(5)
			if strings.Contains(name, "says nothing") {
				least = 2 // it is waited for
			}
			s.waitCalls(&calls, least)
			for target, want := range map[string]answer{
				"/livez": {status: 200}, "/readyz": {status: 503}, "/metrics": {status: 200},
				"/v1/elections": {status: 503, problem: "not-loaded"}, leaderPath: {status: 503, problem: "not-loaded"},
				"/v1/watch": {status: 503, problem: "not-loaded"}, leaderPath + "?is=a": {status: 503},
				leaderPath + "?consistency=linearizable": {status: 503, problem: "etcd-unavailable"},
			} {
				if strings.Contains(name, "empty") && target != "/livez" {
					continue // an empty answer says that there is nothing, as an empty etcd does
				}
				if a := s.raw(withTarget(target)); a.status != want.status || a.problem != want.problem {
					t.Errorf("%s was answered %d %q, not %d %q", target, a.status, a.problem, want.status, want.problem)
				}
			}
			cluster.Eventually(t, patience, "the log says what is wrong", func() error {
				log := s.controller.Log()
				if !strings.Contains(log, "not ready") && !strings.Contains(log, `"ready"`) {
					return errors.New(log)
				}
				return nil
			})
			bound := int64(100 * mebibyte)
			if strings.Contains(name, "huge") {
				// gRPC refuses a message only once it has it; there are three calls at once.
				bound = 500 * mebibyte
			}
			s.bounded(bound)
		})
	}
}

const fakeRoot = "/bellwether/elections/test/"

// Answers of etcd that make no sense, each alone. `says` is a part of the log that has to come; without it the election test/led
// goes on being served.
var bent = []struct {
	name string
	bend func(f *fake)
	says string
}{
	{"as it should be", func(*fake) {}, ""},
	{"a page says that there is more, for ever", func(f *fake) {
		f.bendRange = func(_ *etcdserverpb.RangeRequest, a *etcdserverpb.RangeResponse) {
			a.Kvs, a.More = []*mvccpb.KeyValue{fakeKV(fakeRoot+"led/1", "a", 2)}, true
		}
	}, "cannot be listed"},
	{"keys out of order", func(f *fake) {
		f.bendRange = func(r *etcdserverpb.RangeRequest, a *etcdserverpb.RangeResponse) {
			if len(r.RangeEnd) > 0 {
				a.Kvs = []*mvccpb.KeyValue{fakeKV(fakeRoot+"led/2", "b", 3), fakeKV(fakeRoot+"led/1", "a", 2)}
			}
		}
	}, "cannot be listed"},
	{"a key twice", func(f *fake) {
		f.bendRange = func(r *etcdserverpb.RangeRequest, a *etcdserverpb.RangeResponse) {
			if len(r.RangeEnd) > 0 {
				a.Kvs = []*mvccpb.KeyValue{fakeKV(fakeRoot+"led/1", "a", 2), fakeKV(fakeRoot+"led/1", "b", 3)}
			}
		}
	}, "cannot be listed"},
	{"keys that were not asked for", func(f *fake) {
		f.bendRange = func(_ *etcdserverpb.RangeRequest, a *etcdserverpb.RangeResponse) {
			a.Kvs = []*mvccpb.KeyValue{fakeKV("/zzz", "a", 2)}
		}
	}, "cannot be listed"},
	{"more keys than were asked for", func(f *fake) {
		f.bendRange = func(r *etcdserverpb.RangeRequest, a *etcdserverpb.RangeResponse) {
			for i := range 3000 {
				a.Kvs = append(a.Kvs, fakeKV(fmt.Sprintf("%sled/2%06d", fakeRoot, i), "b", 3))
			}
		}
	}, ""},
	{"a revision below zero", func(f *fake) {
		f.bendRange = func(_ *etcdserverpb.RangeRequest, a *etcdserverpb.RangeResponse) { a.Header.Revision = -1 }
	}, ""},
	{"no header", func(f *fake) {
		f.bendRange = func(_ *etcdserverpb.RangeRequest, a *etcdserverpb.RangeResponse) { a.Header = nil }
	}, ""},
	{"the largest revision", func(f *fake) {
		f.bendRange = func(_ *etcdserverpb.RangeRequest, a *etcdserverpb.RangeResponse) { a.Header.Revision = math.MaxInt64 }
		f.bendWatch = func(a *etcdserverpb.WatchResponse) { a.Header.Revision = math.MaxInt64 }
	}, ""},
	{"keys with numbers that cannot be", func(f *fake) {
		f.bendRange = func(_ *etcdserverpb.RangeRequest, a *etcdserverpb.RangeResponse) {
			for i, kv := range a.Kvs {
				a.Kvs[i] = &mvccpb.KeyValue{Key: kv.Key, Value: kv.Value, CreateRevision: math.MinInt64, ModRevision: math.MinInt64, Version: -1, Lease: math.MinInt64}
			}
		}
	}, ""},
	{"events with numbers that cannot be", func(f *fake) {
		for _, revision := range []int64{math.MinInt64, -1, 0, math.MaxInt64 - 1, math.MaxInt64} {
			f.events = append(f.events, &etcdserverpb.WatchResponse{Header: fakeHeader(), Events: []*mvccpb.Event{
				{Kv: &mvccpb.KeyValue{Key: []byte(fakeRoot + "led/2"), CreateRevision: revision, ModRevision: revision, Version: math.MinInt64, Lease: math.MaxInt64}},
				{Type: 7}, {Kv: nil},
			}})
		}
	}, ""},
	{"events of keys that are not watched", func(f *fake) {
		f.events = []*etcdserverpb.WatchResponse{{Header: fakeHeader(), Events: []*mvccpb.Event{
			{Kv: fakeKV("/registry/secrets/x", "a", 11)}, {Kv: fakeKV("", "", 11)}, {Kv: fakeKV(fakeRoot, "", 11)},
		}}}
	}, ""},
	{"fragments without end", func(f *fake) {
		for i := range 500 {
			f.events = append(f.events, &etcdserverpb.WatchResponse{Header: fakeHeader(), Fragment: true, Events: []*mvccpb.Event{
				{Kv: fakeKV(fmt.Sprintf("%sled/%d", fakeRoot, i), strings.Repeat("x", 1000), 11)}}})
		}
	}, ""},
	{"watches of other ids", func(f *fake) {
		f.bendWatch = func(a *etcdserverpb.WatchResponse) { a.WatchId += 1000 }
	}, ""},
	{"watches that are cancelled at once", func(f *fake) {
		f.bendWatch = func(a *etcdserverpb.WatchResponse) {
			a.Canceled, a.CancelReason = true, strings.Repeat("because ", 10000)
		}
	}, "because"},
	{"watches that are compacted for ever", func(f *fake) {
		f.bendWatch = func(a *etcdserverpb.WatchResponse) { a.Canceled, a.CompactRevision = true, math.MaxInt64 }
	}, ""},
	{"sizes and indexes that cannot be", func(f *fake) {
		f.bendStatus = func(a *etcdserverpb.StatusResponse) {
			a.DbSize, a.DbSizeInUse, a.DbSizeQuota = math.MinInt64, math.MaxInt64, -1
			a.RaftIndex, a.RaftAppliedIndex = math.MaxUint64, 0
			a.Version = strings.Repeat("9", 100000) + ".\xff\n"
			a.Errors = []string{strings.Repeat("alarm ", 100000), "\xff\r\n"}
		}
	}, ""},
}

func TestAnEtcdThatAnswersNonsense(t *testing.T) {
	for _, row := range bent {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f := &fake{kvs: []*mvccpb.KeyValue{fakeKV(fakeRoot+"led/1", "a", 2)}}
			row.bend(f)
			s := startOn(t, f.start(t))
			s.waitCalls(&f.calls, 6)
			if row.says != "" {
				cluster.Eventually(t, patience, "the log says "+row.says, func() error {
					s.controller.MustLive()
					if log := s.controller.Log(); !strings.Contains(log, row.says) {
						return errors.New(log)
					}
					return nil
				})
			} else {
				cluster.Eventually(t, patience, "the election is served", func() error {
					s.controller.MustLive()
					if a := s.raw(withTarget(leaderPath)); a.status != 200 {
						return fmt.Errorf("%d %s: %s", a.status, a.problem, s.controller.Log())
					}
					return nil
				})
			}
			for _, target := range []string{"/livez", "/metrics"} {
				if a := s.raw(withTarget(target)); a.status != 200 {
					t.Errorf("%s was answered %d %q", target, a.status, a.problem)
				}
			}
			for _, target := range []string{"/v1/elections", leaderPath, leaderPath + "?consistency=linearizable", "/v1/elections/test/led"} {
				if a := s.raw(withTarget(target)); a.status != 200 && a.status != 404 && a.problem != "not-loaded" && a.problem != "etcd-unavailable" {
					t.Errorf("%s was answered %d %q", target, a.status, a.problem)
				}
			}
			if log := s.controller.Log(); len(log) > mebibyte {
				t.Errorf("the log has %d bytes", len(log))
			}
			s.bounded(200 * mebibyte)
		})
	}
}
