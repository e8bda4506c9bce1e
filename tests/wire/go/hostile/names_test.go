package hostile

import (
	"strings"
	"testing"
)

// Names and paths that lead anywhere else, and what is said of them: never an election, never a line of the header that the
// client chose, never a place outside of the leader's address.
var absurd = []struct {
	target, problem string
	status          int
}{
	// --- names
	{"/v1/elections/" + strings.Repeat("a", 64) + "/x", "invalid-name", 400},
	{"/v1/elections/x/" + strings.Repeat("a", 64), "invalid-name", 400},
	{"/v1/elections/x/" + strings.Repeat("a", 63), "unknown-election", 404},
	{"/v1/elections/" + strings.Repeat("a", 3000) + "/x/leader", "invalid-name", 400},
	{"/v1/elections/./x/leader", "invalid-name", 400},
	{"/v1/elections/../x/leader", "invalid-name", 400},
	{"/v1/elections/test/../leader", "invalid-name", 400},
	{"/v1/elections/test/led/../led", "no-such-call", 404},
	{"/v1/../v1/elections", "no-such-call", 404},
	{"/v1/elections/test%2fled/x", "invalid-name", 400},
	{"/v1/elections/test%2Fled/leader", "invalid-name", 400},
	{"/v1/elections/%2e%2e/%2e%2e", "invalid-name", 400},
	{"/v1/elections/%2e%2e%2f/led", "invalid-name", 400},
	{"/v1/elections/.control/x", "invalid-name", 400},
	{"/v1/elections/TEST/led/leader", "invalid-name", 400},
	{"/v1/elections/-/-", "invalid-name", 400},
	{"/v1/elections/test/led%20/leader", "invalid-name", 400},
	{"/v1/elections/%c3%a4/x", "invalid-name", 400},
	{"/v1/elections/%ff%fe/x", "invalid-name", 400},
	{"/v1/elections/%c0%af/x", "invalid-name", 400}, // an overlong slash
	{"/v1/elections/%ed%a0%80/x", "invalid-name", 400},
	{"/v1/elections//led", "no-such-call", 404},
	{"/v1/elections/test//leader", "no-such-call", 404},
	{"/v1/elections/test/led/", "no-such-call", 404},
	{"/v1/elections/test/led/leader/", "no-such-call", 404},
	{"//v1/elections", "no-such-call", 404},
	{"/v1/elections;x=y", "no-such-call", 404},
	{"/v1/elections\\..", "no-such-call", 404},
	{"/V1/ELECTIONS", "no-such-call", 404},
	{"/" + strings.Repeat("/", 4000), "no-such-call", 404},
	{"/" + strings.Repeat("../", 1000) + "etc/passwd", "no-such-call", 404},
	{"/etc/passwd", "no-such-call", 404},
	{"/openapi.yaml/..", "no-such-call", 404},
	// --- percent-encoding
	{"/v1/elections/%", "malformed-request", 400},
	{"/v1/elections/%4", "malformed-request", 400},
	{"/v1/elections/%zz/x", "malformed-request", 400},
	{"/v1/elections/%00/x", "malformed-request", 400},
	{"/v1/elections/test%00/led", "malformed-request", 400},
	{"/v1/elections/a%0d%0aX-Injected:%201/x", "malformed-request", 400},
	{"/v1/elections/%7f/x", "malformed-request", 400},
	{"/v1/elections/%25%32%65/x", "invalid-name", 400}, // "%2e", which is decoded once only
	{"/%76%31/elections", "", 200},                     // "v1", which may be encoded
	// --- queries
	{"/v1/elections?limit=%", "malformed-request", 400},
	{"/v1/elections?limit=99999999999999999999", "invalid-parameter", 400},
	{"/v1/elections?limit=-1", "invalid-parameter", 400},
	{"/v1/elections?limit=1e3", "invalid-parameter", 400},
	{"/v1/elections?limit=", "invalid-parameter", 400},
	{"/v1/elections?limit=1&limit=1", "invalid-parameter", 400},
	{"/v1/elections?namespace=..", "invalid-parameter", 400},
	{"/v1/elections?continue=../../x", "invalid-parameter", 400},
	{"/v1/elections?continue=AAAA", "invalid-parameter", 400},
	{"/v1/elections?%ff=1", "unknown-parameter", 400},
	{"/v1/elections?" + strings.Repeat("x&", 2000), "unknown-parameter", 400},
	{"/v1/elections?" + strings.Repeat("&", 4000), "", 200},
	{"/v1/elections?a=%0d%0aX-Injected:1", "malformed-request", 400},
	{leaderPath + "?index=99999999999999999999", "invalid-parameter", 400},
	{leaderPath + "?index=-1", "invalid-parameter", 400},
	{leaderPath + "?wait=99999999999999999999s&index=1", "invalid-parameter", 400},
	{leaderPath + "?wait=-1s", "invalid-parameter", 400},
	{leaderPath + "?consistency=%f0%28%8c%28", "invalid-parameter", 400},
	{leaderPath + "?is=%ff", "", 503},
	{leaderPath + "?is=" + strings.Repeat("x", 3000), "", 503},
	{"/v1/watch?index=1-99999999999999999999999", "invalid-parameter", 400},
	// --- redirects
	{"/v1/elections/test/led/redirect/..", "invalid-path", 400},
	{"/v1/elections/test/led/redirect/a/../../b", "invalid-path", 400},
	{"/v1/elections/test/led/redirect/%2e%2e%2f", "invalid-path", 400},
	{"/v1/elections/test/led/redirect/%2e%2e%5cb", "invalid-path", 400},
	{"/v1/elections/test/led/redirect/..%2fb", "invalid-path", 400},
	{"/v1/elections/test/led/redirect/..;/b", "invalid-path", 400},
	{"/v1/elections/test/led/redirect/..\\b", "invalid-path", 400},
	{"/v1/elections/test/led/redirect//evil.example/", "invalid-path", 400},
	{"/v1/elections/test/led/redirect/%2fevil.example", "invalid-path", 400},
	{"/v1/elections/test/led/redirect/%5cevil.example", "invalid-path", 400},
	{"/v1/elections/test/led/redirect/a%0d%0aX-Injected:%201", "malformed-request", 400},
	{"/v1/elections/test/led/redirect/a%0aX-Injected:%201", "malformed-request", 400},
	{"/v1/elections/test/led/redirect/a%00b", "malformed-request", 400},
	{"/v1/elections/test/led/redirect/a?x=%0d%0aX-Injected:1", "malformed-request", 400},
	{"/v1/elections/test/led/redirect/@evil.example", "", 307},
	{"/v1/elections/test/led/redirect/http://evil.example/", "", 307},
	{"/v1/elections/test/led/redirect/a%c3%a4b", "", 307},
	{"/v1/elections/test/led/redirect/" + strings.Repeat("a/", 1500), "", 307},
}

func TestAbsurdNamesAndPaths(t *testing.T) {
	s := newStage(t, "")
	w := s.watchOver()
	for _, row := range absurd {
		a := s.raw(withTarget(row.target))
		if a.status != row.status || a.problem != row.problem {
			t.Errorf("%.100s was answered %d %q, not %d %q", row.target, a.status, a.problem, row.status, row.problem)
		}
		if a.header.Get("X-Injected") != "" {
			t.Errorf("%.100s has put a line into the header", row.target)
		}
		location := a.header.Get("Location")
		if (a.status == 307) != strings.HasPrefix(location, "http://127.0.0.1:1/base/") {
			t.Errorf("%.100s leads to %q", row.target, location)
		}
	}
	w.over()
	s.bounded(100 * mebibyte)
}

// What candidates write of themselves ends up in headers, JSON, text, event streams and metrics. Nobody keeps them from writing.
func TestAbsurdCandidates(t *testing.T) {
	s := newStage(t, "")
	w := s.watchOver()
	values := []string{
		"", "\x00", "\xff\xfe", "a\r\nX-Injected: 1", "{", "[]", "null", `{"id":null}`, `{"id":1}`, `{"id":""}`, `{"id":"\u0000"}`,
		`{"id":"a\r\nX-Injected: 1","address":"http://x\r\nX-Injected: 1"}`, `{"id":"a","address":"javascript:alert(1)"}`,
		`{"id":"a","address":"http://x@evil.example"}`, `{"id":"a","address":"http://127.0.0.1:1/../.."}`, `{"id":"a","address":"//evil.example"}`,
		`{"id":"` + strings.Repeat("x", 100000) + `"}`, `{"id":"a","value":"\ud800"}`, `{"id":"a","id":"b"}`, `{"id":"a","value":{"x":1}}`,
		strings.Repeat("[", 15000), strings.Repeat(`{"a":`, 10000), `{"id":` + strings.Repeat("[", 15000), `{"id":"<script>alert(1)</script>"}`,
		`{"id":"\"} 1\nbellwether_up 0"}`, strings.Repeat("\xf0\x9f\x91\xbb", 10000), strings.Repeat("x", 1<<20),
	}
	for i, value := range values {
		name := string(rune('a'+i/26)) + string(rune('a'+i%26))
		s.put("/bellwether/elections/absurd/"+name+"/1", value)
	}
	for _, key := range []string{"\xff", "", "/", "//", "a/b/c", "..", "x\x00y", "x\r\ny", strings.Repeat("k", 100000), "\xe2\x80\xae"} {
		s.put("/bellwether/elections/absurd/keys/"+key, "v")
		s.put("/bellwether/elections/"+key, "v")
		s.put("/bellwether/elections/absurd/"+key, "v")
	}
	s.waitList("absurd", len(values)+2) // keys, and a of the key a/b/c
	for i := range values {
		election := "/v1/elections/absurd/" + string(rune('a'+i/26)) + string(rune('a'+i%26))
		for _, request := range []string{
			withTarget(election), withTarget(election + "/leader"), withTarget(election + "/leader?consistency=linearizable"),
			"GET " + election + "/leader HTTP/1.1\r\n" + host + "Accept: text/plain\r\n\r\n", withTarget(election + "/redirect/x"),
		} {
			a := s.raw(request)
			redirect := strings.Contains(request, "/redirect/")
			if (redirect && a.problem != "no-address") || (!redirect && a.status != 200) {
				t.Errorf("value %d (%.60q): %.80q was answered %d %q", i, values[i], request, a.status, a.problem)
			}
			if a.header.Get("X-Injected") != "" {
				t.Errorf("value %d (%.60q) has put a line into the header", i, values[i])
			}
		}
	}
	for _, target := range []string{"/v1/elections/absurd/keys", "/v1/elections", "/metrics"} {
		if a := s.raw(withTarget(target)); a.status != 200 {
			t.Errorf("%s is answered %d", target, a.status)
		}
	}
	if _, err := s.metric("bellwether_up"); err == nil {
		t.Error("a candidate has put a line into the metrics")
	}
	w.over()
	s.bounded(150 * mebibyte)
}
