package contract

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"bellwether.io/bellwether/tests/wire/go/cluster"
)

// Exchange is one request and its answer, as they were on the wire.
type Exchange struct {
	Method string
	Path   string // that of the document, "/v1/elections/{ns}/{name}"; empty = the request is for no call of it
	Target string // what was sent, path and query
	Header http.Header
	Params map[string]string // what stood at the {…}

	Status int
	Answer http.Header
	Body   []byte // of an event stream: whole events
}

func (e Exchange) String() string {
	return fmt.Sprintf("%s %.100s: %d", e.Method, e.Target, e.Status)
}

// Request of one exchange. The last two make it malformed on purpose.
type Request struct {
	Method, Path string
	Params       map[string]string
	Query        string
	Header       http.Header
	Body         string

	Version string // instead of HTTP/1.1
	NoHost  bool
}

func (r Request) target() string {
	target := r.Path
	for name, value := range r.Params {
		target = strings.ReplaceAll(target, "{"+name+"}", value)
	}
	if r.Query != "" {
		target += "?" + r.Query
	}
	return target
}

func (r Request) bytes() []byte {
	var b bytes.Buffer
	version := r.Version
	if version == "" {
		version = "HTTP/1.1"
	}
	fmt.Fprintf(&b, "%s %s %s\r\n", r.Method, r.target(), version)
	if !r.NoHost {
		b.WriteString("Host: bellwether\r\n")
	}
	_ = r.Header.Write(&b)
	if r.Body != "" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(r.Body))
	}
	fmt.Fprintf(&b, "\r\n%s", r.Body)
	return b.Bytes()
}

const patience = time.Minute

// Stream is an answer whose body comes bit by bit.
type Stream struct {
	t        cluster.T
	conn     net.Conn
	reader   *bufio.Reader
	body     io.ReadCloser
	exchange Exchange
}

// Open sends a request on a connection of its own and reads the head of the answer.
func Open(t cluster.T, address string, r Request) *Stream {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(patience))
	// An answer may come, and the connection end, before all is sent.
	go func() { _, _ = conn.Write(r.bytes()) }()
	answer, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: r.Method})
	if err != nil {
		t.Fatalf("%s %.200s: %v", r.Method, r.target(), err)
	}
	s := &Stream{t: t, conn: conn, body: answer.Body, reader: bufio.NewReader(answer.Body)}
	s.exchange = Exchange{Method: r.Method, Path: r.Path, Target: r.target(), Header: r.Header, Params: r.Params,
		Status: answer.StatusCode, Answer: answer.Header}
	t.Cleanup(func() { _ = conn.Close() })
	return s
}

// Send is a whole exchange.
func Send(t cluster.T, address string, r Request) Exchange {
	t.Helper()
	s := Open(t, address, r)
	defer s.conn.Close()
	isStream := strings.HasPrefix(s.exchange.Answer.Get("Content-Type"), "text/event-stream")
	if isStream && r.Method != http.MethodHead {
		s.Until("leader")
		return s.exchange
	}
	body, err := io.ReadAll(s.reader)
	if err != nil {
		t.Fatalf("%s: %v", s.exchange, err)
	}
	s.exchange.Body = body
	return s.exchange
}

// Until reads events until one of this name has come.
func (s *Stream) Until(event string) Exchange {
	s.t.Helper()
	for {
		line, err := s.reader.ReadBytes('\n')
		if err != nil {
			s.t.Fatalf("%s: no event %q: %v; so far:\n%s", s.exchange, event, err, s.exchange.Body)
		}
		s.exchange.Body = append(s.exchange.Body, line...)
		whole := string(line) == "\n"
		if events, _ := Events(s.exchange.Body); whole && slices.ContainsFunc(events, func(e Event) bool { return e.Name == event }) {
			_ = s.conn.SetDeadline(time.Now().Add(patience))
			return s.exchange
		}
	}
}

// Event of an event stream.
type Event struct{ Name, ID, Data string }

// Events of the HTML standard's text/event-stream, strictly: fields, a colon, one space, an empty line after each.
func Events(body []byte) ([]Event, error) {
	var events []Event
	for block := range strings.SplitSeq(strings.TrimSuffix(string(body), "\n\n"), "\n\n") {
		var event Event
		for line := range strings.SplitSeq(block, "\n") {
			name, value, _ := strings.Cut(line, ":")
			value = strings.TrimPrefix(value, " ")
			switch name {
			case "event":
				event.Name = value
			case "data":
				event.Data = value
			case "id":
				event.ID = value
			case "retry", "": // the latter is a comment
			default:
				return nil, fmt.Errorf("%q is no line of an event stream", line)
			}
		}
		if event.Name != "" {
			events = append(events, event)
		}
	}
	return events, nil
}

// httpRequest for a validator.
func (e Exchange) httpRequest() (*http.Request, error) {
	where, err := url.Parse("http://bellwether" + e.Target)
	if err != nil {
		return nil, err
	}
	return &http.Request{Method: e.Method, URL: where, Header: e.Header.Clone()}, nil
}
