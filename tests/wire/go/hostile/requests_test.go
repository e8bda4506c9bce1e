package hostile

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"testing"
)

const (
	host = "Host: x\r\n"
	get  = "GET " + leaderPath + " HTTP/1.1\r\n" + host
	end  = "\r\n"
)

func withTarget(target string) string { return "GET " + target + " HTTP/1.1\r\n" + host + end }

// Malformed requests, and what is to be said. None is passed over in silence.
var malformed = []struct {
	name, bytes, problem string
	status               int
}{
	// --- the request line
	{"no request line", "\r\n\r\n\r\n" + end, "", 0},
	{"one word", "GET\r\n" + host + end, "malformed-request", 400},
	{"no version", "GET /\r\n" + host + end, "malformed-request", 400},
	{"a space before", " GET / HTTP/1.1\r\n" + host + end, "malformed-request", 400},
	{"two spaces", "GET  / HTTP/1.1\r\n" + host + end, "malformed-request", 400},
	{"a space behind", "GET / HTTP/1.1 \r\n" + host + end, "bad-version", 505},
	{"a tab for a space", "GET\t/ HTTP/1.1\r\n" + host + end, "malformed-request", 400},
	{"a space in the target", "GET /a b HTTP/1.1\r\n" + host + end, "bad-version", 505},
	{"a bare LF", "GET / HTTP/1.1\n" + host + end, "bad-version", 505},
	{"a bare CR", "GET / HTTP/1.1\r" + host + end, "bad-version", 505},
	{"a NUL in the target", "GET /\x00 HTTP/1.1\r\n" + host + end, "malformed-request", 400},
	{"a control character in the target", "GET /\x01 HTTP/1.1\r\n" + host + end, "malformed-request", 400},
	{"DEL in the target", "GET /\x7f HTTP/1.1\r\n" + host + end, "malformed-request", 400},
	{"a byte beyond ASCII in the target", "GET /\xff HTTP/1.1\r\n" + host + end, "malformed-request", 400},
	{"a quotation mark in the method", "\"GET\" / HTTP/1.1\r\n" + host + end, "malformed-request", 400},
	{"a NUL in the method", "G\x00T / HTTP/1.1\r\n" + host + end, "malformed-request", 400},
	{"an unknown method", "BREW / HTTP/1.1\r\n" + host + end, "unknown-method", 501},
	{"a method in lower case", "get / HTTP/1.1\r\n" + host + end, "unknown-method", 501},
	{"a long method", strings.Repeat("A", 3000) + " / HTTP/1.1\r\n" + host + end, "unknown-method", 501},
	{"CONNECT", "CONNECT x:1 HTTP/1.1\r\n" + host + end, "malformed-request", 400},
	{"TRACE", "TRACE / HTTP/1.1\r\n" + host + end, "method-not-allowed", 405},
	{"HTTP/0.9", "GET /\r\n\r\n", "malformed-request", 400},
	{"HTTP/1.2", "GET / HTTP/1.2\r\n" + host + end, "bad-version", 505},
	{"HTTP/2.0", "GET / HTTP/2.0\r\n" + host + end, "bad-version", 505},
	{"HTTP/11.1", "GET / HTTP/11.1\r\n" + host + end, "bad-version", 505},
	{"HTTP/1.10", "GET / HTTP/1.10\r\n" + host + end, "bad-version", 505},
	{"http/1.1", "GET / http/1.1\r\n" + host + end, "bad-version", 505},
	{"HTTPS/1.1", "GET / HTTPS/1.1\r\n" + host + end, "bad-version", 505},
	{"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "bad-version", 505},
	{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\xaa", 500) + "\r\n\r\n", "malformed-request", 400},
	{"SSH", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "malformed-request", 400},
	{"noise", strings.Repeat("\xf0\x9f\x91\xbb\x00", 200) + "\r\n\r\n", "malformed-request", 400},
	{"a target without a slash", withTarget("x"), "malformed-request", 400},
	{"a star", withTarget("*"), "malformed-request", 400},
	{"a fragment", withTarget("/#x"), "malformed-request", 400},
	{"another scheme", withTarget("ftp://x/"), "malformed-request", 400},
	{"absolute form of another host", withTarget("http://elsewhere/livez"), "", 200}, // goes on: RFC 9112 section 3.2.2
	// --- Host
	{"no Host", "GET / HTTP/1.1\r\n" + end, "malformed-request", 400},
	{"two Hosts", get + host + end, "malformed-request", 400},
	{"two Hosts that differ", get + "Host: y\r\n" + end, "malformed-request", 400},
	{"absolute form without Host", "GET http://x/livez HTTP/1.1\r\n" + end, "malformed-request", 400},
	// --- fields
	{"a space before the colon", get + "Accept : */*\r\n" + end, "malformed-request", 400},
	{"a field without a name", get + ": x\r\n" + end, "malformed-request", 400},
	{"a field without a colon", get + "Accept\r\n" + end, "malformed-request", 400},
	{"a space before the first field", "GET / HTTP/1.1\r\n " + host + end, "malformed-request", 400},
	{"a NUL in a name", get + "Acc\x00ept: x\r\n" + end, "malformed-request", 400},
	{"a NUL in a value", get + "Accept: \x00\r\n" + end, "malformed-request", 400},
	{"a control character in a value", get + "Accept: \x08\r\n" + end, "malformed-request", 400},
	{"a bare CR in a value", get + "Accept: a\rb\r\n" + end, "malformed-request", 400},
	{"a bare LF between fields", get + "Accept: a\nX: b\r\n" + end, "malformed-request", 400},
	{"only bare LF", "GET / HTTP/1.1\nHost: x\n\n" + end + end, "bad-version", 505},
	{"brackets in a name", get + "Acc(ept): x\r\n" + end, "malformed-request", 400},
	{"a byte beyond ASCII in a name", get + "Acc\xe9pt: x\r\n" + end, "malformed-request", 400},
	{"an obsolete fold", get + "Accept: a,\r\n b\r\n" + end, "malformed-request", 400},
	{"an obsolete fold of the encoding", get + "Transfer-Encoding:\r\n chunked\r\n" + end + "0\r\n\r\n", "malformed-request", 400},
	// --- where a body ends
	{"two lengths that differ", get + "Content-Length: 1\r\nContent-Length: 2\r\n" + end + "xx", "malformed-request", 400},
	{"two lengths that are the same", get + "Content-Length: 1\r\nContent-Length: 1\r\n" + end + "x", "malformed-request", 400},
	{"lengths with a comma", get + "Content-Length: 1, 1\r\n" + end + "x", "malformed-request", 400},
	{"a length with a plus", get + "Content-Length: +1\r\n" + end + "x", "malformed-request", 400},
	{"a negative length", get + "Content-Length: -1\r\n" + end, "malformed-request", 400},
	{"a length in hexadecimal", get + "Content-Length: 0x1\r\n" + end + "x", "malformed-request", 400},
	{"a length with a letter", get + "Content-Length: 1x\r\n" + end + "x", "malformed-request", 400},
	{"a length with a space", get + "Content-Length: 1 1\r\n" + end + "x", "malformed-request", 400},
	{"an empty length", get + "Content-Length: \r\n" + end, "malformed-request", 400},
	{"a length beyond 64 bits", get + "Content-Length: 18446744073709551617\r\n" + end + "x", "malformed-request", 400},
	{"a length that is large", get + "Content-Length: 18446744073709551615\r\n" + end + "x", "body-too-large", 413},
	{"a length and an encoding", get + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" + end + "0\r\n\r\n", "malformed-request", 400},
	{"an encoding and a length", get + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" + end + "0\r\n\r\n", "malformed-request", 400},
	{"an encoding of HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n" + end + "0\r\n\r\n", "malformed-request", 400},
	{"the encoding identity", get + "Transfer-Encoding: identity\r\n" + end, "malformed-request", 400},
	{"the encoding gzip, chunked", get + "Transfer-Encoding: gzip, chunked\r\n" + end + "0\r\n\r\n", "malformed-request", 400},
	{"the encoding twice", get + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" + end + "0\r\n\r\n", "malformed-request", 400},
	{"the encoding twice, once another", get + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n" + end + "0\r\n\r\n", "malformed-request", 400},
	{"the encoding with a vertical tab", get + "Transfer-Encoding: \x0bchunked\r\n" + end + "0\r\n\r\n", "malformed-request", 400},
	{"the encoding xchunked", get + "Transfer-Encoding: xchunked\r\n" + end + "0\r\n\r\n", "malformed-request", 400},
	{"a chunk without a size", get + "Transfer-Encoding: chunked\r\n" + end + "\r\nx\r\n0\r\n\r\n", "malformed-request", 400},
	{"a chunk of a negative size", get + "Transfer-Encoding: chunked\r\n" + end + "-1\r\nx\r\n0\r\n\r\n", "malformed-request", 400},
	{"a chunk with 0x", get + "Transfer-Encoding: chunked\r\n" + end + "0x1\r\nx\r\n0\r\n\r\n", "malformed-request", 400},
	{"a chunk beyond 64 bits", get + "Transfer-Encoding: chunked\r\n" + end + "fffffffffffffffff\r\nx\r\n", "malformed-request", 400},
	{"a chunk that is large", get + "Transfer-Encoding: chunked\r\n" + end + "fffffff\r\nx\r\n", "body-too-large", 413},
	{"a chunk longer than its size", get + "Transfer-Encoding: chunked\r\n" + end + "1\r\nxx\r\n0\r\n\r\n", "malformed-request", 400},
	{"a chunk that ends with LF", get + "Transfer-Encoding: chunked\r\n" + end + "1\nx\r\n0\r\n\r\n", "malformed-request", 400},
	{"chunks beyond the limit", get + "Transfer-Encoding: chunked\r\n" + end + strings.Repeat("1000\r\n"+strings.Repeat("x", 4096)+"\r\n", 6), "body-too-large", 413},
	{"a chunk extension without end", get + "Transfer-Encoding: chunked\r\n" + end + "1;" + strings.Repeat("x", 1<<20), "malformed-request", 400},
	{"a trailer without end", get + "Transfer-Encoding: chunked\r\n" + end + "0\r\n" + strings.Repeat("X: y\r\n", 1<<17), "malformed-request", 400},
	// --- sizes
	{"a header beyond 8 KiB", get + "X: " + strings.Repeat("x", 9000) + "\r\n" + end, "header-too-large", 431},
	{"a header of 2,000 fields", get + strings.Repeat("X: y\r\n", 2000) + end, "header-too-large", 431},
	{"a header without end", get + strings.Repeat("X: y\r\n", 1<<17), "header-too-large", 431},
	{"a target beyond 4 KiB", withTarget("/" + strings.Repeat("x", 5000)), "target-too-long", 414},
	{"a target without end", "GET /" + strings.Repeat("x", 1<<20), "target-too-long", 414},
	{"a body beyond 16 KiB", get + fmt.Sprintf("Content-Length: %d\r\n", 17<<10) + end + strings.Repeat("x", 17<<10), "body-too-large", 413},
}

// Whose end is known beyond doubt, so that the connection is kept: what is wrong with them is not how they are framed.
var wellFramed = map[string]bool{
	"an unknown method": true, "a method in lower case": true, "a long method": true, "CONNECT": true, "TRACE": true,
	"a target without a slash": true, "a star": true, "a fragment": true, "another scheme": true,
	"a byte beyond ASCII in the target": true,
}

func TestMalformedRequestsAreRefused(t *testing.T) {
	s := newStage(t, "")
	w := s.watchOver()
	for _, row := range malformed {
		t.Run(row.name, func(t *testing.T) {
			bytes, want := row.bytes, row.status
			if want == 0 { // nothing to answer: what comes behind it is
				bytes, want = bytes+get+end, 200
			}
			a := s.raw(bytes)
			if a.status != want || a.problem != row.problem {
				t.Errorf("answered %d %q, not %d %q", a.status, a.problem, want, row.problem)
			}
			if a.closed == (wellFramed[row.name] || row.problem == "") {
				t.Errorf("that the connection is closed is %v", a.closed)
			}
		})
	}
	w.over()
	s.bounded(100 * mebibyte)
}

// What follows a refused request must not be answered: it may be a part of its body, or a proxy before us may take it for one.
func TestNothingIsSmuggledBehindARefusal(t *testing.T) {
	s := newStage(t, "")
	for _, row := range malformed {
		if wellFramed[row.name] || row.problem == "" {
			continue
		}
		conn := s.dial()
		go func() { _, _ = io.WriteString(conn, row.bytes+withTarget("/livez")) }()
		reader := bufio.NewReader(conn)
		first := s.read(reader)
		if second := s.read(reader); second.status != 0 {
			t.Errorf("%s: after %d came %d", row.name, first.status, second.status)
		}
		conn.Close()
	}
}

// A connection that has been used for HEAD says the whole problem of what comes then.
func TestARefusalAfterHeadHasItsBody(t *testing.T) {
	s := newStage(t, "")
	conn := s.dial()
	fmt.Fprintf(conn, "HEAD /livez HTTP/1.1\r\n%s\r\nGET / HTTP/1.1\r\nX: %s\r\n\r\n", host, strings.Repeat("x", 9000))
	text, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "HTTP/1.1 431 ") || !strings.Contains(string(text), "header-too-large") {
		t.Errorf("%s", text)
	}
}
