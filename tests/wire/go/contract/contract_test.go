package contract

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"bellwether.io/bellwether/tests/wire/go/cluster"
	"bellwether.io/bellwether/tests/wire/go/controller"
)

const root = "/contract"

// driver makes exchanges and keeps them.
type driver struct {
	t         *testing.T
	etcd      *cluster.Cluster
	exchanges []Exchange
}

func (d *driver) send(address string, r Request, want int) Exchange {
	d.t.Helper()
	e := Send(d.t, address, r)
	if want != 0 && e.Status != want {
		d.t.Errorf("%s, not %d: %s", e, want, e.Body)
	}
	d.exchanges = append(d.exchanges, e)
	return e
}

// both sends it as GET and as HEAD.
func (d *driver) both(address string, want int, r Request) Exchange {
	d.t.Helper()
	r.Method = http.MethodHead
	d.send(address, r, want)
	r.Method = http.MethodGet
	return d.send(address, r, want)
}

func (d *driver) keep(e Exchange) { d.exchanges = append(d.exchanges, e) }

func (d *driver) context() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	d.t.Cleanup(cancel)
	return ctx
}

func (d *driver) put(key, value string) {
	d.t.Helper()
	if _, err := d.etcd.Client().Put(d.context(), key, value); err != nil {
		d.t.Fatal(err)
	}
}

func (d *driver) join(election, id, address, value string) {
	d.t.Helper()
	lease, err := d.etcd.Client().Grant(d.context(), 3600)
	if err != nil {
		d.t.Fatal(err)
	}
	text, _ := json.Marshal(map[string]string{"id": id, "address": address, "value": value})
	key := fmt.Sprintf("%s/test/%s/%x", root, election, lease.ID)
	if _, err := d.etcd.Client().Put(d.context(), key, string(text), clientv3.WithLease(lease.ID)); err != nil {
		d.t.Fatal(err)
	}
}

func (d *driver) remove(prefix string) {
	d.t.Helper()
	if _, err := d.etcd.Client().Delete(d.context(), prefix, clientv3.WithPrefix()); err != nil {
		d.t.Fatal(err)
	}
}

// until asks until the answer is as wanted; it is kept.
func (d *driver) until(address string, r Request, what string, is func(Exchange) bool) Exchange {
	d.t.Helper()
	r.Method = http.MethodGet
	var last Exchange
	cluster.Eventually(d.t, time.Minute, what, func() error {
		if last = Send(d.t, address, r); !is(last) {
			return fmt.Errorf("%s: %.500s", last, last.Body)
		}
		return nil
	})
	d.keep(last)
	return last
}

const (
	elections = "/v1/elections"
	election  = elections + "/{ns}/{name}"
	leader    = election + "/leader"
	standby   = election + "/standby"
	history   = election + "/history"
	redirect  = election + "/redirect/{path}"
	watch     = "/v1/watch"
)

func named(name string) map[string]string { return map[string]string{"ns": "test", "name": name} }

func accept(kind string) http.Header { return http.Header{"Accept": {kind}} }

func withPath(name, path string) map[string]string {
	params := named(name)
	params["path"] = path
	return params
}

var anything = map[string]string{"ns": "test", "name": "led", "path": "x"}

// paths of the document, with parameters that every call takes.
func (d *driver) everyOperation(text []byte, do func(r Request)) {
	doc, err := Load(text)
	if err != nil {
		d.t.Fatal(err)
	}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			do(Request{Method: method, Path: path, Params: anything})
		}
	}
}

// anyCall sends what every call has to refuse.
func (d *driver) anyCall(address string, document []byte) {
	d.everyOperation(document, func(r Request) {
		with := func(change func(r *Request), want int) {
			changed := r
			change(&changed)
			d.send(address, changed, want)
		}
		with(func(r *Request) { r.NoHost = true }, 400)
		with(func(r *Request) { r.Query = strings.Repeat("x", 5000) }, 414)
		with(func(r *Request) { r.Header = http.Header{"X-Long": {strings.Repeat("x", 9000)}} }, 431)
		with(func(r *Request) { r.Version = "HTTP/2.0" }, 505)
		if r.Path != redirect { // whose bodies are the leader's
			with(func(r *Request) { r.Body = strings.Repeat("x", 17<<10) }, 413)
		}
		if r.Method == http.MethodOptions {
			with(func(r *Request) {}, 204)
		} else if r.Path != redirect {
			with(func(r *Request) { r.Query = "nonsense=1" }, 400)
		}
	})
}

func (d *driver) noCall(address string) {
	for _, r := range []Request{{Method: "GET", Path: "/v1"}, {Method: "POST", Path: elections}, {Method: "BREW", Path: elections}} {
		e := Send(d.t, address, r)
		e.Path = ""
		if allow := e.Answer.Get("Allow"); e.Status == http.StatusMethodNotAllowed && allow != "GET, HEAD, OPTIONS" {
			d.t.Errorf("%s: Allow is %q", e, allow)
		}
		d.keep(e)
	}
}

// beyondTheLimit asks a controller whose only connection is taken.
func (d *driver) beyondTheLimit(document []byte) {
	c := controller.Start(d.t, d.config("http: {limits: {connections: 1, watchers: 0}}"))
	first, err := net.Dial("tcp", c.Address)
	if err != nil {
		d.t.Fatal(err)
	}
	defer first.Close()
	// Answered once, so that it is known to be the first; then idle.
	fmt.Fprint(first, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
	if _, err := io.ReadAtLeast(first, make([]byte, 1), 1); err != nil {
		d.t.Fatal(err)
	}
	d.everyOperation(document, func(r Request) {
		r.Body = "x" // a probe with a body is not answered beyond the limit
		d.send(c.Address, r, 503)
	})
}

func (d *driver) config(more string) string {
	return fmt.Sprintf("etcd: {endpoints: [%q]}\nelections:\n  root: %s\n%s\n", d.etcd.Endpoints()[0], root, more)
}

func (d *driver) notLoaded() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		d.t.Fatal(err)
	}
	nobody := listener.Addr().String()
	listener.Close()
	c := controller.Start(d.t, fmt.Sprintf("etcd: {endpoints: [\"http://%s\"]}\nhttp: {limits: {answerTimeout: 500ms}}\n", nobody))
	for _, r := range []Request{
		{Path: "/", Header: accept("application/json")},
		{Path: elections},
		{Path: election, Params: named("led")},
		{Path: leader, Params: named("led")},
		{Path: leader, Params: named("led"), Query: "consistency=linearizable"},
		{Path: leader, Params: named("led"), Query: "is=a"},
		{Path: leader, Params: named("led"), Header: accept("text/event-stream")},
		{Path: standby, Params: named("led"), Query: "is=a"},
		{Path: history, Params: named("led")},
		{Path: redirect, Params: withPath("led", "x")},
		{Path: watch},
		{Path: "/readyz"},
	} {
		d.both(c.Address, 503, r)
	}
}

// whatIs asks for elections that are there.
func (d *driver) whatIs(address string) {
	for _, r := range []Request{
		{Path: "/"}, {Path: "/", Header: accept("application/json")}, {Path: "/", Header: accept("text/html")}, {Path: "/metrics"}, {Path: "/openapi.yaml"},
		{Path: "/livez"}, {Path: "/livez", Query: "verbose"}, {Path: "/healthz"}, {Path: "/readyz"}, {Path: "/readyz", Query: "verbose=1"},
		{Path: elections}, {Path: elections, Query: "namespace=test&state=vacant&limit=2"},
		{Path: election, Params: named("led")}, {Path: election, Params: named("led"), Query: "index=1&wait=10ms"},
		{Path: election, Params: named("vacant")}, {Path: election, Params: named("long")}, {Path: election, Params: named("bytes")},
		{Path: leader, Params: named("led")}, {Path: leader, Params: named("vacant")}, {Path: leader, Params: named("bytes")},
		{Path: leader, Params: named("led"), Header: accept("text/plain")}, {Path: leader, Params: named("vacant"), Header: accept("text/plain")},
		{Path: leader, Params: named("led"), Query: "consistency=linearizable"}, {Path: leader, Params: named("vacant"), Query: "consistency=linearizable"},
		{Path: leader, Params: named("led"), Query: "is=a"},
		{Path: leader, Params: named("led"), Header: accept("text/event-stream")},
		{Path: standby, Params: named("led"), Query: "is=b"},
		{Path: history, Params: named("led")}, {Path: history, Params: named("vacant"), Query: "limit=1"}, {Path: history, Params: named("bytes")},
		{Path: watch, Query: "namespace=test"},
	} {
		d.both(address, 200, r)
	}
	tag := d.both(address, 200, Request{Path: leader, Params: named("led")}).Answer.Get("ETag")
	d.both(address, 304, Request{Path: leader, Params: named("led"), Header: http.Header{"If-None-Match": {tag}}})
	tag = d.both(address, 200, Request{Path: "/", Header: accept("text/html")}).Answer.Get("ETag")
	d.both(address, 304, Request{Path: "/", Header: http.Header{"Accept": {"text/html"}, "If-None-Match": {tag}}})
	// The second page of the list.
	var page struct{ Continue string }
	_ = json.Unmarshal(d.both(address, 200, Request{Path: elections, Query: "limit=1"}).Body, &page)
	d.both(address, 200, Request{Path: elections, Query: "limit=1&continue=" + page.Continue})
}

// whatIsNot asks for what cannot be given.
func (d *driver) whatIsNot(address string) {
	for _, r := range []Request{
		{Path: elections, Query: "limit=0"}, {Path: elections, Query: "state=x"}, {Path: elections, Query: "limit=1&limit=2"},
		{Path: election, Params: map[string]string{"ns": "UPPER", "name": "x"}}, {Path: election, Params: named("led"), Query: "index=x"},
		{Path: leader, Params: map[string]string{"ns": "x", "name": "-"}}, {Path: leader, Params: named("led"), Query: "consistency=x"},
		{Path: history, Params: named("led"), Query: "limit=33"}, {Path: history, Params: map[string]string{"ns": "x", "name": "-"}},
		{Path: standby, Params: named("led")}, {Path: redirect, Params: withPath("led", "a/%2e%2e/b")},
		{Path: redirect, Params: map[string]string{"ns": "x", "name": "-", "path": "x"}}, {Path: watch, Query: "namespace=-"},
	} {
		d.both(address, 400, r)
	}
	for _, r := range []Request{
		{Path: election, Params: named("never")}, {Path: leader, Params: named("never")}, {Path: history, Params: named("never")}, {Path: redirect, Params: withPath("never", "x")},
		{Path: leader, Params: named("never"), Query: "consistency=linearizable"},
	} {
		d.both(address, 404, r)
	}
	for _, path := range []string{"/", elections, election, leader, history, watch} {
		d.both(address, 406, Request{Path: path, Params: named("led"), Header: accept("image/png")})
	}
	d.both(address, 503, Request{Path: leader, Params: named("led"), Query: "is=b"})
	d.both(address, 503, Request{Path: standby, Params: named("led"), Query: "is=a"})
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"} {
		for _, row := range []struct {
			params map[string]string
			status int
		}{
			{withPath("led", "some/where"), 307}, {withPath("led", ""), 307}, {withPath("led", ".."), 400}, {withPath("never", "x"), 404},
			{withPath("vacant", "x"), 503}, {withPath("homeless", "x"), 503},
		} {
			d.send(address, Request{Method: method, Path: redirect, Params: row.params, Query: "q=1", Body: "not read"}, row.status)
		}
	}
}

func lastID(e Exchange) (id string) {
	events, _ := Events(e.Body)
	for _, event := range events {
		if event.ID != "" {
			id = event.ID
		}
	}
	return id
}

// etcdGoes tells what is said when etcd falls silent, goes away and comes back with older data.
func (d *driver) etcdGoes(c *controller.Controller) {
	snapshot := d.etcd.SaveSnapshot()
	d.join("lost", "a", "", "")
	d.until(c.Address, Request{Path: leader, Params: named("lost")}, "the new election is there", func(e Exchange) bool { return e.Status == 200 })
	one := Open(d.t, c.Address, Request{Method: "GET", Path: leader, Params: named("led"), Header: accept("text/event-stream")})
	many := Open(d.t, c.Address, Request{Method: "GET", Path: watch})
	d.keep(many.Until("sync"))
	d.etcd.Stop(d.etcd.Members()[0])
	d.keep(one.Until("freshness"))
	d.keep(many.Until("freshness"))
	d.both(c.Address, 503, Request{Path: leader, Params: named("led"), Query: "consistency=linearizable"})
	d.both(c.Address, 200, Request{Path: leader, Params: named("led")})
	d.etcd.Cont(d.etcd.Members()[0])
	d.etcd.RestoreSnapshot(snapshot)
	invalid := func(e Exchange) bool { return strings.Contains(string(e.Body), `"tokensInvalid":true`) }
	d.until(c.Address, Request{Path: elections}, "tokens are invalid", invalid)
	d.until(c.Address, Request{Path: election, Params: named("led")}, "tokens are invalid", invalid)
	d.until(c.Address, Request{Path: leader, Params: named("led")}, "tokens are invalid", invalid)
	d.until(c.Address, Request{Path: history, Params: named("led")}, "tokens are invalid", invalid)
	unknown := Open(d.t, c.Address, Request{Method: "GET", Path: leader, Params: named("never"), Header: accept("text/event-stream")})
	d.keep(unknown.Until("unknown"))
	// What comes after a restore says so too, once it is fresh.
	d.until(c.Address, Request{Path: elections}, "it is fresh again", func(e Exchange) bool { return strings.Contains(string(e.Body), `"stale":false`) })
	changed := Open(d.t, c.Address, Request{Method: "GET", Path: watch})
	d.keep(changed.Until("sync"))
	d.etcd.Stop(d.etcd.Members()[0])
	d.keep(changed.Until("freshness"))
	d.etcd.Cont(d.etcd.Members()[0])
}

// aPrefixGoes: an election of an explicit prefix that is configured no more is removed, and a stream hears of it.
func (d *driver) aPrefixGoes(c *controller.Controller) {
	d.put("/TEST/LOCKER/1", "somebody")
	c.Reload(d.config("  prefixes: [{election: test/foreign, prefix: /TEST/LOCKER}]\n" + limits))
	d.until(c.Address, Request{Path: leader, Params: named("foreign")}, "the foreign election is there", func(e Exchange) bool { return e.Status == 200 })
	stream := Open(d.t, c.Address, Request{Method: "GET", Path: watch})
	stream.Until("sync")
	c.Reload(d.config(limits))
	d.until(c.Address, Request{Path: leader, Params: named("foreign")}, "it is gone", func(e Exchange) bool { return e.Status == 404 })
	d.put(root+"/test/led/nudge", "") // the next change in etcd
	d.keep(stream.Until("unknown"))
	resumed := Open(d.t, c.Address, Request{Method: "GET", Path: watch, Header: http.Header{"Last-Event-Id": {lastID(stream.exchange)}}})
	d.keep(resumed.Until("sync"))
}

const limits = "http: {limits: {answerTimeout: 1s}}"

func (d *driver) drive() (document []byte, calls []string) {
	c := controller.Start(d.t, d.config(limits))
	c.WaitReady()
	document = Send(d.t, c.Address, Request{Method: "GET", Path: "/openapi.yaml"}).Body

	d.join("led", "a", "http://127.0.0.1:1/base", "v")
	d.until(c.Address, Request{Path: leader, Params: named("led")}, "somebody leads", func(e Exchange) bool { return e.Status == 200 })
	d.both(c.Address, 200, Request{Path: "/", Header: accept("application/json")}) // the sidecar's answer

	d.join("led", "b", "", "")
	d.join("homeless", "a", "", "")
	d.put(root+"/test/bytes/\xff", "\xfe"+strings.Repeat("x", 20<<10)) // neither is UTF-8, and there is no lease
	d.put(root+"/test/bytes/text", strings.Repeat("x", 20<<10))
	d.join("vacant", "a", "", "")
	for i := range 300 {
		d.put(fmt.Sprintf("%s/test/long/%03d", root, i), strings.Repeat("x", 17<<10))
	}
	vacant := Request{Path: leader, Params: named("vacant")}
	d.until(c.Address, vacant, "it is led", func(e Exchange) bool { return e.Status == 200 })
	d.remove(root + "/test/vacant/")
	d.until(c.Address, vacant, "it is vacant", func(e Exchange) bool { return strings.Contains(string(e.Body), `"leader":null`) })

	d.until(c.Address, Request{Path: history, Params: named("vacant")}, "how long it was led is told", func(e Exchange) bool {
		return regexp.MustCompile(`"ledForMs":\d`).Match(e.Body)
	})

	var listed struct{ Calls []struct{ Call string } }
	if err := json.Unmarshal(d.both(c.Address, 200, Request{Path: "/", Header: accept("application/json")}).Body, &listed); err != nil {
		d.t.Fatal(err)
	}
	for _, call := range listed.Calls {
		calls = append(calls, call.Call)
	}
	d.anyCall(c.Address, document)
	d.noCall(c.Address)
	d.whatIs(c.Address)
	d.whatIsNot(c.Address)
	d.beyondTheLimit(document)
	d.notLoaded()
	d.aPrefixGoes(c)
	d.etcdGoes(c)
	return document, calls
}

func TestTheControllerDoesWhatItsDocumentSays(t *testing.T) {
	versions := cluster.Versions()
	d := &driver{t: t, etcd: cluster.New(t, cluster.Options{Version: versions[len(versions)-1]})}
	document, calls := d.drive()
	doc, err := Load(document)
	if err != nil {
		t.Fatal(err)
	}
	complaints := Judge(doc, d.exchanges, calls)
	for _, complaint := range complaints {
		t.Error(complaint)
	}
	t.Logf("%d exchanges", len(d.exchanges))
	if len(complaints) == 0 {
		testMutants(t, document, d.exchanges, calls)
	}
}
